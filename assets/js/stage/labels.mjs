/**
 * The words on the tower: plates by name, the tokens below, the predictions above. Elements over the canvas.
 *
 * Knows a frame's tokens, predictions and statistics. Refuses to know WebGL and the mouse.
 */

import { formatPercent, formatValue } from "../core/format.mjs";
import { logits, rowInArray, stats } from "../core/layout.mjs";
import { project } from "./camera.mjs";
import { BELOW } from "./tower_geometry.mjs";
import { el, say } from "../shell/dom.mjs";

/** @typedef {import("../core/wire.mjs").Frame} Frame */
/** @typedef {import("./tower_geometry.mjs").Slab} Slab */
/** @typedef {import("./camera.mjs").Camera} Camera */

const [MOST_CHARS, GAP_CHARS, EARLIER_CHARS] = [12, 1.4, 11];
const CHAR_PX = 13; // of the stage's width: the lowest plate takes about half of it
const NUM_PREDICTIONS = 5;
const LEAST_GAP_PX = 12;

const TOOLS_PX = 110; // the column of buttons on the left

/** From this width of the stage on there is room for a plate's whole name, and for the buttons beside the tower. */
export const WIDE_PX = 700;

/** @typedef {object} Columns which tokens stand below
 *  @property {number} first position of the first one; those before it share one column on its left
 *  @property {number} last
 *  @property {(position: number) => [number, number, number]} placeOf in space */

/** The newest tokens that the step has read, side by side along the front edge of the lowest plate, each as wide as its
 *  word.
 *  @param {Frame} frame
 *  @param {Slab} lowest
 *  @param {(position: number) => number} lengthOf characters of a position's word
 *  @param {number} room characters
 *  @returns {Columns} */
export function columnsOf({ header: { pos0, t_add: numRead } }, { y, depth }, lengthOf, room) {
  const last = pos0 + numRead - 1;
  if (!numRead) return { first: 0, last: -1, placeOf: () => [0, y - BELOW, depth / 2] }; // a training script reads no tokens
  const unitsOf = (/** @type {number} */ position) => Math.min(MOST_CHARS, lengthOf(position)) + GAP_CHARS;
  let first = last;
  let used = unitsOf(last);
  while (first > 0 && used + unitsOf(first - 1) <= room - EARLIER_CHARS) used += unitsOf(--first);
  let at = first > 0 ? EARLIER_CHARS : 0;
  const total = Math.max(room / 2, used + at);
  const centres = [first > 0 ? at / 2 : 0];
  for (let position = first; position <= last; position++) {
    centres.push(at + unitsOf(position) / 2);
    at += unitsOf(position);
  }
  return { first, last, placeOf: (position) => [centres[Math.max(0, position - first + 1)] / total - 0.5, y - BELOW, depth / 2] };
}

export class TowerLabels {
  /** @type {{slab: Slab, value: HTMLElement}[]} */
  #values = [];
  /** @type {Camera|null} */
  #camera = null;
  /** @type {Slab[]} */
  #slabs = [];

  /** @param {object} context
   *  @param {import("../core/layout.mjs").Layout} context.layout
   *  @param {import("../core/types.mjs").Tokens} context.tokens */
  constructor({ layout, tokens }) {
    this.layout = layout;
    this.tokens = tokens;
    this.names = el("div", { class: "mri-plate-names" });
    this.columns = el("div", { class: "mri-columns" });
    this.predictions = el("div", { class: "mri-tops" });
    this.host = el("div", { class: "mri-tower-labels", "aria-hidden": "true" }, this.names, this.columns, this.predictions);
  }

