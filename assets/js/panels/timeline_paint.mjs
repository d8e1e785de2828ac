/** How lines over all steps are painted: pieces between gaps, the prompt's ground, telling surprises as dots. Knows canvas, no elements. */

import { endsOf, runsOf } from "../core/lanes.mjs";
import { surprisePeaks } from "../core/telling.mjs";

/** @typedef {import("../core/lanes.mjs").Lane} Lane */
/** @typedef {(name: string) => string} ColourOf of a CSS variable */

/** @typedef {object} Place of a lane, CSS pixels
 *  @property {number} bottom
 *  @property {number} plotPx height of its line
 *  @property {number} width of what is in sight
 *  @property {boolean} hasPeaks
 *  @property {(column: number, lane: Lane) => number} xOf */

/** The line of one recording, or those of A and B on one scale.
 *  @param {CanvasRenderingContext2D} ctx
 *  @param {Lane[]} both
 *  @param {ColourOf} colour
 *  @param {Place} place */
export function paintLane(ctx, both, colour, place) {
  const { bottom, plotPx, width } = place;
  const ends = both.map(({ values }) => endsOf(values));
  const [low, high] = [Math.min(...ends.map(([low]) => low)), Math.max(...ends.map(([, high]) => high))];
  const share = (/** @type {number} */ value) => (high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0);
  const y = (/** @type {number} */ value) => bottom - share(value) * plotPx;
  ctx.fillStyle = colour("--line");
  ctx.fillRect(0, bottom + 1, width, 1);
  for (const lane of both) paintLine(ctx, lane, colour, place, y);
  if (place.hasPeaks) paintPeaks(ctx, both[0], place, y);
}

/** @param {CanvasRenderingContext2D} ctx
 *  @param {Lane} lane
 *  @param {ColourOf} colour
 *  @param {Place} place
 *  @param {(value: number) => number} y */
function paintLine(ctx, lane, colour, { bottom, plotPx, xOf }, y) {
  const { values } = lane;
  const x = (/** @type {number} */ column) => xOf(column, lane);
  const { number, missing, nan } = runsOf(lane);
  ctx.fillStyle = colour("--not-captured");
  for (const [from, to] of missing) ctx.fillRect(x(from) - 1, bottom - 1, Math.max(2, x(to) - x(from) + 2), 3);
  ctx.fillStyle = colour("--danger");
  for (const [from, to] of nan) ctx.fillRect(x(from) - 1, bottom - plotPx, Math.max(2, x(to) - x(from) + 2), plotPx); // no number: the whole lane
  ctx.strokeStyle = ctx.fillStyle = colour(lane.colour);
  ctx.lineWidth = 1.25;
  for (const [from, to] of number) {
    if (from === to) ctx.fillRect(x(from) - 1.25, y(values[from]) - 1.25, 2.5, 2.5);
    ctx.beginPath();
    for (let column = from; column <= to; column++) ctx.lineTo(x(column), y(values[column]));
    ctx.stroke();
    ctx.lineTo(x(to), y(0));
    ctx.lineTo(x(from), y(0));
    ctx.globalAlpha = 0.16;
    ctx.fill();
    ctx.globalAlpha = 1;
  }
}

/** Telling surprises as dots in the line's colour, the largest of all with its number.
 *  @param {CanvasRenderingContext2D} ctx
 *  @param {Lane} lane
 *  @param {Place} place
 *  @param {(value: number) => number} y */
function paintPeaks(ctx, lane, { xOf }, y) {
  const { values } = lane;
  const peaks = surprisePeaks(values);
  const most = peaks.reduce((most, column) => Math.max(most, values[column]), 0);
  ctx.font = "11px ui-monospace, DejaVu Sans Mono, monospace";
  ctx.textAlign = "right";
  for (const column of peaks) {
    const x = xOf(column, lane);
    ctx.beginPath();
    ctx.arc(x, y(values[column]), 2.5, 0, 2 * Math.PI);
    ctx.fill();
    if (values[column] === most) ctx.fillText(values[column].toFixed(1), x - 7, y(most) + 3);
  }
}

/** The prompt's steps on a lighter ground, a tick at each token that the calculator put in.
 *  @param {CanvasRenderingContext2D} ctx
 *  @param {{phase: string[], forced: boolean[]}} steps
 *  @param {ColourOf} colour
 *  @param {{width: number, height: number, halfPx: number, xOf: (step: number) => number}} place halfPx: from a step to halfway to the next */
export function paintPhases(ctx, { phase, forced }, colour, { width, height, halfPx, xOf }) {
  const numPrefill = phase.findIndex((name) => name !== "prefill");
  ctx.fillStyle = colour("--line");
  ctx.globalAlpha = 0.45;
  if (numPrefill !== 0) ctx.fillRect(0, 0, numPrefill < 0 ? width : Math.max(0, xOf(numPrefill - 1) + halfPx), height);
  ctx.globalAlpha = 1;
  ctx.fillStyle = colour("--amber");
  forced.forEach((isForced, step) => isForced && ctx.fillRect(xOf(step) - 1, 0, 2, 4));
}
