/**
 * The heads of the selected block: one button each with its entropy and strongest key, and one for all of them.
 *
 * Fills a host that the page brings late. Knows frames and the DOM; the charts are mri/panels/heads.py's and its neighbours'.
 */

import { headOf } from "../core/heads.mjs";
import { IDS } from "../core/names.mjs";
import { positionNames } from "../core/token_names.mjs";
import { button, el } from "../shell/dom.mjs";

/** @param {import("../core/wire.mjs").Frame} frame
 *  @param {import("./feeder.mjs").Source} source
 *  @param {Record<string, any>} view
 *  @param {(fields: Record<string, any>) => void} onSelect */
export function drawHeads(frame, { layout, tokens }, { layer, head: selected, overlay }, onSelect) {
  const host = document.getElementById(IDS.heads);
  if (!host || !layout.n_head) return;
  if (host.childElementCount !== layout.n_head + 1) build(host, layout.n_head, onSelect);
  const [all, ...buttons] = /** @type {HTMLElement[]} */ ([...host.children]);
  all.setAttribute("aria-pressed", String(overlay));
  buttons.forEach((button, head) => {
    const { entropy, key, weight } = headOf(frame, layout, layer, head);
    const isKnown = !Number.isNaN(entropy);
    const [bits, strongest] = /** @type {HTMLElement[]} */ ([...button.querySelectorAll("span")]);
    bits.textContent = isKnown ? `${entropy.toFixed(2)} bits` : "not captured";
    strongest.textContent = isKnown ? `${weight.toFixed(2)} on ${positionNames(tokens)[key]}` : "";
    button.title = isKnown
      ? `Entropy ${entropy.toFixed(3)} bits; strongest key: position ${key}, weight ${weight.toPrecision(4)}`
      : "This block was left out of the step";
    button.setAttribute("aria-pressed", String(head === selected && !overlay));
    button.classList.toggle("is-selected", head === selected);
  });
}

/** @param {HTMLElement} host
 *  @param {number} numHeads
 *  @param {(fields: Record<string, any>) => void} onSelect */
function build(host, numHeads, onSelect) {
  host.setAttribute("role", "group");
  host.setAttribute("aria-label", "Heads of the block");
  const choice = (/** @type {string} */ text, /** @type {Record<string, any>} */ fields, /** @type {string|null} */ title = null) =>
    button(() => onSelect(fields), { class: null, title }, el("b", { text }), el("span"), el("span"));
  const all = choice("all", { overlay: 1 }, "All heads over each other");
  host.replaceChildren(all, ...Array.from({ length: numHeads }, (_, head) => choice(`head ${head}`, { head, overlay: null })));
}
