/**
 * The stage: plates of glowing neurons on a canvas, its legend, and what is under the pointer.
 *
 * One component among others, replaceable as a whole: it is given frames and a selection, and says what was picked.
 * Knows the mouse and the canvas; refuses to know the clock, the network and Plotly.
 */

import { colourMap } from "../core/colour.mjs";
import { formatBound, formatReading, formatValue } from "../core/format.mjs";
import { bound, captured, hookPoint, reading } from "../core/layout.mjs";
import { MARK } from "../core/quantization.mjs";
import { boundText, drawMark, paintGround, paintNeurons } from "../draw/paint.mjs";
import { hit, placePlates, plateKeys } from "../draw/plates.mjs";
import { coreRadius, makeSprites } from "../draw/sprites.mjs";
import { el, sized } from "./dom.mjs";


export class Stage {
  /** @type {import("../draw/plates.mjs").Plate[]} */
  plates = [];
  /** @type {import("../core/wire.mjs").Frame|null} */
  frame = null;
  /** @type {import("../draw/paint.mjs").Scene|null} */
  #scene = null;
  #ground = document.createElement("canvas");
  #groundOf = "";
  #single = false;
  #signed = false;
  #size = { width: 0, height: 0 };
  /** @type {{x: number, y: number, clientX: number, clientY: number}|null} */
  #pointer = null;

  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {import("../core/layout.mjs").Layout} context.layout
   *  @param {Record<string, any>} context.scales assets/scales.json
   *  @param {Record<string, number>} context.fullScale hook point -> magnitude at the top of the colour scale
   *  @param {(picked: {point: string, neuron?: number}) => void} context.onPick
   *  @param {() => void} context.needsRedraw */
  constructor(host, context) {
    this.host = host;
    this.context = context;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.says = el("p", { class: "visually-hidden", role: "status" });
    this.tip = el("div", { class: "mri-tip", hidden: true });
    this.legend = el("div", { class: "mri-legend" });
    host.replaceChildren(this.canvas, this.legend, this.says, this.tip);
    this.ctx = this.canvas.getContext("2d");
    if (!this.ctx) {
      host.append(el("p", { class: "mri-loading", text: "This browser gives no canvas: the charts beside show every step." }));
    }
    this.canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.#move(event));
    this.canvas.addEventListener("pointerleave", () => this.#leave());
    this.canvas.addEventListener("click", (/** @type {PointerEvent} */ event) => this.#click(event));
    this.canvas.addEventListener("dblclick", () => this.#toggleSingle());
    this.observer = new ResizeObserver(() => {
      this.#groundOf = "";
      context.needsRedraw();
    });
    this.observer.observe(host);
  }

  close() {
    this.observer.disconnect();
  }

  /** @param {import("../core/wire.mjs").Frame} frame
   *  @param {string} point
   *  @returns {number} the strongest captured neuron, 0 where there is none */
  strongest(frame, point) {
    const found = captured(frame, this.context.layout, point);
    let best = -1;
    found?.values.forEach((value, i) => {
      if (Math.abs(value) > Math.abs(found.values[best] ?? 0)) best = i;
    });
    return best < 0 ? 0 : found?.indices ? found.indices[best] : best;
  }

  /** @param {import("../core/wire.mjs").Frame} frame
   *  @param {{point: string|null, neuron: number|null}} selected */
  draw(frame, selected) {
    this.frame = frame;
    if (!this.ctx) return;
    const theme = [selected.point, selected.neuron, this.#single, this.#signed].join();
    if (theme !== this.#groundOf) this.#place(selected, theme);
    const { ctx } = this;
    ctx.save();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.globalCompositeOperation = "copy";
    ctx.drawImage(this.#ground, 0, 0);
    ctx.restore();
    paintNeurons(ctx, /** @type {any} */ (this.#scene), frame);
    if (this.#pointer) this.#showTip();
  }

  /** @param {{point: string|null, neuron: number|null}} selected
   *  @param {string} name of this arrangement */
  #place(selected, name) {
    const { layout, scales, fullScale } = this.context;
    const [width, height] = [this.host.clientWidth, this.host.clientHeight];
    if (width !== this.#size.width || height !== this.#size.height) {
      this.#size = { width, height };
      this.ctx = sized(this.canvas, width, height);
    }
    const keys = this.#single ? [selected.point ?? ""] : plateKeys(layout, selected.point ?? "");
    const points = keys.map((key) => hookPoint(layout, key));
    this.#drawLegend(selected.point ?? "");
    this.plates = placePlates(points, width, height - this.legend.offsetHeight - 6);
    const { cellPx } = this.plates[0];
    const ratio = this.canvas.width / width;
    const previous = this.#scene;
    const isSame = previous && previous.plates[0].cellPx === cellPx && previous.signed === this.#signed;
    const magnitude = isSame ? previous.positive : makeSprites(this.#signed ? half(scales.signed, 1) : scales.temperature, cellPx, ratio);
    const negative = isSame ? previous.negative : this.#signed ? makeSprites(half(scales.signed, -1), cellPx, ratio) : magnitude;
    this.#scene = { layout, plates: this.plates, fullScale, positive: magnitude, negative, marks: scales.marks, selected, signed: this.#signed };
    const ground = /** @type {CanvasRenderingContext2D} */ (sized(this.#ground, width, height));
    paintGround(ground, this.#scene);
    this.#groundOf = name;
  }

  #toggleSingle() {
    this.#single = !this.#single;
    this.context.needsRedraw();
  }

  /** @param {string} key */
  #drawLegend(key) {
    const { scales, fullScale, layout } = this.context;
    const top = fullScale[key];
    const { unit } = hookPoint(layout, key);
    const button = (/** @type {string} */ text, /** @type {boolean} */ pressed, /** @type {() => void} */ act, /** @type {string} */ title) =>
      el("button", { type: "button", text, title, "aria-pressed": String(pressed), on: { click: act } });
    const scale = el("canvas", { role: "img", "aria-label": `Dots grow and go from blue over white and yellow to red up to ${formatValue(top)}` });
    drawScale(scale, this.#signed ? half(scales.signed, 1) : scales.temperature, this.#signed ? half(scales.signed, -1) : null);
    const end = `≥ ${formatValue(top)}`;
    const parts = [
      el(
        "span",
        { class: "mri-scale", title: `Magnitude (${unit}) of ${key}. Full scale: what 90 % of the steps have as 99th percentile.` },
        this.#signed ? `≤ −${end.slice(2)}` : "|x| 0",
        scale,
        end,
      ),
      ...MARKS.map(([name, value, mark]) => el("span", {}, markSwatch(value, mark, scales.marks), name)),
      el(
        "span",
        { class: "mri-tools" },
        button("± sign", this.#signed, () => {
          this.#signed = !this.#signed;
          this.context.needsRedraw();
        }, "Colour by sign: blue negative, red positive"),
        button("one plate", this.#single, () => this.#toggleSingle(), "Only the selected hook point, large (or double-click)"),
      ),
    ];
    this.legend.replaceChildren(...parts);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    this.#pointer = { x: event.offsetX, y: event.offsetY, clientX: event.clientX, clientY: event.clientY };
    this.#showTip();
  }

  #leave() {
    this.#pointer = null;
    this.tip.hidden = true;
  }

  /** @param {PointerEvent} event */
  #click(event) {
    const found = hit(this.plates, event.offsetX, event.offsetY);
    if (!found) return;
    this.context.onPick(found.neuron === null ? { point: found.plate.key } : { point: found.plate.key, neuron: found.neuron });
  }

  /** The value under the pointer: hook point, neuron, exact value with unit, rank. */
  #showTip() {
    const pointer = /** @type {any} */ (this.#pointer);
    const found = hit(this.plates, pointer.x, pointer.y);
    this.tip.hidden = !found || !this.frame;
    if (!found || !this.frame) return;
    const { key } = found.plate;
    const { layout } = this.context;
    if (found.neuron === null) {
      const most = boundText(this.frame, layout, key);
      this.tip.replaceChildren(el("b", { text: key }), el("div", { text: `${found.plate.width} neurons${most ? `; ${most}` : ""}` }));
    } else {
      const { unit } = hookPoint(layout, key);
      const read = reading(this.frame, layout, key, found.neuron);
      const isNumber = read.mark === MARK.value;
      const text = isNumber ? exact(read.value) : formatReading(read);
      this.tip.replaceChildren(
        el("div", {}, el("b", { text: key }), ` · neuron ${found.neuron}`),
        el("div", { class: "mri-value", text: isNumber ? `${text} ${unit}` : text }),
        el("div", { class: "mri-muted", text: rankText(this.frame, layout, key, found.neuron) }),
      );
    }
    const { offsetWidth, offsetHeight } = this.tip;
    const left = Math.min(pointer.clientX + 16, innerWidth - offsetWidth - 8);
    this.tip.style.left = `${Math.max(8, left)}px`;
    this.tip.style.top = `${Math.max(8, Math.min(pointer.clientY + 16, innerHeight - offsetHeight - 8))}px`;
  }
}

/** @type {[string, number, number][]} what the legend lists: name, value, mark */
const MARKS = [
  ["not captured", NaN, MARK.notCaptured],
  ["zero", 0, MARK.value],
  ["NaN", NaN, MARK.nan],
  ["±∞", Infinity, MARK.plusInfinity],
  ["clipped", 65504, MARK.clipped],
];

/** All digits that a float32 has.
 *  @param {number} value
 *  @returns {string} */
export function exact(value) {
  return String(Number(value.toPrecision(7))).replace("-", "−");
}

/** @param {import("../core/wire.mjs").Frame} frame
 *  @param {import("../core/layout.mjs").Layout} layout
 *  @param {string} key
 *  @param {number} neuron
 *  @returns {string} */
function rankText(frame, layout, key, neuron) {
  const found = captured(frame, layout, key);
  const { width } = hookPoint(layout, key);
  if (!found) return "statistics only in this step";
  const place = found.indices ? Array.prototype.indexOf.call(found.indices, neuron) : neuron;
  const most = bound(frame, layout, key);
  if (place < 0) return Number.isNaN(most) ? "not sampled" : `weaker than the ${found.values.length} kept: ${formatBound(most)}`;
  const own = Math.abs(found.values[place]);
  let rank = 1;
  for (const value of found.values) if (Math.abs(value) > own) rank++;
  return `rank ${rank} of ${width} by magnitude`;
}

/** One side of the signed scale, from near the middle outwards: the middle itself is the ground's colour, and a small
 *  captured value must still be seen.
 *  @param {[number, string][]} stops
 *  @param {1|-1} sign
 *  @returns {[number, string][]} */
function half(stops, sign) {
  const colour = colourMap(stops);
  const hex = (/** @type {number} */ share) => colour(0.5 + sign * share * 0.5).map((part) => part.toString(16).padStart(2, "0")).join("");
  return [0, 0.25, 0.5, 0.75, 1].map((t) => [t, `#${hex(0.3 + 0.7 * t)}`]);
}

/** Dots of the scale from small to large, as they are on the plates.
 *  @param {HTMLCanvasElement} canvas
 *  @param {[number, string][]} stops
 *  @param {[number, string][]|null} negative */
function drawScale(canvas, stops, negative) {
  const [count, cell] = [11, 13];
  const ctx = sized(canvas, count * cell, 18);
  if (!ctx) return;
  for (let i = 0; i < count; i++) {
    const share = negative ? Math.abs(i - (count - 1) / 2) / ((count - 1) / 2) : i / (count - 1);
    const side = negative && i < (count - 1) / 2 ? negative : stops;
    ctx.fillStyle = colourAt(side, share);
    ctx.beginPath();
    ctx.arc((i + 0.5) * cell, 9, coreRadius(share, cell), 0, 2 * Math.PI);
    ctx.fill();
  }
}

/** @param {[number, string][]} stops
 *  @param {number} t
 *  @returns {string} */
function colourAt(stops, t) {
  const [r, g, b] = colourMap(stops)(t);
  return `rgb(${r},${g},${b})`;
}

/** @param {number} value
 *  @param {number} mark
 *  @param {Record<string, string>} colours
 *  @returns {HTMLCanvasElement} */
function markSwatch(value, mark, colours) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const ctx = sized(canvas, 14, 14);
  if (!ctx) return canvas;
  if (mark === MARK.notCaptured) {
    ctx.fillStyle = colours.not_captured;
    ctx.fillRect(6, 6, 2, 2);
  } else drawMark(ctx, value, mark, 7, 7, 4, colours);
  return canvas;
}
