/** Columns of mri/panels/bars.py from a frame: statistics of every hook point. Pure. */

import { STATS, stats } from "../core/layout.mjs";

/** @type {import("./feeder.mjs").ColumnsOf} */
export function columns(frame, { layout }) {
  const all = layout.points.map((point) => stats(frame, layout, point.key));
  const span = (/** @type {number} */ from, /** @type {number} */ to) => Math.asinh(to) - Math.asinh(from);
  return {
    ...Object.fromEntries(STATS.map((name) => [name, all.map((each) => each[/** @type {keyof typeof each} */ (name)])])),
    least: all.map(({ min }) => Math.asinh(min)),
    span: all.map(({ min, max }) => span(min, max)),
    below: all.map((each) => Math.asinh(spreadOf(each)[0])),
    spread: all.map((each) => span(...spreadOf(each))),
  };
}

/** Mean ± std as far as there are values: behind relu² none is below 0.
 *  @param {{mean: number, std: number, min: number, max: number}} stats
 *  @returns {[number, number]} */
export function spreadOf({ mean, std, min, max }) {
  return [Math.max(mean - std, min), Math.min(mean + std, max)];
}
