/**
 * Paints plates of neurons from one frame each: halos added up, cores on top, a mark for everything that is no number.
 *
 * Every pixel that glows is a captured value of this very step. Knows canvas and the frame's accessors;
 * refuses to know the clock, the mouse and the page.
 */

import { rowInArray, stats } from "../core/layout.mjs";
import { MARK, markOf } from "../core/quantization.mjs";
import { formatValue } from "../core/format.mjs";
import { watchFromName } from "../core/watched.mjs";
import { differenceText, valuesOf } from "./lanes.mjs";
import { centreOf } from "./plates.mjs";
import { levelOf } from "./sprites.mjs";

/** @typedef {import("../core/types.mjs").Lane} Lane */
/** @typedef {import("./plates.mjs").Plate} Plate */

/** @typedef {object} Scene
 *  @property {string[]} labels of the lanes
 *  @property {Plate[]} plates
 *  @property {Record<string, number>} fullScale hook point -> magnitude at the top of the colour scale
 *  @property {import("./sprites.mjs").Sprites} positive
 *  @property {import("./sprites.mjs").Sprites} negative the same as `positive` unless sign is shown
 *  @property {import("../core/groups.mjs").Groups|null} groups that colour the dots
 *  @property {import("./sprites.mjs").Sprites[]} grouped by place of the group's colour
 *  @property {Record<string, string>} marks colours of scales.json
 *  @property {{point: string|null, neuron: number|null}} selected
 *  @property {readonly string[]} watched "<hook point>:<neuron>"
 *  @property {"none"|"sign"|"difference"} sign what two colours mean */

const EDGE_PX = 7;

/** @param {number} cellPx
 *  @returns {number} side of the mark of "not captured": not wider than the smallest core */
function dotSide(cellPx) {
  return Math.max(0.5, Math.min(2, cellPx * 0.14));
}

/** The plates themselves with their labels: what does not change from step to step.
 *  @param {CanvasRenderingContext2D} ctx
 *  @param {Scene} scene */
export function paintGround(ctx, scene) {
  const { plates, selected, labels } = scene;
  ctx.textBaseline = "alphabetic";
  for (const plate of plates) {
    const isSelected = plate.key === selected.point;
    const [x, y] = [plate.x - EDGE_PX, plate.y - EDGE_PX];
    const [w, h] = [plate.cols * plate.cellPx + 2 * EDGE_PX, plate.rows * plate.cellPx + 2 * EDGE_PX];
    const fill = ctx.createLinearGradient(x, y, x, y + h);
    fill.addColorStop(0, isSelected ? "rgba(52,98,130,0.30)" : "rgba(38,58,86,0.26)");
    fill.addColorStop(1, isSelected ? "rgba(30,66,92,0.16)" : "rgba(22,36,56,0.16)");
    ctx.beginPath();
    ctx.roundRect(x + 0.5, y + 0.5, w - 1, h - 1, 6);
    ctx.fillStyle = fill;
    ctx.fill();
    ctx.shadowColor = isSelected ? "rgba(255,255,255,0.5)" : "transparent";
    ctx.shadowBlur = isSelected ? 14 : 0;
    ctx.strokeStyle = isSelected ? "rgba(255,255,255,0.9)" : "rgba(74,108,150,0.42)";
    ctx.lineWidth = 1;
    ctx.stroke();
    ctx.shadowBlur = 0;
    ctx.font = "11px system-ui, sans-serif";
    ctx.textAlign = "left";
    ctx.fillStyle = isSelected ? "#ffffff" : "#8fa2bb";
    ctx.fillText(labels.length > 1 ? `${labels[plate.lane]} · ${plate.label.replace(/ · .*/, "")}` : plate.label, x + 1, y - 6, w - 2);
    paintDots(ctx, scene, plate);
  }
}

/** @param {CanvasRenderingContext2D} ctx cleared to the ground
 *  @param {Scene} scene
 *  @param {Lane[]} lanes */
