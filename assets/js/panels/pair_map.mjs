/**
 * How far apart two recordings are, hook points × columns of their words: a canvas over the part in sight, and numbers in words.
 *
 * Knows the answer of /compare/map. Refuses to know the clock; the columns are those of pair_words.mjs.
 */

import { colourMap } from "../core/colour.mjs";
import { formatValue } from "../core/format.mjs";
import { nameOf } from "../core/hook_list.mjs";
import { partingsOf } from "../core/moments.mjs";
import { PARTED } from "../core/pair_sentence.mjs";
import { fetchJson } from "../run/http.mjs";
import { el, say, sized } from "../shell/dom.mjs";
import { shownUntilAnswered } from "../shell/failed.mjs";
import { theme } from "../shell/shell.mjs";
import { plateLabel } from "../stage/plates.mjs";

const [MOST_ROW_PX, LOW_ROW_PX] = [20, 14];
const MAP_PX = 168; // at most so high, as long as a row has six pixels
const ENDS = Object.freeze({
  difference: "0 the same · 1.41 nothing in common",
  cosine: "1 the same · 0 nothing in common",
  length: "orange longer in A · blue longer in B",
});
const NONE = "nothing is subtracted";
/** A window in which the page has little height, as css/pages/compare.css has it. */
const LOW = "(min-width: 1181px) and (max-height: 820px)";

export class PairMap {
  data = /** @type {Wire.PairMap} */ ({ by: "difference", keys: [], values: [], low: null, high: null, missing: "" });
  #asked = "";
  #abort = new AbortController();
  #closed = new AbortController();
  #drawn = "";
  #low = matchMedia(LOW);

