/**
 * The drawn part of the list of hook points: per row a line over steps, bars on the shared axis, one number.
 *
 * One canvas over the rows in sight; the lines over steps are drawn once to a canvas aside and copied.
 * Knows statistics and places. Refuses to know the mouse, the keyboard and the order of rows.
 */

import { spreadOf } from "./bars.mjs";
import { placesOf } from "../core/hook_list.mjs";
import { pixelColumns } from "../core/lanes.mjs";
import { rowInArray, stats } from "../core/layout.mjs";
import { sized } from "../shell/dom.mjs";
import { theme } from "../shell/shell.mjs";

const LINE_HEIGHT_PX = 20;
const NUMBER_PX = 48;
const LINE_PX = 34;
const [WIDE_LINE_PX, ROOM_PX] = [68, 10]; // where a line stands alone, and what is left beside it
const GAP_PX = 6;
const LEAST_PX = 120; // of a list that has lines over steps beside its bars

/** Rows of the canvas aside that stand under each other: no browser's canvas is higher than it may be. */
const LINES_PER_COLUMN = 128;

const COLOURS = ["bar", "text", "not-captured", "muted", "selected", "side-b"]; // CSS variables

export class LayerBars {
  /** Words on a canvas in the page make the browser compute all styles that changed: so they are written aside. */
  #aside = document.createElement("canvas");
  #words = /** @type {CanvasRenderingContext2D|null} */ (null);
  #ctx = /** @type {CanvasRenderingContext2D|null} */ (null);
  #lines = /** @type {HTMLCanvasElement|null} */ (null);
  #series = /** @type {import("../core/types.mjs").Series|null} */ (null);
  #places = placesOf("asinh", 1, 1);
  #scale = /** @type {import("../core/hook_list.mjs").Scale} */ ("asinh");
  #marks = /** @type {import("../core/hook_list.mjs").Marks} */ ("all");
  #colours = /** @type {Record<string, string>} */ ({});
  #theme = "";
  #width = 0;
  #height = 0;

  /** @param {HTMLCanvasElement} canvas
   *  @param {import("../core/layout.mjs").Layout} layout */
  constructor(canvas, layout) {
    this.canvas = canvas;
    this.layout = layout;
  }

  /** Width of the line over steps, 0 where there is none. */
  get #linePx() {
    if (this.#marks === "l2") return Math.max(0, Math.min(WIDE_LINE_PX, this.#width - NUMBER_PX - ROOM_PX));
    return this.#marks === "all" && this.#width >= LEAST_PX ? LINE_PX : 0;
  }