export function paintNeurons(ctx, scene, lanes) {
  for (const plate of scene.plates) {
    const lane = lanes[plate.lane];
    const found = valuesOf(lane, plate.key);
    if (found) paintCaptured(ctx, scene, plate, found, lane.run.layout.config.quantization);
    const hasRoom = lanes.length === 1 && plate.cols * plate.cellPx > 120; // beside the label
    paintCaption(ctx, plate, captionOf(lane, plate), hasRoom, found === null);
  }
  const { plates, selected, watched } = scene;
  for (const { point, neuron } of watched.map(watchFromName)) paintRing(ctx, plates, point, neuron, "#b9c8db");
  if (selected.point !== null && selected.neuron !== null) paintRing(ctx, plates, selected.point, selected.neuron, "#ffffff");
}

/** A small dim dot for every neuron, the mark of "not captured": whatever is captured covers it.
 *  @param {CanvasRenderingContext2D} ctx
 *  @param {Scene} scene
 *  @param {Plate} plate */
function paintDots(ctx, { marks }, plate) {
  const side = dotSide(plate.cellPx);
  ctx.fillStyle = marks.not_captured;
  for (let neuron = 0; neuron < plate.width; neuron++) {
    const [x, y] = centreOf(plate, neuron);
    ctx.fillRect(x - side / 2, y - side / 2, side, side);
  }
}

/** @param {CanvasRenderingContext2D} ctx
 *  @param {Scene} scene
 *  @param {Plate} plate
 *  @param {import("./lanes.mjs").Values} found
 *  @param {string} quantization */
function paintCaptured(ctx, scene, plate, { indices, values }, quantization) {
  const { positive, negative, groups, grouped } = scene;
  const { haloPx, corePx, ratio, firstGlow } = positive;
  const perUnit = 1 / scene.fullScale[plate.key];
  const { x: left, y: top, cols, cellPx } = plate;
  /** @type {[number, number][]} */
  const odd = [];
  ctx.globalCompositeOperation = "lighter";
  for (let pass = 0; pass < 2; pass++) {
    const [sizePx, fromY] = pass === 0 ? [haloPx, 0] : [corePx, haloPx];
    const size = sizePx / ratio;
    const half = (cellPx - size) / 2;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      const magnitude = value < 0 ? -value : value;
      const neuron = indices ? indices[i] : i;
      if (!(magnitude < Infinity) || magnitude === 0) {
        if (pass === 1) odd.push([neuron, value]);
        continue;
      }
      const level = levelOf(magnitude * perUnit);
      if (pass === 0 && level < firstGlow) continue;
      const row = (neuron / cols) | 0;
      const { atlas } = groups ? grouped[groups.of(plate.key, neuron)] : value < 0 ? negative : positive;
      const x = left + (neuron - row * cols) * cellPx + half;
      const y = top + row * cellPx + half;
      ctx.drawImage(atlas, level * haloPx, fromY, sizePx, sizePx, x, y, size, size);
      if (pass === 1 && markOf(value, quantization) === MARK.clipped) odd.push([neuron, value]);
    }
    ctx.globalCompositeOperation = "source-over";
  }
  for (const [neuron, value] of odd) paintMark(ctx, scene, plate, neuron, value, quantization);
}

/** Zero, NaN, ±∞ and clipped, each in a shape of its own.
 *  @param {CanvasRenderingContext2D} ctx
 *  @param {Scene} scene
 *  @param {Plate} plate
 *  @param {number} neuron
 *  @param {number} value
 *  @param {string} quantization */
function paintMark(ctx, { marks }, plate, neuron, value, quantization) {
  const [x, y] = centreOf(plate, neuron);
  const side = dotSide(plate.cellPx) + 1;
  if (!(Math.abs(value) > 0 && Math.abs(value) < Infinity)) {
    ctx.fillStyle = "#0c1420"; // the dot of "not captured" must not stand inside a mark
    ctx.fillRect(x - side / 2, y - side / 2, side, side);
  }
  drawMark(ctx, value, markOf(value, quantization), x, y, Math.max(1.5, plate.cellPx * 0.3), marks);
}