  /** After the camera or the plates changed.
   *  @param {Slab[]} slabs bottom to top
   *  @param {Camera} camera
   *  @param {string|null} selected hook point */
  place(slabs, camera, selected) {
    [this.#slabs, this.#camera, this.#values] = [slabs, camera, []];
    const parts = [];
    const order = [...slabs].sort((a, b) => Number(b.key === selected) - Number(a.key === selected)); // the selected one always has room
    /** @type {number[]} */
    const taken = [];
    for (const slab of order) {
      const [left, right] = sides(slab, camera);
      if (taken.some((y) => Math.abs(y - left[1]) < LEAST_GAP_PX)) continue;
      taken.push(left[1]);
      const isSelected = slab.key === selected ? " is-selected" : "";
      const value = el("span", { class: `mri-plate-value${isSelected}` });
      value.style.translate = `min(${Math.round(right[0] + 10)}px, calc(${camera.width - 4}px - 100%)) ${Math.round(right[1])}px`; // never out of the stage
      parts.push(at(el("span", { class: `mri-plate-name${isSelected}`, text: shortLabel(slab.label, camera.width) }), left[0] - 10, left[1]), value);
      this.#values.push({ slab, value });
    }
    this.names.replaceChildren(...parts);
  }

  /** @param {Frame} frame
   *  @param {Slab} lowest
   *  @param {number} width of the stage in CSS pixels
   *  @returns {Columns} */
  columnsFor(frame, lowest, width) {
    return columnsOf(frame, lowest, (position) => this.#word(position).length, width / CHAR_PX);
  }

  /** @param {number} position */
  #word(position) {
    const id = this.tokens.sequence[position];
    return this.tokens.text[id] ?? `#${id}`;
  }

  /** What this step says.
   *  @param {Frame} frame
   *  @param {Columns} columns
   *  @param {boolean} hasStats mean ± std and sparsity, else the l2 norm */
  tell(frame, columns, hasStats) {
    const isWide = (this.#camera?.width ?? 0) >= WIDE_PX;
    for (const { slab, value } of this.#values) {
      const { l2, mean, std, sparsity } = stats(frame, this.layout, slab.key);
      const isThere = rowInArray(frame, this.layout, "stats", slab.key) !== null;
      const share = isWide ? ` · ${formatPercent(sparsity)} near 0` : "";
      say(value, !isThere ? "not captured" : hasStats ? `${formatValue(mean)} ± ${formatValue(std)}${share}` : `‖x‖ ${formatValue(l2)}`);
    }
    this.#tellTokens(frame, columns);
    this.#tellPredictions(frame);
  }

  /** @param {Frame} frame
   *  @param {Columns} columns */
  #tellTokens({ header: { pos0 } }, { first, last, placeOf }) {
    const camera = /** @type {Camera} */ (this.#camera);
    const spans = childrenOf(this.columns, last - first + (first > 0 ? 2 : 1), () => el("span"));
    const put = (/** @type {number} */ position, /** @type {string} */ word, /** @type {string} */ kind) => {
      const [x, y] = project(camera, ...placeOf(position));
      say(at(/** @type {HTMLElement} */ (spans.shift()), x, y), word, `mri-column${kind}`);
    };
    if (first > 0) put(first - 1, `… ${first} before`, " is-earlier");
    for (let position = first; position <= last; position++) put(position, this.#word(position), position >= pos0 ? " is-read" : "");
  }

  /** @param {Frame} frame */
  #tellPredictions(frame) {
    const found = logits(frame);
    const camera = /** @type {Camera} */ (this.#camera);
    const [x, y] = project(camera, 0, this.#slabs[this.#slabs.length - 1].y + BELOW * 0.66, 0);
    const chips = childrenOf(this.predictions, Math.min(NUM_PREDICTIONS, found?.ids.length ?? 0), () => el("span", {}, el("b"), el("i")));
    chips.forEach((chip, i) => {
      const id = /** @type {any} */ (found).ids[i];
      const p = /** @type {any} */ (found).probs[i];
      const [word, percent] = chip.children;
      say(word, this.tokens.text[id] ?? `#${id}`);
      say(percent, formatPercent(p));
      say(chip, null, `mri-top${id === frame.header.chosen_id ? " is-chosen" : ""}`);
      chip.style.setProperty("--p", p.toFixed(3));
    });
    const besides = camera.width < WIDE_PX ? 4 : TOOLS_PX;
    this.predictions.style.setProperty("--room", `${Math.round(2 * Math.min(x - besides, camera.width - x - 4))}px`);
    at(this.predictions, x, Math.max(20, y));
  }
}

/** @param {Slab} slab
 *  @param {Camera} camera
 *  @returns {[number, number][]} the leftmost and the rightmost of its corners, in CSS pixels */
function sides({ y, depth }, camera) {
  const corners = [-0.5, 0.5].flatMap((x) => [-depth / 2, depth / 2].map((z) => project(camera, x, y, z)));
  const byX = corners.sort((a, b) => a[0] - b[0]);
  return [byX[0], byX[3]].map(([x, py]) => [x, py]);
}

/** @param {string} label like "block 3 · resid_post"
 *  @param {number} width of the stage
 *  @returns {string} */
function shortLabel(label, width) {
  return width < WIDE_PX ? label.replace(/^block (\d+) · .*/, "block $1").replace(/ · .*/, "") : label;
}

/** @param {HTMLElement} node
 *  @param {number} x
 *  @param {number} y
 *  @returns {HTMLElement} */
function at(node, x, y) {
  const place = `${Math.round(x)}px ${Math.round(y)}px`;
  if (node.style.translate !== place) node.style.translate = place; // no layout, as left and top would want
  return node;
}

/** As many children as are needed: new elements for every step would all be laid out anew.
 *  @param {HTMLElement} host
 *  @param {number} count
 *  @param {() => HTMLElement} make
 *  @returns {HTMLElement[]} */
function childrenOf(host, count, make) {
  while (host.children.length < count) host.append(make());
  while (host.children.length > count) host.lastElementChild?.remove();
  return /** @type {HTMLElement[]} */ ([...host.children]);
}
