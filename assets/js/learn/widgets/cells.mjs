/**
 * What the widgets on words and attention are built of: rows of coloured cells, bars, tokens, titled parts.
 *
 * Knows the DOM and the colour scales. Refuses to know what is shown.
 */

import { colourMap } from "../../core/colour.mjs";
import { formatValue } from "../../core/format.mjs";
import { untilAnswered } from "../../run/again.mjs";
import { fetchScales } from "../../run/http.mjs";
import { button, el } from "../../shell/dom.mjs";

/** @type {Promise<Record<string, any>>|null} the colour scales, fetched once */
let scales = null;
const quiet = () => {};

/** @param {string} name of a scale
 *  @returns {Promise<(t: number) => string>} position 0…1 -> CSS colour */
export async function paintOf(name) {
  scales ??= untilAnswered(() => fetchScales(), new AbortController().signal, quiet);
  const colour = colourMap((await scales)[name]);
  return (t) => `rgb(${colour(t).join(" ")})`;
}

/** Blue and red around dark, one cell a value; each answers a hover with its place and value.
 *  @param {string} label what it is, for a screen reader
 *  @returns {{node: HTMLElement, show: (values: readonly number[], limit?: number) => void}} */
export function cellRow(label) {
  const node = el("div", { class: "lw-cells", role: "img", "aria-label": label });
  /** @type {HTMLElement[]} */
  let cells = [];
  return {
    node,
    show(values, limit = Math.max(...values.map(Math.abs)) || 1) {
      if (cells.length !== values.length) {
        cells = values.map(() => el("i"));
        node.replaceChildren(...cells);
      }
      const strongest = values.reduce((best, value, i) => (Math.abs(value) > Math.abs(values[best]) ? i : best), 0);
      node.setAttribute("aria-label", `${label}: ${values.length}, [${strongest}] = ${formatValue(values[strongest])}`);
      paintOf("signed").then((colour) =>
        values.forEach((value, i) => {
          cells[i].style.background = colour(0.5 + Math.max(-0.5, Math.min(0.5, value / limit / 2)));
          cells[i].title = `[${i}] ${formatValue(value)}`;
        }),
      );
    },
  };
}

/** A bar from the left edge.
 *  @param {number} share 0…1
 *  @param {string} [kind] class
 *  @returns {HTMLElement} */
export function bar(share, kind = "") {
  const width = 100 * Math.max(0, Math.min(1, share));
  return el("span", { class: "lw-bar", "aria-hidden": "true" }, el("span", { class: `lw-bar-fill ${kind}`, style: `width: ${width}%` }));
}

/** A bar to the left or right of the middle.
 *  @param {number} share -1…1
 *  @returns {HTMLElement} */
export function signedBar(share) {
  const width = 50 * Math.min(1, Math.abs(share));
  const style = `width: ${width}%; margin-left: ${share < 0 ? 50 - width : 50}%`;
  const fill = el("span", { class: `lw-bar-fill ${share < 0 ? "is-negative" : "is-positive"}`, style });
  return el("span", { class: "lw-bar is-signed", "aria-hidden": "true" }, fill);
}

/** A token as people read it: a blank is shown as ·
 *  @param {string} text */
export function shownToken(text) {
  return text.replaceAll(" ", "·");
}

/** Tokens to choose one from.
 *  @param {string} label
 *  @param {readonly string[]} tokens
 *  @param {(index: number) => void} onChoose
 *  @returns {{node: HTMLElement, choose: (index: number) => void}} `choose` only shows the choice */
export function tokenChoice(label, tokens, onChoose) {
  const buttons = tokens.map((token, i) => button(() => onChoose(i), { class: "lw-token", text: shownToken(token) }));
  const node = el("div", { class: "lw-tokens", role: "group", "aria-label": label }, el("span", { class: "lw-label", text: label }), ...buttons);
  return { node, choose: (index) => buttons.forEach((each, i) => each.setAttribute("aria-pressed", String(i === index))) };
}

/** A titled part of a widget that the text can point at.
 *  @param {string} name of the part
 *  @param {string} title "" for none
 *  @param {...(Node|string)} children
 *  @returns {HTMLElement} */
export function part(name, title, ...children) {
  return el("section", { class: "lw-part", "data-part": name, "aria-label": title || null }, ...(title ? [el("h3", { text: title })] : []), ...children);
}

/** What may be wider than the page, as a place of its own that keys scroll.
 *  @param {string} label
 *  @param {HTMLElement} content */
export function scrolling(label, content) {
  return el("div", { class: "lw-scroll", tabindex: 0, role: "region", "aria-label": label }, content);
}
