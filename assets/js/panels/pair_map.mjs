/**
 * How far apart two recordings are, hook points × columns of their words: a canvas over the part in sight, what is under the
 * pointer, and the number of the moment that is shown.
 *
 * Knows the answer of /compare/map. Refuses to know the clock; the columns are those of pair_words.mjs.
 */

import { colourMap } from "../core/colour.mjs";
import { formatValue } from "../core/format.mjs";
import { fetchJson } from "../run/http.mjs";
import { el, say, sized } from "../shell/dom.mjs";
import { shownUntilAnswered } from "../shell/failed.mjs";
import { theme } from "../shell/shell.mjs";
import { placeTip } from "../shell/tip.mjs";
import { plateLabel } from "../stage/plates.mjs";

const UNRELATED = Math.SQRT2;
const MOST_ROW_PX = 20;
const MAP_PX = 168; // at most so high, as long as a row has six pixels
const NUMBERS_FROM = 0.6; // of what is largest
const ENDS = Object.freeze({
  difference: "0 the same · 1.41 nothing in common",
  cosine: "1 the same · 0 nothing in common",
  length: "orange longer in A · blue longer in B",
});

export class PairMap {
  /** @type {Wire.PairMap|null} */
  data = null;
  #asked = "";
  #abort = new AbortController();
  #now = { column: -1, point: "" };
  #drawn = "";
  #width = 0;

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
    this.tip = el("div", { class: "mri-tip", hidden: true });
    words.inner.append(this.canvas);
    words.names.append(this.labels);
    words.scroller.after(this.tip);
    words.scroller.addEventListener("scroll", () => this.#paint(), { passive: true });
    this.canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.#showTip(event));
    this.canvas.addEventListener("pointerleave", () => (this.tip.hidden = true));
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
      this.data = await shownUntilAnswered(this.words.host, "The map did not come", () => fetchJson(`/compare/map?${query}`, signal), signal);
    } catch (error) {
      if (signal.aborted) return;
      this.data = { by: "difference", keys: [], values: [], low: null, high: null, missing: /** @type {Error} */ (error).message };
    }
    this.resize();
    this.onChange();
  }

  /** How far apart the hook points are at a moment.
   *  @param {number} moment
   *  @returns {Record<string, number>|null} relative differences, 0 … 2; null where the map shows something else */
  between(moment) {
    if (this.data?.by !== "difference") return null;
    const { keys, values } = this.data;
    return Object.fromEntries(keys.map((key, row) => [key, values[row][moment] ?? NaN]).filter(([, value]) => Number.isFinite(value)));
  }

  /** @param {string} point the selected one */
  draw(point) {
    const { column } = this.words;
    this.#now = { column, point };
    const { keys = [], by = "difference", missing = "" } = this.data ?? {};
    const row = keys.indexOf(point);
    const moment = this.words.columns[column]?.moment ?? -1;
    const legend = `${ENDS[by]} · dashed: not the same word, nothing is subtracted`;
    const here = row < 0 ? "" : moment < 0 ? `${plateLabel(point)}: nothing is subtracted here` : `${plateLabel(point)}: ${this.#words(row, moment)}`;
    say(this.note, missing || (here ? `${legend} · here ${here}` : legend));
    for (const [i, label] of [...this.labels.children].entries()) label.classList.toggle("is-selected", keys.length - 1 - i === row);
    this.#paint();
  }

  /** The rows and the canvas have the room that there is. */
  resize() {
    const { keys = [] } = this.data ?? {};
    const rowPx = this.#rowPx;
    const height = Math.max(1, keys.length) * rowPx;
    const every = Math.ceil(12 / rowPx);
    this.#width = this.words.scroller.clientWidth;
    this.ctx = sized(this.canvas, this.#width, height);
    this.words.host.style.setProperty("--map-px", `${height}px`);
    const names = keys.map((key, i) =>
      el("span", { title: key, text: i % every ? "" : (/^block\.(\d+)\./.exec(key)?.[0].slice(0, -1).replace(".", " ") ?? key.split(".")[0]) }),
    );
    this.labels.replaceChildren(...names.reverse());
    this.canvas.setAttribute(
      "aria-label",
      `Where they differ: ${keys.length} hook points under ${this.words.columns.length} columns of words. The line below has the number of the moment; its table is under Take away.`,
    );
    this.#drawn = "";
    this.draw(this.#now.point);
  }

  get #rowPx() {
    return Math.max(6, Math.min(MOST_ROW_PX, Math.floor(MAP_PX / Math.max(1, this.data?.keys.length ?? 1))));
  }

  #paint() {
    const { ctx, data } = this;
    const { scroller, columns, cellPx } = this.words;
    const { scrollLeft } = scroller;
    const name = [scrollLeft, cellPx, theme(), this.#asked].join();
    if (!ctx || name === this.#drawn) return;
    this.#drawn = name;
    const style = getComputedStyle(this.canvas);
    const [line, none] = ["--line", "--not-captured"].map((variable) => style.getPropertyValue(variable).trim());
    const rowPx = this.#rowPx;
    const rows = data?.keys.length ?? 0;
    const colourOf = this.#colours();
    ctx.clearRect(0, 0, this.#width, Math.max(1, rows) * rowPx);
    ctx.font = "11.5px ui-monospace, DejaVu Sans Mono, monospace";
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    const last = Math.min(columns.length, Math.ceil((scrollLeft + this.#width) / cellPx));
    for (let i = Math.floor(scrollLeft / cellPx); i < last; i++) {
      const { isMatched, moment } = columns[i];
      for (let row = 0; row < rows; row++) {
        const [x, y, width, height] = [i * cellPx - scrollLeft + 1, (rows - 1 - row) * rowPx + 1, cellPx - 2, rowPx - 2];
        const value = moment >= 0 ? (data?.values[row][moment] ?? null) : null;
        ctx.setLineDash(isMatched ? [] : [2, 2]);
        ctx.strokeStyle = isMatched ? none : line;
        if (value === null) {
          ctx.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
          continue;
        }
        const [red, green, blue] = colourOf(value);
        ctx.fillStyle = `rgb(${red} ${green} ${blue})`;
        ctx.fillRect(x, y, width, height);
        if (data?.by !== "difference" || value < NUMBERS_FROM || rowPx < 14) continue;
        ctx.fillStyle = red + green + blue > 380 ? "#061018" : "#ffffff";
        ctx.fillText(value.toFixed(2), x + width / 2, y + height / 2 + 0.5);
      }
    }
  }

  /** As the page's other maps have them (mri/panels/theme.py): what is nothing looks like the ground.
   *  @returns {(value: number) => number[]} red, green, blue */
  #colours() {
    const { by = "difference", values = [] } = this.data ?? {};
    const isLight = theme() === "light";
    const { attention, comparison } = this.scales;
    if (by === "length") {
      const most = values.flat().reduce((most, value) => Math.max(/** @type {number} */ (most), Math.abs(value ?? 0)), 0) || 1;
      const colour = colourMap(
        isLight
          ? [
              [0, "#a85b00"],
              [0.5, "#ffffff"],
              [1, "#1c5fc4"],
            ]
          : comparison,
      );
      return (value) => colour(0.5 + value / 2 / /** @type {number} */ (most));
    }
    const colour = colourMap(
      isLight ? attention.map((/** @type {[number, string]} */ [t], /** @type {number} */ i) => [t, attention.at(-1 - i)[1]]) : attention,
    );
    return (value) => colour(Math.sqrt(Math.min(1, Math.max(0, by === "cosine" ? 1 - value : value / UNRELATED))));
  }

  /** @param {MouseEvent} event
   *  @returns {{key: string|undefined, row: number, column: import("../core/moments.mjs").Column|undefined}} what lies there */
  #at({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    const keys = this.data?.keys ?? [];
    const row = keys.length - 1 - Math.floor((clientY - box.top) / this.#rowPx);
    const column = this.words.columns[Math.floor((clientX - box.left + this.words.scroller.scrollLeft) / this.words.cellPx)];
    return { key: keys[row], row, column };
  }

  /** @param {PointerEvent} event */
  #showTip(event) {
    const { key, row, column } = this.#at(event);
    const moment = column?.moment ?? -1;
    this.tip.hidden = !key;
    if (!key) return;
    const words = moment < 0 ? "not the same word: nothing is subtracted" : this.#words(row, moment);
    this.tip.replaceChildren(el("b", { text: key }), el("div", { text: words }));
    placeTip(this.tip, event.clientX + 14, event.clientY + 14);
  }

  /** @param {number} row
   *  @param {number} moment
   *  @returns {string} its number, and the range in which it is certain to lie */
  #words(row, moment) {
    const { values, low, high } = /** @type {Wire.PairMap} */ (this.data);
    const value = values[row][moment];
    if (value === null || value === undefined) return "not known";
    const [least, most] = [low?.[row][moment] ?? NaN, high?.[row][moment] ?? NaN];
    const isExact = most - least < 2e-3;
    return (
      formatValue(value) + (Number.isNaN(most - least) ? "" : isExact ? " (exact)" : ` (likeliest; certain: ${formatValue(least)} … ${formatValue(most)})`)
    );
  }

  close() {
    this.#abort.abort();
  }
}
