/**
 * The list of hook points, top of the model first, with a bar of statistics for each on one shared scale.
 *
 * Knows statistics and the keyboard. One canvas beside the list draws all bars; refuses to know the clock.
 */

import { formatValue } from "../core/format.mjs";
import { STATS, rowInArray, stats } from "../core/layout.mjs";
import { el, sized } from "./dom.mjs";

const ROW_PX = 20;
const BARS_PX = 116;
const TICKS = [-100, -10, -1, 0, 1, 10, 100];
const UNITS = { sparsity: "share", l2: "" };

export class Layers {
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  #selected = "";
  #limit = 1;

  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {import("../core/layout.mjs").Layout} context.layout
   *  @param {number} context.limit largest magnitude of any statistic in the session: the bars' shared scale
   *  @param {(key: string) => void} context.onPick */
  constructor(host, { layout, limit, onPick }) {
    this.layout = layout;
    this.#limit = Math.asinh(Math.max(1, limit));
    this.keys = layout.points.map((point) => point.key).reverse(); // the logits on top, as in the model
    const list = el("ul", { role: "listbox", tabindex: 0, "aria-label": "Hook points", on: { keydown: (/** @type {KeyboardEvent} */ event) => this.#key(event, onPick) } });
    let block = "";
    for (const key of this.keys) {
      const [, number, kind] = /^(?:block\.)?([^.]+)\.(.+)$/.exec(key) ?? [key, "", key];
      const isFirst = number !== block;
      block = number;
      const name = /^\d+$/.test(number) ? `block ${number}` : number;
      const row = el(
        "li",
        { role: "option", id: `row-${key}`, class: `mri-row${isFirst ? " is-first" : ""}`, title: key, "aria-label": key, "aria-selected": "false", on: { click: () => onPick(key) } },
        el("span", { class: "mri-block", text: isFirst ? name : "" }),
        kind,
      );
      this.#rows.set(key, row);
      list.append(row);
    }
    this.list = list;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.ctx = sized(this.canvas, BARS_PX, ROW_PX * this.keys.length);
    const axis = el("div", { class: "mri-axis", "aria-hidden": "true" });
    const far = (/** @type {number} */ tick) => Math.abs(this.#x(tick) - this.#x(0));
    const spread = TICKS.filter((tick) => Math.abs(Math.asinh(tick)) <= this.#limit && (tick === 0 || (far(tick) > 15 && (Math.abs(tick) >= 10 || far(10 * tick) - far(tick) > 22))));
    axis.append(...spread.map((tick) => el("span", { text: String(tick).replace("-", "−"), style: `right:${BARS_PX - this.#x(tick)}px` })));
    this.scroller = el("div", { class: "mri-list" }, axis, list, this.canvas);
    this.numbers = el("div", { class: "mri-numbers" });
    host.replaceChildren(
      el("div", { class: "mri-layers-head" }, el("h2", { text: "Hook points" }), el("p", { class: "mri-note", text: "min–max · mean ± std", title: "One asinh scale for all rows: linear near zero, logarithmic far out" })),
      this.scroller,
      this.numbers,
    );
    this.#buildNumbers();
  }

  /** @param {import("../core/wire.mjs").Frame} frame
   *  @param {string} selected hook point */
  draw(frame, selected) {
    this.#drawBars(frame);
    if (selected !== this.#selected) this.#select(selected);
    const values = /** @type {Record<string, number>} */ (/** @type {unknown} */ (stats(frame, this.layout, selected)));
    for (const name of STATS) {
      const text = name === "sparsity" && !Number.isNaN(values[name]) ? `${(100 * values[name]).toFixed(1)} %` : formatValue(values[name]);
      const cell = this.cells[name];
      if (cell.textContent !== text) {
        cell.textContent = text;
        cell.title = String(values[name]);
      }
    }
  }

  /** @param {number} value
   *  @returns {number} place on the shared axis, CSS pixels */
  #x(value) {
    const half = (BARS_PX - 20) / 2;
    return 4 + half + (Math.asinh(value) / this.#limit) * half;
  }

  /** @param {import("../core/wire.mjs").Frame} frame */
  #drawBars(frame) {
    const { ctx } = this;
    if (!ctx) return;
    const { bar, text, line } = colours();
    ctx.clearRect(0, 0, BARS_PX, ROW_PX * this.keys.length);
    ctx.fillStyle = line;
    ctx.fillRect(this.#x(0) - 0.5, 0, 1, ROW_PX * this.keys.length);
    const array = frame.arrays.stats;
    this.keys.forEach((key, i) => {
      const row = array ? rowInArray(frame, this.layout, "stats", key) : null;
      if (row === null) return;
      const [mean, std, min, max] = array.data.subarray(row * STATS.length, row * STATS.length + 4);
      const y = i * ROW_PX + ROW_PX / 2;
      ctx.fillStyle = bar;
      ctx.fillRect(this.#x(min), y - 1, Math.max(1, this.#x(max) - this.#x(min)), 2);
      ctx.fillRect(this.#x(mean - std), y - 4, Math.max(1, this.#x(mean + std) - this.#x(mean - std)), 8);
      ctx.fillStyle = text;
      ctx.fillRect(this.#x(mean) - 1, y - 5, 2, 10);
    });
  }

  /** @param {string} key */
  #select(key) {
    this.#rows.get(this.#selected)?.setAttribute("aria-selected", "false");
    this.#selected = key;
    const row = this.#rows.get(key);
    if (!row) return;
    row.setAttribute("aria-selected", "true");
    this.list.setAttribute("aria-activedescendant", row.id);
    this.title.textContent = key;
    const { offsetTop: top } = row;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop || top + ROW_PX > scrollTop + clientHeight) this.scroller.scrollTop = top - clientHeight / 2;
  }

  #buildNumbers() {
    this.title = el("h3");
    /** @type {Record<string, HTMLElement>} */
    this.cells = {};
    const list = el("dl");
    for (const name of STATS) {
      this.cells[name] = el("dd");
      list.append(el("dt", { text: name, title: UNITS[/** @type {keyof typeof UNITS} */ (name)] ?? "" }), this.cells[name]);
    }
    this.numbers.replaceChildren(this.title, list);
  }

  /** @param {KeyboardEvent} event
   *  @param {(key: string) => void} onPick */
  #key(event, onPick) {
    const at = this.keys.indexOf(this.#selected);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: this.keys.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    onPick(this.keys[Math.min(this.keys.length - 1, Math.max(0, to))]);
  }
}

let theme = "";
let found = { bar: "", text: "", line: "" };

/** The bars' colours in the theme in force; read from the style sheet once per theme.
 *  @returns {{bar: string, text: string, line: string}} */
function colours() {
  const now = document.documentElement.dataset.bsTheme ?? "dark";
  if (now !== theme) {
    theme = now;
    found = now === "dark" ? { bar: "#3f7fbf", text: "#effdff", line: "#2b3a50" } : { bar: "#7fb0e6", text: "#16202e", line: "#c5cfdb" };
  }
  return found;
}
