/**
 * The tokens of both, A over B, a column for each pair that stands for each other; where they differ lies under it in the same columns.
 *
 * Knows tokens and the alignment. Refuses to know frames and numbers: the map (pair_map.mjs) paints those.
 */

import { columnsOf } from "../core/moments.mjs";
import { button, el } from "../shell/dom.mjs";
import { positionNames, tokenName } from "../core/token_names.mjs";
import { readable } from "./ribbon.mjs";

const SIDES = /** @type {const} */ (["a", "b"]);
const LEAST_PX = 46;
const MOST_PX = 84;

export class PairWords {
  /** @type {import("../core/moments.mjs").Column[]} */
  columns = [];
  cellPx = LEAST_PX;
  #current = [-1, -1]; // position of each that is read last
  /** @type {HTMLElement[]} */
  #items = [];
  /** @type {HTMLElement[][]} button of each position, of A and of B */
  #buttons = [[], []];

  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {readonly import("../run/run.mjs").Run[]} context.runs A and B
   *  @param {(side: "a"|"b", step: number) => void} context.onSeek
   *  @param {() => void} context.onResize the columns have another width */
  constructor(host, { runs, onSeek, onResize }) {
    this.host = host;
    this.runs = runs;
    this.onSeek = onSeek;
    this.list = el("ol", { class: "mri-tokens compare-columns", "aria-label": "Tokens of A and B; left and right step through them" });
    this.inner = el("div", { class: "compare-inner" }, this.list);
    this.scroller = el("div", { class: "compare-scroll" }, this.inner);
    this.names = el("div", { class: "compare-rows" }, ...["A", "B"].map((name) => el("span", { class: `compare-side is-${name.toLowerCase()}`, text: name })));
    host.replaceChildren(this.names, this.scroller);
    this.observer = new ResizeObserver(() => {
      this.#fit();
      this.#follow();
      onResize();
    });
    this.observer.observe(this.scroller);
  }

  /** @param {import("../core/moments.mjs").Alignment} alignment */
  align(alignment) {
    this.columns = columnsOf(
      alignment,
      this.runs.map(({ tokens }) => tokens),
    );
    this.#buttons = [[], []];
    this.#current = [-1, -1];
    this.#items = this.columns.map((column) => {
      const ids = SIDES.map((side, i) => this.runs[i].tokens.sequence[column[side]]);
      const words = SIDES.map((side, i) => (column[side] < 0 ? el("span") : this.#button(i, column[side], ids[0] !== ids[1], alignment.divergence)));
      return el("li", { class: column.isMatched ? "" : "is-apart" }, ...words);
    });
    this.list.replaceChildren(...this.#items);
    this.#fit();
  }

  /** @param {number} i 0: A, 1: B
   *  @param {number} position
   *  @param {boolean} isOther than the word beside it
   *  @param {number} divergence
   *  @returns {HTMLElement} */
  #button(i, position, isOther, divergence) {
    const { tokens, stepOf } = this.runs[i];
    const id = tokens.sequence[position];
    const text = tokens.text[id] ?? `#${id}`;
    const isParting = position === divergence;
    const read = stepOf[position] >= 0 ? `read in step ${stepOf[position]}` : "chosen last, read by no step";
    const looks = {
      class: `mri-token${isOther ? " is-other" : ""}${isParting ? " is-parting" : ""}`,
      title: `${SIDES[i].toUpperCase()} “${text}” · position ${position} · token ${id} · ${read}${isParting ? " · here the two part" : ""}`,
      "aria-description": isParting && "here the two part",
    };
    const place = { "data-side": SIDES[i], "data-position": position, tabindex: -1 };
    const name = positionNames(tokens)[position];
    const word = name !== tokenName(tokens, id) ? [name] : readable(text.replace(/^ (?=\S)/, "").replace(/^<\|(.+)\|>$/, "$1"));
    return (this.#buttons[i][position] = button(() => this.#seek(i, position), { ...looks, ...place }, ...word));
  }

  /** @param {number} i 0: A, 1: B
   *  @param {number} position */
  #seek(i, position) {
    const { stepOf, numSteps } = this.runs[i];
    this.onSeek(SIDES[i], stepOf[position] >= 0 ? stepOf[position] : numSteps - 1);
  }

  /** Go to where it was read.
   *  @param {import("../core/moments.mjs").Column} column */
  seek({ a, b }) {
    this.#seek(a >= 0 ? 0 : 1, a >= 0 ? a : b);
  }

  /** @param {readonly number[]} steps of A and of B, −1: none */
  draw(steps) {
    steps.forEach((step, i) => {
      const { pos0, t_add: numRead } = this.runs[i].tokens.steps;
      const position = step < 0 ? -1 : pos0[step] + numRead[step] - 1;
      const before = this.#current[i];
      if (position === before) return;
      this.#current[i] = position;
      const [was, now] = [this.#buttons[i][before], this.#buttons[i][position]];
      const hadFocus = was !== undefined && was === document.activeElement;
      this.#mark(was, this.#buttons[i][before + 1], false);
      this.#mark(now, this.#buttons[i][position + 1], true);
      if (hadFocus) now?.focus({ preventScroll: true });
    });
    const item = this.#items[this.column];
    for (const other of this.list.querySelectorAll("li.is-now")) if (other !== item) other.classList.remove("is-now");
    if (!item || item.classList.contains("is-now")) return;
    item.classList.add("is-now");
    this.#follow();
  }

  /** @param {HTMLElement|undefined} word that a step reads last
   *  @param {HTMLElement|undefined} next what comes after it
   *  @param {boolean} is */
  #mark(word, next, is) {
    if (!word) return; // that side has no step here
    word.classList.toggle("is-current", is);
    next?.classList.toggle("is-next", is);
    word.tabIndex = is ? 0 : -1;
    if (is) word.setAttribute("aria-current", "step");
    else word.removeAttribute("aria-current");
  }

  /** The one that the moment stands at. */
  get column() {
    const [a, b] = this.#current;
    return this.columns.findIndex((column) => (a >= 0 ? column.a === a : b >= 0 && column.b === b));
  }

  /** All columns in sight if they fit, each wide enough to be read. */
  #fit() {
    const widest = Math.max(0, ...Array.from(this.inner.querySelectorAll(".mri-token"), (word) => word.scrollWidth)) + 2;
    this.cellPx = Math.min(MOST_PX, Math.max(LEAST_PX, widest, Math.floor(this.scroller.clientWidth / Math.max(1, this.columns.length))));
    this.inner.style.setProperty("--cell", `${this.cellPx}px`);
  }

  /** The current column, and the next one, are in sight. */
  #follow() {
    const left = this.column * this.cellPx;
    const { scrollLeft, clientWidth } = this.scroller;
    if (left < scrollLeft || left + 2 * this.cellPx > scrollLeft + clientWidth) this.scroller.scrollLeft = left - clientWidth / 2 + this.cellPx;
  }

  close() {
    this.observer.disconnect();
  }
}
