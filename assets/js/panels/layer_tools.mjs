/**
 * Above the list of hook points: the statistic that its rows show, and, behind the glass, filter, order and scale.
 *
 * Knows its controls only: which rows there are then is the list's.
 */

import { button, el } from "../shell/dom.mjs";

/** @typedef {ReturnType<typeof import("../core/selection.mjs").listLooks>} Looks */

const SORTS = Object.freeze({ model: "model order", l2: "l2", sparsity: "sparsity", p99: "p99", change: "change of l2" });
const SCALES = Object.freeze({ asinh: "asinh scale", linear: "linear scale", own: "each row its own" });
const STATISTICS = Object.freeze({ l2: "l2 over steps", spread: "mean ± std", ends: "min–max", p99: "p99", sparsity: "sparsity", all: "all at once" });
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
  "steps, each from 0 to its own largest value. The number is what the list is sorted by, else that of the statistic: of mean ± std the mean, of min–max the " +
  "largest, of all at once l2. Of a second recording, mean ± std and l2 stand in blue above the bar.";

export class LayerTools {
  /** @param {object} context
   *  @param {(looks: Looks) => void} context.onChoose
   *  @param {() => void} context.onDown from the filter on to the list
   *  @param {boolean} [context.isGrouped] a row a block: filter, order and scale are folded away */
  constructor({ onChoose, onDown, isGrouped = false }) {
    this.isGrouped = isGrouped;
    const choose = () =>
      onChoose({ filter: this.filter.value, sort: this.sort.value, scale: this.scale.value, marks: this.marks.value === this.usual ? null : this.marks.value });
    const keydown = (/** @type {KeyboardEvent} */ event) => event.key === "ArrowDown" && onDown();
    const says = { placeholder: "filter: mlp_act, block 3 …", "aria-label": "Filter hook points" };
    this.filter = el("input", { type: "search", class: "form-control form-control-sm", maxlength: 80, ...says, on: { input: choose, keydown } });
    const choice = (/** @type {Record<string, string>} */ names, /** @type {string} */ label, looks = "form-select form-select-sm") => {
      const options = Object.entries(names).map(([value, text]) => el("option", { value, text }));
      return el("select", { class: looks, "aria-label": label, title: label, on: { change: choose } }, ...options);
    };
    this.usual = isGrouped ? "l2" : "all";
    this.sort = choice(SORTS, "Order of the hook points");
    this.scale = choice(SCALES, "Scale of the bars");
    this.marks = choice(STATISTICS, "Statistic of the rows", "mri-quiet");
    this.note = el("p", { class: "mri-note" });
    const kind = el("span", { class: "mri-kind mri-kind-measured", text: "measured", tabindex: 0, title: ABOUT });
    const glass = { class: "mri-glass", "aria-label": "Filter, order and scale", title: "Filter, order and scale" };
    this.glass = button(() => this.#fold(!this.more.hidden), glass, "⌕");
    this.other = el("span", { class: "mri-mark-other", text: "B: mean ± std, l2", hidden: true });
    const choices = el("div", { class: "mri-layers-choices" }, this.sort, this.scale);
    this.more = el("div", { class: "mri-layers-more" }, this.filter, choices);
    const marks = MARKS.map(([name, text]) => el("span", { class: `mri-mark-${name}`, text }));
    this.legend = el("div", { class: "mri-marks", "aria-hidden": "true", title: ABOUT }, ...marks, this.other);
    const heading = isGrouped
      ? [el("h2", { text: "Layers", title: ABOUT }), this.note, this.glass, this.marks]
      : [el("h2", { text: "Hook points" }), this.note, kind];
    this.host = el("div", { class: "mri-layers-tools" }, el("div", { class: "mri-layers-head" }, ...heading), this.more, this.legend);
    this.#fold(isGrouped);
    this.show({ filter: "", sort: "model", scale: "asinh", marks: null });
  }

  /** @param {boolean} isFolded */
  #fold(isFolded) {
    this.more.hidden = isFolded;
    this.glass.setAttribute("aria-expanded", String(!isFolded));
    if (!isFolded && this.isGrouped && this.host?.isConnected) this.filter.focus();
  }

  /** @param {Looks} looks that are chosen */
  show({ filter, sort, scale, marks }) {
    if (this.filter.value !== filter) this.filter.value = filter; // the caret stays where it is
    this.sort.value = sort;
    this.scale.value = scale;
    this.marks.value = marks ?? this.usual;
    this.legend.hidden = this.marks.value !== "all";
    if (this.more.hidden && (filter || sort !== "model" || scale !== "asinh")) {
      this.more.hidden = false; // a link says so: it is to be seen
      this.glass.setAttribute("aria-expanded", "true");
    }
  }
}