  /** Where the bars are within the canvas: [left, width], CSS pixels. A narrow list has no lines over steps. */
  get bars() {
    const left = this.#linePx ? this.#linePx + GAP_PX : 4;
    return [left, Math.max(20, this.#width - left - NUMBER_PX - GAP_PX)];
  }

  /** @param {number} width CSS pixels
   *  @param {number} height CSS pixels */
  resize(width, height) {
    this.#width = width;
    this.#height = height;
    this.#ctx = sized(this.canvas, width, height);
    this.#words = sized(this.#aside, NUMBER_PX, height);
    if (!this.#words) return;
    this.#words.font = "11.5px ui-monospace, DejaVu Sans Mono, monospace";
    this.#words.textAlign = "right";
    this.#words.textBaseline = "middle";
  }

  /** @param {import("../core/hook_list.mjs").Scale} scale
   *  @param {number} limit magnitude at the ends of the shared axis
   *  @param {import("../core/hook_list.mjs").Marks} [marks] */
  setScale(scale, limit, marks = "all") {
    this.#scale = scale;
    if (marks !== this.#marks) this.#lines = null; // of another width
    this.#marks = marks;
    this.#places = placesOf(scale, limit, this.bars[1]);
  }

  /** @param {import("../core/types.mjs").Series} series of l2 */
  setSeries(series) {
    this.#series = series;
    this.#lines = null;
  }

  /** @param {import("../core/wire.mjs").Frame} frame
   *  @param {object} rows
   *  @param {readonly string[]} rows.keys in the order shown
   *  @param {number} rows.scrollTop CSS pixels
   *  @param {number} rows.rowPx height of a row
   *  @param {(key: string) => string} rows.number text of a row's number
   *  @param {number} rows.numSteps
   *  @param {import("../core/types.mjs").Lane} [rows.other] lane beside it */
  draw(frame, { keys, scrollTop, rowPx, number, numSteps, other }) {
    const [ctx, words] = [this.#ctx, this.#words];
    if (!ctx || !words) return;
    this.#followTheme();
    ctx.clearRect(0, 0, this.#width, this.#height);
    words.clearRect(0, 0, NUMBER_PX, this.#height);
    words.fillStyle = this.#colours.text;
    const [left, width] = this.bars;
    const first = Math.floor(scrollTop / rowPx);
    const last = Math.min(keys.length - 1, Math.floor((scrollTop + this.#height) / rowPx));
    ctx.fillStyle = this.#colours["not-captured"];
    const hasAxis = this.#marks !== "l2" && this.#marks !== "sparsity";
    if (hasAxis) ctx.fillRect(left + width / 2 - 0.5, 0, 1, (last + 1) * rowPx - scrollTop);
    for (let i = first; i <= last; i++) {
      const y = (i + 0.5) * rowPx - scrollTop;
      if (this.#linePx) this.#drawLine(ctx, keys[i], y, frame.header.step, numSteps);
      if (this.#marks !== "l2") this.#drawBar(ctx, frame, keys[i], left, width, y);
      const isShared = hasAxis && other?.frame && other.run.layout.rows.has(keys[i]) && this.#scale !== "own"; // a row's own scale is the first one's
      if (isShared) this.#drawOther(ctx, stats(/** @type {any} */ (other.frame), other.run.layout, keys[i]), y);
      words.fillText(number(keys[i]), NUMBER_PX - 4, y + 0.5);
    }
    ctx.drawImage(this.#aside, this.#width - NUMBER_PX, 0, NUMBER_PX, this.#height);
  }

  /** @param {CanvasRenderingContext2D} ctx
   *  @param {import("../core/wire.mjs").Frame} frame
   *  @param {string} key
   *  @param {number} left
   *  @param {number} width
   *  @param {number} middle of the row */
  #drawBar(ctx, frame, key, left, width, middle) {
    if (!frame.arrays.stats || rowInArray(frame, this.layout, "stats", key) === null) return;
    const { mean, std, min, max, p99, l2, sparsity } = stats(frame, this.layout, key);
    const own = this.#scale === "own" ? placesOf("own", Math.max(Math.abs(min), Math.abs(max)), width) : this.#places;
    const x = (/** @type {number} */ value) => left + own(value);
    const { bar, text, muted } = this.#colours;
    const has = (/** @type {string} */ mark) => this.#marks === "all" || this.#marks === mark;
    ctx.fillStyle = bar;
    if (has("ends")) ctx.fillRect(x(min), middle - 1, Math.max(1, x(max) - x(min)), 2);
    const [least, most] = spreadOf({ mean, std, min, max });
    if (has("spread")) ctx.fillRect(x(least), middle - 4, Math.max(1, x(most) - x(least)), 8);
    ctx.fillStyle = muted;
    for (const place of has("p99") ? [x(p99), ...(min < 0 ? [x(-p99)] : [])] : []) ctx.fillRect(place - 0.75, middle - 3, 1.5, 6);
    ctx.fillStyle = text;
    if (has("spread")) ctx.fillRect(x(mean) - 1, middle - 5, 2, 10);
    ctx.fillStyle = muted;
    if (this.#marks === "all") ctx.fillRect(left, middle + 6.5, sparsity * width, 1.5);
    else if (has("sparsity")) ctx.fillRect(left, middle - 3, sparsity * width, 6);
    if (this.#scale === "own" || this.#marks !== "all") return; // an l2 is beyond the largest magnitude
    ctx.fillStyle = text;
    const place = x(l2);
    ctx.fillRect(place - 1.5, middle - 1.5, 3, 3);
    if (place >= left + width) ctx.fillRect(place, middle - 4, 1.5, 8); // at the end: there, or beyond
  }

  /** Of the lane beside it, on the scale of the first: mean ± std over the bar, and l2.
   *  @param {CanvasRenderingContext2D} ctx
   *  @param {ReturnType<typeof stats>} of
   *  @param {number} middle of the row */
  #drawOther(ctx, { mean, std, l2 }, middle) {
    const [left, width] = this.bars;
    const x = (/** @type {number} */ value) => Math.min(left + width, left + this.#places(value));
    ctx.fillStyle = this.#colours["side-b"];
    ctx.fillRect(x(mean - std), middle - 7, Math.max(2, x(mean + std) - x(mean - std)), 2);
    ctx.fillRect(x(l2) - 1.5, middle - 7.5, 3, 3);
  }

  /** @param {CanvasRenderingContext2D} ctx
   *  @param {string} key
   *  @param {number} middle of the row
   *  @param {number} step
   *  @param {number} numSteps */
  #drawLine(ctx, key, middle, step, numSteps) {
    if (!this.#series) return;
    const linePx = this.#linePx;
    this.#lines ??= linesOf(this.#series, this.layout.points.length, this.#colours.muted, linePx);
    const ratio = this.#lines.width / (Math.ceil(this.layout.points.length / LINES_PER_COLUMN) * linePx);
    const row = this.layout.rows.get(key) ?? 0;
    const [fromX, fromY] = [Math.floor(row / LINES_PER_COLUMN) * linePx * ratio, (row % LINES_PER_COLUMN) * LINE_HEIGHT_PX * ratio];
    ctx.drawImage(this.#lines, fromX, fromY, linePx * ratio, LINE_HEIGHT_PX * ratio, 0, middle - LINE_HEIGHT_PX / 2, linePx, LINE_HEIGHT_PX);
    ctx.fillStyle = this.#colours.selected;
    ctx.fillRect((numSteps > 1 ? step / (numSteps - 1) : 0) * (linePx - 1), middle - 7, 1, 14);
  }

  #followTheme() {
    if (theme() === this.#theme) return;
    this.#theme = theme();
    const style = getComputedStyle(this.canvas);
    this.#colours = Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    this.#lines = null;
  }
}

/** Lines over steps, each from 0 to its own largest value; where nothing was captured there is none.
 *  @param {import("../core/types.mjs").Series} series
 *  @param {number} numRows
 *  @param {string} colour
 *  @param {number} linePx width of a line
 *  @returns {HTMLCanvasElement} */
function linesOf({ points, surprise, stride = surprise.length }, numRows, colour, linePx) {
  const canvas = document.createElement("canvas");
  const ctx = sized(canvas, Math.ceil(numRows / LINES_PER_COLUMN) * linePx, Math.min(numRows, LINES_PER_COLUMN) * LINE_HEIGHT_PX);
  if (!ctx) return canvas;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  for (let row = 0; row < numRows; row++) {
    const columns = pixelColumns(points.subarray(row * stride, row * stride + surprise.length), linePx);
    const top = columns.reduce((most, value) => (value > most ? value : most), 0) || 1;
    const [left, bottom] = [Math.floor(row / LINES_PER_COLUMN) * linePx, ((row % LINES_PER_COLUMN) + 1) * LINE_HEIGHT_PX - 4];
    ctx.beginPath();
    columns.forEach((value, i) => {
      const [x, y] = [left + (columns.length > 1 ? (i / (columns.length - 1)) * (linePx - 1) : 0) + 0.5, bottom - (value / top) * (LINE_HEIGHT_PX - 8)];
      if (Number.isNaN(columns[i - 1])) ctx.moveTo(x, y);
      else ctx.lineTo(x, y); // nothing where the value is NaN
    });
    ctx.stroke();
  }
  return canvas;
}