  /** @param {import("./pair_words.mjs").PairWords} words that it lies under
   *  @param {HTMLElement} note
   *  @param {object} context
   *  @param {Record<string, any>} context.scales
   *  @param {(fields: {point: string}) => void} context.onSelect
   *  @param {() => void} context.onChange other numbers are here */
  constructor(words, note, { scales, onSelect, onChange }) {
    this.words = words;
    this.note = note;
    this.scales = scales;
    this.onChange = onChange;
    this.canvas = el("canvas", { class: "compare-map", role: "img" });
    this.labels = el("div", { class: "compare-map-rows" });
    words.inner.append(this.canvas);
    words.names.append(this.labels);
    words.scroller.addEventListener("scroll", () => this.#paint(), { passive: true });
    this.#low.addEventListener("change", () => this.resize(), { signal: this.#closed.signal });
    this.canvas.addEventListener("pointermove", (/** @type {MouseEvent} */ event) => {
      const { row, key, column } = this.#at(event);
      this.canvas.title = key ? `${key}: ${this.#words(row, column?.moment ?? -1)}` : "";
    });
    this.canvas.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const { key, column } = this.#at(event);
      if (key) onSelect({ point: key });
      if (column) words.seek(column);
    });
  }

  /** @param {string} query what is wanted now: recordings, alignment, measure, hook points */
  async want(query) {
    if (query === this.#asked) return;
    this.#asked = query;
    this.#abort.abort();
    const { signal } = (this.#abort = new AbortController());
    try {
      const ask = () => fetchJson(`/compare/map?${query}`, signal);
      this.data = await shownUntilAnswered(this.words.host, "The map did not come", ask, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.data = { ...this.data, keys: [], values: [], missing: /** @type {Error} */ (error).message };
    }
    this.resize();
    this.onChange();
  }

  /** How far apart the hook points are at a moment.
   *  @param {number} moment
   *  @returns {Record<string, number>|null} relative differences, 0 … 2; null where the map shows something else */
  between(moment) {
    const { by, keys, values } = this.data;
    const known = keys.map((key, row) => /** @type {const} */ ([key, values[row][moment] ?? NaN]));
    return by === "difference" ? Object.fromEntries(known.filter(([, value]) => Number.isFinite(value))) : null;
  }

  /** @returns {number[]} moments at which plates part; none where the map shows something else */
  get partings() {
    const { by, values } = this.data;
    return by === "difference" ? partingsOf(values, PARTED) : [];
  }

  /** @param {string} point the selected one */
  draw(point) {
    const { by, keys, missing } = this.data;
    const row = keys.indexOf(point);
    const here = row < 0 ? "" : ` · here ${plateLabel(point)}: ${this.#words(row, this.words.columns[this.words.column]?.moment ?? -1)}`;
    say(this.note, missing || `${ENDS[by]} · dashed: not subtracted${here}`);
    for (const label of this.labels.children) label.classList.toggle("is-selected", /** @type {HTMLElement} */ (label).title === point);
    this.#paint();
  }

  /** The rows and the canvas have the room that there is. */
  resize() {
    const { keys } = this.data;
    const every = Math.ceil(12 / this.#rowPx); // rows to a name
    this.ctx = sized(this.canvas, this.words.scroller.clientWidth, Math.max(1, keys.length) * this.#rowPx);
    this.words.host.style.setProperty("--map-px", this.canvas.style.height);
    this.labels.replaceChildren(...keys.map((key, i) => el("span", { title: key, text: i % every ? "" : nameOf(key).block || key })).reverse());
    this.canvas.setAttribute("aria-label", `Where they differ, ${keys.length} hook points under the words. The numbers of the moment stand below.`);
    this.#drawn = "";
    this.#paint();
  }

  get #rowPx() {
    return Math.max(6, Math.min(this.#low.matches ? LOW_ROW_PX : MOST_ROW_PX, Math.floor(MAP_PX / Math.max(1, this.data.keys.length))));
  }

  #paint() {
    const { ctx } = this;
    const { columns, cellPx } = this.words;
    const { scrollLeft, clientWidth } = this.words.scroller;
    const name = [scrollLeft, cellPx, theme()].join();
    if (!ctx || name === this.#drawn) return;
    this.#drawn = name;
    ctx.clearRect(0, 0, clientWidth, MAP_PX + this.data.keys.length * this.#rowPx);
    const last = Math.min(columns.length, Math.ceil((scrollLeft + clientWidth) / cellPx));
    this.#draw(ctx, { first: Math.floor(scrollLeft / cellPx), last, left: -scrollLeft, cellPx, isLight: theme() === "light" });
  }

  /** Some columns for a white ground.
   *  @param {number} first
   *  @param {number} last the one behind them
   *  @param {number} cellPx
   *  @returns {HTMLCanvasElement} */
  sheet(first, last, cellPx) {
    const canvas = el("canvas", { class: "compare-map" });
    const ctx = sized(canvas, (last - first) * cellPx, Math.max(1, this.data.keys.length) * this.#rowPx);
    if (ctx) this.#draw(ctx, { first, last, left: -first * cellPx, cellPx, isLight: true });
    return canvas;
  }

  /** @param {CanvasRenderingContext2D} ctx
   *  @param {{first: number, last: number, left: number, cellPx: number, isLight: boolean}} columns that are drawn; left: of column 0 */
  #draw(ctx, { first, last, left, cellPx, isLight }) {
    const { by, keys, values } = this.data;
    const rowPx = this.#rowPx;
    const colourOf = this.#colours(isLight);
    ctx.strokeStyle = getComputedStyle(this.canvas).getPropertyValue("--not-captured");
    ctx.font = "11.5px ui-monospace, DejaVu Sans Mono, monospace";
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    for (let i = first; i < last; i++) {
      const { isMatched, moment } = this.words.columns[i];
      ctx.setLineDash(isMatched ? [] : [2, 2]);
      for (const row of keys.keys()) {
        const [x, y, width, height] = [i * cellPx + left + 1, (keys.length - 1 - row) * rowPx + 1, cellPx - 2, rowPx - 2];
        const value = values[row][moment] ?? null;
        if (value === null) {
          ctx.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
          continue;
        }
        const rgb = colourOf(value);
        ctx.fillStyle = `rgb(${rgb.join(" ")})`;
        ctx.fillRect(x, y, width, height);
        if (by !== "difference" || value < PARTED || rowPx < 14) continue;
        ctx.fillStyle = rgb[0] + rgb[1] + rgb[2] > 380 ? "#061018" : "#ffffff";
        ctx.fillText(value.toFixed(2), x + width / 2, y + height / 2 + 0.5);
      }
    }
  }

  /** As the other maps have them (mri/panels/theme.py): what is nothing looks like the ground.
   *  @param {boolean} isLight
   *  @returns {(value: number) => number[]} red, green, blue */
  #colours(isLight) {
    const { by, values } = this.data;
    const { attention, comparison } = this.scales;
    if (by === "length") {
      const most = values.flat().reduce((/** @type {number} */ most, value) => Math.max(most, Math.abs(value ?? 0)), 1e-9);
      const style = getComputedStyle(this.canvas);
      const sides = [style.getPropertyValue("--side-a").trim(), "#ffffff", style.getPropertyValue("--side-b").trim()];
      const colour = colourMap(isLight ? sides.map((end, i) => [i / 2, end]) : comparison);
      return (value) => colour(0.5 + value / 2 / most);
    }
    const colour = colourMap(isLight ? attention.map((/** @type {[number, string]} */ [t], i = 0) => [t, attention.at(-1 - i)[1]]) : attention);
    return (value) => colour(Math.sqrt(Math.max(0, by === "cosine" ? 1 - value : value / Math.SQRT2)));
  }

  /** @param {MouseEvent} event
   *  @returns {{row: number, key: string|undefined, column: import("../core/moments.mjs").Column|undefined}} what lies there */
  #at({ clientX, clientY }) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const row = this.data.keys.length - 1 - Math.floor((clientY - top) / this.#rowPx);
    return { row, key: this.data.keys[row], column: this.words.columns[Math.floor((clientX - left + this.words.scroller.scrollLeft) / this.words.cellPx)] };
  }

  /** @param {number} row
   *  @param {number} moment −1: not matched
   *  @returns {string} its number, and the range in which it is certain to lie */
  #words(row, moment) {
    const { values, low, high } = this.data;
    const value = values[row][moment] ?? null;
    if (value === null) return moment < 0 ? `${NONE} here` : "not known";
    const [least, most] = [low?.[row][moment] ?? NaN, high?.[row][moment] ?? NaN];
    if (Number.isNaN(most - least)) return formatValue(value);
    return `${formatValue(value)} (${most - least < 2e-3 ? "exact" : `certain: ${formatValue(least)} … ${formatValue(most)}`})`;
  }

  close() {
    this.#abort.abort();
    this.#closed.abort();
  }
}
