/** Columns of mri/panels/history.py from all frames: one neuron over all steps. Pure. */

import { bound, hookPoint, isNeverNegative, reading } from "../core/layout.mjs";
import { MARK } from "../core/quantization.mjs";
import { escaped, positionNames } from "../core/token_names.mjs";

/** @param {import("../core/wire.mjs").Frame[]} frames of all steps
 *  @param {import("../panels/feeder.mjs").Source} source
 *  @param {Record<string, any>} view
 *  @returns {import("../panels/feeder.mjs").Columns} null where a value or a bound is not known */
export function columns(frames, { layout, tokens }, { point, neuron }) {
  const { width } = hookPoint(layout, point);
  const isUpper = isNeverNegative(hookPoint(layout, point));
  const reads = frames.map((frame) => reading(frame, layout, point, Math.min(neuron ?? 0, width - 1)));
  const isKnown = reads.map(({ mark }) => mark !== MARK.notCaptured);
  const numberOrNull = (/** @type {number} */ value) => (Number.isFinite(value) ? value : null);
  const bounds = frames.map((frame, step) => (isKnown[step] ? null : numberOrNull(bound(frame, layout, point))));
  const names = positionNames(tokens);
  return {
    steps: frames.map(({ header }) => header.step),
    values: reads.map(({ value }, step) => (isKnown[step] ? numberOrNull(value) : null)),
    bounds,
    base: bounds.map((most) => (most === null ? null : isUpper ? 0 : -most)),
    band: bounds.map((most) => (most === null ? null : isUpper ? most : 2 * most)),
    token: frames.map(({ header: { pos0, t_add: added } }) => (added === 1 ? escaped(names[pos0] ?? "") : `${added} tokens`)),
  };
}
