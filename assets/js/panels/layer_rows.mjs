/** The rows of the list of hook points as elements: one for each point, one for each block. Knows names. */

import { nameOf } from "../core/hook_list.mjs";
import { el } from "../shell/dom.mjs";

/** What is no block's, in words.
 *  @type {Record<string, string>} */
const SINGLES = Object.freeze({ "final.ln_f": "final norm", "embed.resid0": "embedding" });

/** @typedef {import("../core/hook_list.mjs").Row} Row */

export class LayerRows {
  /** @type {Map<string, HTMLElement>} by block */
  #blocks = new Map();

  /** @param {readonly string[]} keys
   *  @param {boolean} isGrouped
   *  @param {{onSelect: (key: string) => void, onFold: (row: Row) => void}} does when one is pressed */
  constructor(keys, isGrouped, { onSelect, onFold }) {
    this.onFold = onFold;
    /** @type {Map<string, HTMLElement>} by hook point */
    this.points = new Map();
    for (const key of keys) {
      const { block, kind } = nameOf(key);
      const names = [el("span", { class: "mri-block", text: block }), el("span", { class: "mri-point", text: (isGrouped && SINGLES[key]) || kind })];
      const looks = { role: "option", id: `row-${key}`, class: "mri-row", "data-key": key, "aria-label": key, "aria-selected": "false" };
      this.points.set(key, el("li", { ...looks, on: { click: () => onSelect(key) } }, ...names));
    }
  }

  /** @param {Row} row
   *  @returns {HTMLElement} */
  of(row) {
    return row.block ? this.#block(row) : /** @type {HTMLElement} */ (this.points.get(row.key));
  }

  /** @param {Row} row
   *  @returns {HTMLElement} */
  #block(row) {
    const { block, isOpen } = row;
    const host = this.#blocks.get(block) ?? el("li", { role: "option", class: "mri-row is-block", "aria-selected": "false", "data-block": block });
    this.#blocks.set(block, host);
    host.onclick = () => this.onFold(row);
    host.setAttribute("aria-label", `${block}, ${isOpen ? "open" : "closed"}`);
    host.replaceChildren(el("span", { class: "mri-fold", "aria-hidden": "true", text: isOpen ? "▾" : "▸" }), el("span", { class: "mri-point", text: block }));
    return host;
  }
}
