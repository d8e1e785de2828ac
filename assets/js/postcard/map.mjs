/** What mri/panels/map.py draws, from all frames: one statistic over hook points × steps. Pure. */

import { stats } from "../core/layout.mjs";

const SIGNED = ["mean", "min", "max"];
const LOG = ["std", "l2", "p99"]; // drawn by their decimal logarithm

/** @param {import("../core/wire.mjs").Frame[]} frames of all steps
 *  @param {import("../panels/feeder.mjs").Source} source
 *  @param {Record<string, any>} view
 *  @returns {{z: (number|null)[][], customdata: number[][][]}} hook points × steps, as a trace has them */
export function cells(frames, { layout }, { stat }) {
  const rows = layout.points.map(({ key }) => frames.map((frame) => /** @type {any} */ (stats(frame, layout, key))?.[stat] ?? NaN));
  const shown = (/** @type {number} */ value) =>
    LOG.includes(stat) ? (value > 0 ? Math.log10(value) : NaN) : SIGNED.includes(stat) ? Math.asinh(value) : value;
  const drawn = (/** @type {number} */ value) => (Number.isFinite(shown(value)) ? shown(value) : null);
  return { z: rows.map((row) => row.map(drawn)), customdata: rows.map((row) => row.map((value) => [value])) };
}
