/**
 * What the sections of Why are made of: cards, bars from zero, rows and cells that arrow keys walk.
 *
 * Knows elements and signs. Refuses to know frames and what is asked for.
 */

import { plain } from "../core/why_words.mjs";
import { el } from "../shell/dom.mjs";

/** @typedef {object} Shown what every section is drawn from
 *  @property {import("../core/why.mjs").Why} why
 *  @property {import("../core/wire.mjs").Frame} frame
 *  @property {import("./feeder.mjs").Source} source
 *  @property {string} session
 *  @property {number} selected part, −1: none
 *  @property {import("../run/whys.mjs").Word} lost what stands in the place of losses
 *  @property {import("../run/whys.mjs").Word} more what stands in the place of what is computed of tokens and neurons
 *  @property {(part: number) => void} onPart
 *  @property {(position: number) => void} onPosition
 *  @property {() => void} onChange something was opened */

const MOVES = /** @type {Record<string, [number, number]>} */ ({ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] });

/** @param {string} title
 *  @param {string} kind measured, derived or exact
 *  @param {string} note
 *  @param {...(Node|string)} body
 *  @returns {HTMLElement} */
export function card(title, kind, note, ...body) {
  const badge = el("span", { class: `mri-kind mri-kind-${kind === "measured" ? kind : "derived"}`, text: kind, title: note });
  return el("section", { class: "mri-panel", "aria-label": title }, el("header", { class: "mri-panel-head" }, el("h3", { text: title }), badge), ...body);
}

/** @param {number} amount
 *  @returns {"is-for"|"is-against"} */
export function sideOf(amount) {
  return amount < 0 ? "is-against" : "is-for";
}

/** What stands for a loss: the number, or why there is none yet.
 *  @param {number} lost NaN: not measured
 *  @param {boolean} isDim
 *  @param {boolean} isExpected it will come
 *  @returns {HTMLElement} */
export function lossOf(lost, isDim, isExpected) {
  if (Number.isNaN(lost)) return el("span", { class: "is-awaited", text: isExpected ? "…" : "" });
  return el("span", { class: isDim ? "is-dim" : sideOf(lost), text: plain(lost) });
}

/** A bar from one amount to another on a scale.
 *  @param {number} from
 *  @param {number} to
 *  @param {{low: number, high: number}} scale
 *  @param {string} [classes]
 *  @returns {HTMLElement} */
export function bar(from, to, { low, high }, classes = sideOf(to - from)) {
  const at = (/** @type {number} */ x) => (100 * (x - low)) / (high - low);
  const [left, right] = [at(Math.min(from, to)), at(Math.max(from, to))];
  const style = `left:${left.toFixed(2)}%;width:${Math.max(0.6, right - left).toFixed(2)}%`;
  return el("span", { class: "mri-why-bar", "aria-hidden": "true" }, el("i", { class: classes, style }));
}

/** One of these has the tab stop, and arrow keys go from one to the next.
 *  @param {HTMLElement} host
 *  @param {number} columns of what it holds, in reading order
 *  @param {number} at which one is reached by Tab */
export function walkable(host, columns, at) {
  const all = /** @type {HTMLElement[]} */ ([...host.querySelectorAll("button")]);
  all.forEach((each, i) => (each.tabIndex = i === Math.max(0, at) ? 0 : -1));
  host.onkeydown = (event) => {
    const [down, right] = MOVES[event.key] ?? [0, 0];
    const now = all.indexOf(/** @type {any} */ (document.activeElement));
    const to = now + down * columns + right;
    if ((!down && !right) || now < 0) return;
    event.preventDefault();
    event.stopPropagation(); // the clock's and the layers' are the same keys
    if (to < 0 || to >= all.length || (right && Math.floor(to / columns) !== Math.floor(now / columns))) return;
    for (const each of all) each.tabIndex = each === all[to] ? 0 : -1;
    all[to].focus();
  };
}