/** @param {CanvasRenderingContext2D} ctx
 *  @param {number} value
 *  @param {number} mark one of MARK
 *  @param {number} x centre
 *  @param {number} y centre
 *  @param {number} r half the mark's size
 *  @param {Record<string, string>} colours of scales.json */
export function drawMark(ctx, value, mark, x, y, r, colours) {
  ctx.lineWidth = Math.max(1, r * 0.3);
  ctx.beginPath();
  if (mark === MARK.nan) {
    ctx.strokeStyle = colours.nan; // a cross
    ctx.moveTo(x - r, y - r);
    ctx.lineTo(x + r, y + r);
    ctx.moveTo(x + r, y - r);
    ctx.lineTo(x - r, y + r);
  } else if (mark === MARK.plusInfinity || mark === MARK.minusInfinity) {
    ctx.strokeStyle = colours.infinite; // a triangle, upwards for +∞
    const up = mark === MARK.plusInfinity ? -r : r;
    ctx.moveTo(x, y + up);
    ctx.lineTo(x + r, y - up);
    ctx.lineTo(x - r, y - up);
    ctx.closePath();
  } else if (mark === MARK.clipped) {
    ctx.strokeStyle = colours.clipped; // a square around the dot
    ctx.rect(x - r * 1.4, y - r * 1.4, r * 2.8, r * 2.8);
  } else if (value === 0) {
    ctx.strokeStyle = colours.zero; // a ring
    ctx.lineWidth = 1;
    ctx.arc(x, y, r * 0.6, 0, 2 * Math.PI);
  }
  ctx.stroke();
}

/** What is said of a plate: beside its label, and in two lines on it where it has no values.
 *  @param {Lane} lane
 *  @param {Plate} plate
 *  @returns {[string, string, string]} */
function captionOf(lane, { key, width }) {
  const { frame, run, differences, none } = lane;
  if (!width) return ["", "none", "in this model"];
  if (!frame) return ["", "no values", none ?? ""];
  if (differences) return [differenceText(lane, key), "not subtracted", "they have no such values"];
  if (rowInArray(frame, run.layout, "stats", key) === null) return ["not captured", "not captured", "in this step"];
  const { l2, mean, std } = stats(frame, run.layout, key);
  return [`‖x‖ ${formatValue(l2)}`, `${formatValue(mean)} ± ${formatValue(std)}`, "statistics only in this step"];
}

/** @param {CanvasRenderingContext2D} ctx
 *  @param {Plate} plate
 *  @param {[string, string, string]} caption
 *  @param {boolean} hasRoom beside the label
 *  @param {boolean} isEmpty */
function paintCaption(ctx, plate, [beside, first, second], hasRoom, isEmpty) {
  const right = plate.x + plate.cols * plate.cellPx + EDGE_PX;
  ctx.font = "11px ui-monospace, DejaVu Sans Mono, monospace";
  ctx.textAlign = "right";
  ctx.fillStyle = "#6f87a8";
  if (hasRoom) ctx.fillText(beside, right - 1, plate.y - EDGE_PX - 6);
  if (!isEmpty) return;
  const x = plate.x + (plate.cols * plate.cellPx) / 2;
  const y = plate.y + (plate.rows * plate.cellPx) / 2;
  ctx.textAlign = "center";
  ctx.fillStyle = "rgba(9,14,22,0.82)";
  ctx.fillRect(x - 72, y - 22, 144, 42);
  ctx.fillStyle = "#b9c8db";
  ctx.fillText(first, x, y - 4);
  ctx.font = "11px system-ui, sans-serif";
  ctx.fillStyle = "#8fa2bb";
  ctx.fillText(second, x, y + 13, 140);
}

/** @param {CanvasRenderingContext2D} ctx
 *  @param {Plate[]} plates
 *  @param {string} key
 *  @param {number} neuron
 *  @param {string} colour */
function paintRing(ctx, plates, key, neuron, colour) {
  for (const plate of plates) {
    if (plate.key !== key || neuron >= plate.width) continue;
    const [x, y] = centreOf(plate, neuron);
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.arc(x, y, Math.max(4, plate.cellPx * 0.62), 0, 2 * Math.PI);
    ctx.stroke();
  }
}
