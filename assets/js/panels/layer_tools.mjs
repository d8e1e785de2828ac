/**
 * Above the list of hook points: filter, order, scale of the bars, and what their marks mean.
 *
 * Knows its controls only: which rows there are then is the list's.
 */

import { el } from "../shell/dom.mjs";

/** @typedef {ReturnType<typeof import("../core/selection.mjs").listLooks>} Looks */

const SORTS = Object.freeze({ model: "model order", l2: "l2", sparsity: "sparsity", p99: "p99", change: "change of l2" });
const SCALES = Object.freeze({ asinh: "asinh scale", linear: "linear scale", own: "each row its own" });
const MARKS = Object.freeze([
  ["spread", "mean ± std"],
  ["ends", "min–max"],
  ["p99", "±p99 of |x|"],
  ["l2", "l2"],
  ["sparsity", "sparsity"],
]);
const ABOUT =
  "Bars and marks stand on one axis: asinh is linear near zero and logarithmic far out. A mark at the end of the axis " +
  "stands there or beyond. The line below is the share of values near zero (sparsity), the small line the l2 over all " +
  "steps, each from 0 to its own largest value. The number is what the list is sorted by, else l2. Of a second recording, mean ± std and " +
  "l2 stand in blue above the bar.";

export class LayerTools {
  /** @param {object} context
   *  @param {(looks: Looks) => void} context.onChoose
   *  @param {() => void} context.onDown from the filter on to the list */
  constructor({ onChoose, onDown }) {
    const choose = () => onChoose({ filter: this.filter.value, sort: this.sort.value, scale: this.scale.value });
    const keydown = (/** @type {KeyboardEvent} */ event) => event.key === "ArrowDown" && onDown();
    const says = { placeholder: "filter: mlp_act, block 3 …", "aria-label": "Filter hook points" };
    this.filter = el("input", { type: "search", class: "form-control form-control-sm", maxlength: 80, ...says, on: { input: choose, keydown } });
    const choice = (/** @type {Record<string, string>} */ names, /** @type {string} */ label) => {
      const options = Object.entries(names).map(([value, text]) => el("option", { value, text }));
      return el("select", { class: "form-select form-select-sm", "aria-label": label, title: label, on: { change: choose } }, ...options);
    };
    this.sort = choice(SORTS, "Order of the hook points");
    this.scale = choice(SCALES, "Scale of the bars");
    this.note = el("p", { class: "mri-note" });
    const kind = el("span", { class: "mri-kind mri-kind-measured", text: "measured", tabindex: 0, title: ABOUT });
    const marks = MARKS.map(([name, text]) => el("span", { class: `mri-mark-${name}`, text }));
    this.other = el("span", { class: "mri-mark-other", text: "B: mean ± std, l2", hidden: true });
    const head = el("div", { class: "mri-layers-head" }, el("h2", { text: "Hook points" }), this.note, kind);
    const choices = el("div", { class: "mri-layers-choices" }, this.sort, this.scale);
    const legend = el("div", { class: "mri-marks", "aria-hidden": "true", title: ABOUT }, ...marks, this.other);
    this.host = el("div", { class: "mri-layers-tools" }, head, this.filter, choices, legend);
  }

  /** @param {Looks} looks that are chosen */
  show({ filter, sort, scale }) {
    if (this.filter.value !== filter) this.filter.value = filter; // the caret stays where it is
    this.sort.value = sort;
    this.scale.value = scale;
  }
}
