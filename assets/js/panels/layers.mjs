/**
 * The list of hook points, top of the model first: a row a block, of the open one its hook points too, or all of them; a statistic in each
 * row, the numbers of the selected one.
 *
 * Knows statistics, the mouse and the keyboard; layer_bars.mjs draws, layer_tools.mjs says which rows in which order. Refuses to know the clock.
 */

import { filtered, grouped, nameOf, numberOf, numberText, ordered, ticksOf } from "../core/hook_list.mjs";
import { exactly } from "../core/format.mjs";
import { rowInArray, stats } from "../core/layout.mjs";
import { listLooks } from "../core/selection.mjs";
import { button, el } from "../shell/dom.mjs";
import { placeTip } from "../shell/tip.mjs";
import { LayerBars } from "./layer_bars.mjs";
import { LayerNumbers } from "./layer_numbers.mjs";
import { LayerRows } from "./layer_rows.mjs";
import { LayerTools } from "./layer_tools.mjs";

/** An order that depends on the step is made anew when the step has stood for so long: rows must not run away. */
const REST_MS = 150;
const NAME_GAP_PX = 6;

/** @typedef {import("./layer_tools.mjs").Looks} Looks
 *  @typedef {import("../core/hook_list.mjs").Row} Row */

export class Layers {
  #open = ""; // the block whose hook points are shown
  #selected = "";
  #looks = listLooks({});
  #scrollTop = 0;
  #height = 0;
  #rowPx = 20;
  /** @type {import("../core/wire.mjs").Frame|null} */
  #frame = null;
  /** @type {import("../core/wire.mjs").Frame|null} */
  #before = null;
  /** @type {import("../core/types.mjs").Lane|undefined} that stands beside it */
  #other;
  /** @type {any} */
  #timer = null;
  #hovered = "";
  /** @type {number[]|undefined} widths of the longest names, CSS pixels */
  #names;

  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {import("../core/layout.mjs").Layout} context.layout
   *  @param {number} context.limit largest magnitude of any value in the session
   *  @param {number} context.numSteps
   *  @param {(step: number) => void} context.needFrame the change from step to step wants this frame too
   *  @param {(fields: Partial<import("../core/address.mjs").View>) => void} context.onSelect
   *  @param {boolean} [context.isGrouped] a row a block, one statistic at a time */
  constructor(host, { layout, limit, numSteps, needFrame, onSelect, isGrouped = false }) {
    this.isGrouped = isGrouped && layout.n_layer > 0;
    this.layout = layout;
    this.limit = Math.max(1, limit);
    this.l2Limit = this.limit;
    this.numSteps = numSteps;
    this.needFrame = needFrame;
    this.onSelect = onSelect;
    this.keys = layout.points.map((point) => point.key).reverse(); // the logits on top, as in the model
    this.walked = this.keys; // what the arrows walk
    this.shown = /** @type {Row[]} */ ([]);
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.bars = new LayerBars(this.canvas, layout);
    this.axis = el("div", { class: "mri-axis", "aria-hidden": "true" });
    this.numbers = new LayerNumbers();
    this.tip = el("div", { class: "mri-tip", hidden: true });
    const does = { onSelect: (/** @type {string} */ point) => this.onSelect({ point }), onFold: (/** @type {Row} */ row) => this.#fold(row) };
    this.elements = new LayerRows(this.keys, this.isGrouped, does);
    this.#buildList();
    const { isGrouped: isFolded } = this;
    this.tools = new LayerTools({ onChoose: (looks) => this.#choose(looks), onDown: () => this.list.focus(), isGrouped: isFolded });
    host.replaceChildren(this.tools.host, this.axis, this.rows, this.numbers.host, this.tip);
    this.#arrange();
    this.observer = new ResizeObserver(() => this.#resize());
    this.observer.observe(this.scroller);
  }

  #buildList() {
    const keydown = (/** @type {KeyboardEvent} */ event) => this.#key(event);
    const pointermove = (/** @type {PointerEvent} */ event) => this.#hover(event);
    const heard = { keydown, pointermove, pointerleave: () => this.#hover(null) };
    this.list = el("ul", { role: "listbox", tabindex: 0, "aria-label": "Hook points", on: heard });
    const showAll = () => {
      this.tools.filter.focus();
      this.#choose({ ...this.#looks, filter: "" });
    };
    const none = { class: "mri-note mri-list-empty", role: "status", hidden: true };
    this.empty = el("p", none, "No hook point has all these words. ", button(showAll, { text: "Show all of them" }));
    this.scroller = el("div", { class: "mri-list" }, this.list, this.empty);
    this.rows = el("div", { class: "mri-list-frame" }, this.scroller, this.canvas);
    const scrolled = () => {
      this.#scrollTop = this.scroller.scrollTop;
      this.#drawBars();
    };
    this.scroller.addEventListener("scroll", scrolled, { passive: true });
  }

  /** A tool was used: it shows at once, not with the next picture.
   *  @param {Looks} looks */
  #choose(looks) {
    this.arrange(looks);
    const { filter, sort, scale, marks } = looks;
    const chosen = { filter: filter || null, sort: sort === "model" ? null : sort, scale: scale === "asinh" ? null : scale };
    this.onSelect({ ...chosen, ...(this.isGrouped ? { marks: /** @type {any} */ (marks) } : {}) });
  }

  /** Which rows there are, in which order, and how long their bars.
   *  @param {Looks} looks */
  arrange(looks) {
    const { filter, sort, scale, marks } = this.#looks;
    this.#looks = looks;
    if (looks.filter === filter && looks.sort === sort && looks.scale === scale && looks.marks === marks) return;
    this.tools.show(looks);
    if (looks.scale !== scale || looks.marks !== marks) this.#setScale();
    if (looks.sort !== sort && this.#frame) this.#needBefore(this.#frame.header.step);
    this.#arrange();
    if (looks.sort !== sort) this.scroller.scrollTop = 0;
  }

  /** A recording grew.
   *  @param {number} numSteps
   *  @param {number} limit largest magnitude of any value so far */
  grow(numSteps, limit) {
    this.numSteps = numSteps;
    if (limit <= this.limit) return;
    this.limit = limit;
    this.l2Limit = Math.max(this.l2Limit, limit);
    this.#setScale();
  }

  /** @param {import("../core/types.mjs").Series} series of l2 */
  setSeries(series) {
    this.bars.setSeries(series);
    this.l2Limit = series.points.reduce((most, value) => (value > most && value < Infinity ? value : most), this.limit);
    this.#setScale();
  }

  /** @param {import("../core/wire.mjs").Frame} frame
   *  @param {import("../core/wire.mjs").Frame|null} before of the step before, null where it is not in memory
   *  @param {string} selected hook point
   *  @param {boolean} isMoving the clock goes on by itself
   *  @param {import("../core/types.mjs").Lane} [other] whose bars and numbers stand beside those of the first */
  draw(frame, before, selected, isMoving, other) {
    const isNew = frame !== this.#frame || before !== this.#before;
    this.#frame = frame;
    this.#other = other;
    this.#before = before;
    if (isNew && this.#looks.sort !== "model") {
      this.#needBefore(frame.header.step);
      clearTimeout(this.#timer);
      if (!isMoving) this.#timer = setTimeout(() => this.#arrange(), REST_MS);
    }
    this.#drawBars();
    this.tools.other.hidden = !other?.frame || this.#looks.scale === "own";
    if (selected !== this.#selected) this.#select(selected);
    this.numbers.draw([{ frame, layout: this.layout }, ...(other?.frame ? [{ frame: other.frame, layout: other.run.layout }] : [])], selected);
    if (this.#hovered && isNew) this.#fillTip();
  }

  close() {
    clearTimeout(this.#timer);
    this.observer.disconnect();
  }

  /** @param {number} step */
  #needBefore(step) {
    if (this.#looks.sort === "change" && !this.#before && step > 0) this.needFrame(step - 1);
  }

  /** The columns of names are as wide as the longest and their gap, which scrollWidth leaves out; the second at most two fifths of the list. */
  #fitNames() {
    this.list.classList.toggle("is-grouped", this.#isFolded);
    this.rows.style.setProperty("--block-px", "0px");
    this.rows.style.setProperty("--point-px", "104px");
    if (!this.#isFolded)
      this.#names ??= [".mri-block", ".mri-point"].map(
        (column) => Math.max(...[...this.list.querySelectorAll(column)].map((name) => name.scrollWidth)) + NAME_GAP_PX,
      );
    if (!this.#names || this.#isFolded) return;
    const [block, point] = this.#names;
    this.rows.style.setProperty("--block-px", `${block}px`);
    this.rows.style.setProperty("--point-px", `${Math.min(point, 0.4 * this.scroller.clientWidth)}px`);
  }

  /** Whether there is a row a block: not while a filter or another order needs every row for itself. */
  get #isFolded() {
    return this.isGrouped && !this.#looks.filter && this.#looks.sort === "model";
  }

  get #marks() {
    return this.#looks.marks ?? /** @type {import("../core/hook_list.mjs").Marks} */ (this.tools.usual);
  }

  #resize() {
    if (this.scroller.clientWidth) this.#fitNames();
    const width = this.scroller.clientWidth - this.canvas.offsetLeft;
    this.#height = this.scroller.clientHeight;
    this.#rowPx = this.list.firstElementChild?.offsetHeight ?? this.#rowPx; // rows are higher for a finger
    this.bars.resize(Math.max(1, width), this.#height);
    this.#setScale();
  }

  #setScale() {
    const { scale } = this.#looks;
    const limit = scale === "asinh" ? this.l2Limit : this.limit;
    this.bars.setScale(scale, limit, this.#marks);
    this.axis.hidden = ["l2", "sparsity"].includes(this.#marks);
    const [left, width] = this.bars.bars;
    const ticks = ticksOf(scale, limit, width);
    this.axis.replaceChildren(...ticks.map(({ x, text }) => el("span", { text, style: `left:${this.canvas.offsetLeft + left + x}px` })));
    this.#drawBars();
  }

  #drawBars() {
    if (!this.#frame) return;
    this.bars.draw(this.#frame, {
      keys: this.shown.map(({ key }) => key),
      scrollTop: this.#scrollTop,
      rowPx: this.#rowPx,
      numSteps: this.numSteps,
      other: this.#other,
      number: (key) => numberText(this.#looks.sort, this.#number(key), this.#marks),
    });
  }

  /** What the list is sorted by, else l2.
   *  @param {string} key
   *  @returns {number} */
  #number(key) {
    const of = (/** @type {import("../core/wire.mjs").Frame} */ frame) => /** @type {Record<string, number>} */ ({ ...stats(frame, this.layout, key) });
    return this.#frame ? numberOf(this.#looks.sort, of(this.#frame), this.#before && of(this.#before), this.#marks) : NaN;
  }

  /** Filter and order the rows for this step. */
  #arrange() {
    const by = (/** @type {string} */ key) => (this.#looks.sort === "change" ? Math.abs(this.#number(key)) : this.#number(key));
    this.walked = ordered(filtered(this.keys, this.#looks.filter), this.#looks.sort, by);
    const rows = this.#isFolded ? grouped(this.walked, this.#open) : this.walked.map((key) => ({ key, block: "", isOpen: false }));
    if (JSON.stringify(rows) !== JSON.stringify(this.shown)) this.#showRows(rows);
    this.tools.note.textContent = this.#looks.sort === "model" || !this.#frame ? "" : `as in step ${this.#frame.header.step}`;
    this.#drawBars();
  }

  /** @param {Row[]} shown from top to bottom */
  #showRows(shown) {
    this.shown = shown;
    const rows = shown.map((row) => this.elements.of(row));
    shown.forEach(({ key }, i) => rows[i].classList.toggle("is-first", nameOf(key).block !== (i ? nameOf(shown[i - 1].key).block : "")));
    this.list.replaceChildren(...rows);
    if (this.scroller.clientWidth) this.#resize(); // rows of another kind have another height
    this.#tellActive();
    this.empty.hidden = shown.length > 0;
  }

  /** A block's row was pressed: it opens, and its like of the selected hook point is selected; or it closes.
   *  @param {Row} row */
  #fold({ block, key: last, isOpen }) {
    this.#open = isOpen ? "" : block;
    const like = last.replace(/[^.]+$/, nameOf(this.#selected).kind);
    if (!isOpen) this.onSelect({ point: this.keys.includes(like) ? like : last });
    this.#arrange();
  }

  /** @param {string} key */
  #select(key) {
    this.elements.points.get(this.#selected)?.setAttribute("aria-selected", "false");
    this.#selected = key;
    this.#open = nameOf(key).block;
    if (this.#isFolded) this.#arrange();
    const row = this.elements.points.get(key);
    if (!row) return;
    row.setAttribute("aria-selected", "true");
    this.#tellActive();
    this.numbers.title.textContent = key;
    const top = this.shown.findIndex((row) => row.key === key && !row.block) * this.#rowPx;
    if (top >= 0 && (top < this.#scrollTop || top + this.#rowPx > this.#scrollTop + this.#height)) this.scroller.scrollTop = top - this.#height / 2;
  }

  /** The row that the keys begin from, where the filter shows it. */
  #tellActive() {
    if (this.shown.some(({ key, block }) => key === this.#selected && !block)) this.list.setAttribute("aria-activedescendant", `row-${this.#selected}`);
    else this.list.removeAttribute("aria-activedescendant");
  }

  /** @param {PointerEvent|null} event null: the pointer left */
  #hover(event) {
    const key = event?.pointerType === "mouse" ? (/** @type {HTMLElement} */ (event.target).closest("li")?.dataset.key ?? "") : "";
    this.tip.hidden = !key;
    if (key !== this.#hovered) {
      this.#hovered = key;
      this.#fillTip();
    }
    if (key && event) placeTip(this.tip, this.rows.getBoundingClientRect().right + 8, event.clientY - 20);
  }

  #fillTip() {
    if (!this.#hovered || !this.#frame) return;
    const values = Object.entries(stats(this.#frame, this.layout, this.#hovered));
    const none = rowInArray(this.#frame, this.layout, "stats", this.#hovered) === null ? "not captured" : "NaN: there is NaN or ∞ among the values";
    const lines = values.map(([name, value]) =>
      el("div", { "data-stat": name }, `${name} `, el("span", { class: "mri-value", text: Number.isNaN(value) ? none : exactly(value) })),
    );
    this.tip.replaceChildren(el("b", { text: this.#hovered }), ...lines);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const at = this.walked.indexOf(this.#selected);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: this.walked.length - 1 }[event.key];
    if (to === undefined || !this.walked.length) return;
    event.preventDefault();
    event.stopPropagation();
    const key = this.walked[Math.min(this.walked.length - 1, Math.max(0, to))];
    this.#select(key); // now, not with the next picture: the next key goes on from here
    this.onSelect({ point: key });
  }
}
