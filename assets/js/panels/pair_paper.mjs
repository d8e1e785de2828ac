/**
 * The words of both and their map on paper: as many columns in a line as it has room for, line under line.
 *
 * Knows what stands on the screen. That the one hides the other, the style sheet says.
 */

import { el } from "../shell/dom.mjs";

/** Of a landscape page (css/print.css), and so many beside the names of the rows. */
const [CELL_PX, MOST_COLUMNS] = [52, 23];

/** @param {number} numColumns
 *  @returns {[number, number][]} first column of each line, and the one behind its last */
export function linesOf(numColumns) {
  const count = Math.ceil(numColumns / MOST_COLUMNS);
  return Array.from({ length: count }, (_, i) => [i * MOST_COLUMNS, Math.min(numColumns, (i + 1) * MOST_COLUMNS)]);
}

export class PairPaper {
  #abort = new AbortController();

  /** @param {import("./pair_words.mjs").PairWords} words
   *  @param {import("./pair_map.mjs").PairMap} map */
  constructor(words, map) {
    this.host = el("div", { class: "compare-paper" });
    words.host.after(this.host);
    const { signal } = this.#abort;
    addEventListener("beforeprint", () => this.host.replaceChildren(...linesOf(words.columns.length).map((line) => lineOf(line, words, map))), { signal });
    addEventListener("afterprint", () => this.host.replaceChildren(), { signal });
  }

  close() {
    this.#abort.abort();
    this.host.remove();
  }
}

/** @param {[number, number]} line
 *  @param {import("./pair_words.mjs").PairWords} words
 *  @param {import("./pair_map.mjs").PairMap} map
 *  @returns {HTMLElement} */
function lineOf([first, last], { host, names, list }, map) {
  const columns = el("ol", { class: list.className }, ...[...list.children].slice(first, last).map((item) => item.cloneNode(true)));
  const inner = el("div", { class: "compare-inner", style: `--cell:${CELL_PX}px` }, columns, map.sheet(first, last, CELL_PX));
  return el("div", { class: "compare-words-host", style: host.style.cssText }, names.cloneNode(true), inner);
}
