/**
 * Lanes: what stands side by side on the stage. Each is one step of a recording, or what two of them differ by.
 *
 * Pure. Knows frames by their accessors; refuses to know where things are drawn.
 */

import { neuronDifferences } from "../core/difference.mjs";
import { formatValue } from "../core/format.mjs";
import { captured } from "../core/layout.mjs";
import { plateKeys } from "./plates.mjs";

/** @typedef {import("../core/types.mjs").Lane} Lane */

/** @typedef {{indices: ArrayLike<number>|null, values: Float32Array}} Values as of core/layout.mjs `captured` */

/** What a lane shows of a hook point.
 *  @param {Lane} lane
 *  @param {string} key
 *  @returns {Values|null} null where nothing was captured, or nothing can be subtracted */
export function valuesOf({ run, frame, differences }, key) {
  if (!frame || !run.layout.rows.has(key)) return null;
  if (!differences) return captured(frame, run.layout, key);
  const known = differences(key)?.neurons.filter(({ difference }) => !Number.isNaN(difference));
  if (!known) return null;
  return { indices: known.map(({ neuron }) => neuron), values: Float32Array.from(known, ({ difference }) => difference) };
}

/** B − A as a lane of its own.
 *  @param {Lane} a
 *  @param {Lane} b
 *  @param {boolean} isMatched whether the two steps stand for each other: else nothing is subtracted
 *  @returns {Lane} */
export function differenceLane(a, b, isMatched) {
  /** @type {Map<string, ReturnType<typeof neuronDifferences>|null>} */
  const known = new Map();
  const [fromA, fromB] = [a.run.layout, b.run.layout];
  const differences = (/** @type {string} */ key) => {
    if (!known.has(key))
      known.set(key, a.frame && b.frame && widthIn(fromA, key) === widthIn(fromB, key) ? neuronDifferences(a.frame, fromA, b.frame, fromB, key) : null);
    return known.get(key) ?? null;
  };
  const none = !a.frame || !b.frame ? "only one of them has a step here" : "not matched here: nothing is subtracted";
  return {
    run: { ...a.run, fullScale: fullScaleOf([a, b]) },
    step: a.step,
    frame: isMatched && b.frame ? a.frame : null,
    before: null,
    name: "B − A",
    label: "B − A",
    none,
    differences,
  };
}

/** @param {import("../core/layout.mjs").Layout} layout
 *  @param {string} key
 *  @returns {number} neurons of that hook point, 0 where there is none */
function widthIn({ rows, points }, key) {
  return points[rows.get(key) ?? -1]?.width ?? 0;
}

/** The hook points shown with `point`, of all lanes, bottom to top; where a lane lacks one it has no neurons.
 *  @param {Lane[]} lanes
 *  @param {string} point
 *  @param {boolean} isSingle only that one */
export function rowsOf(lanes, point, isSingle) {
  const keys = isSingle ? [point] : lanes.map(({ run }) => plateKeys(run.layout, point)).reduce(merged);
  return keys.map((key) => ({ key, widths: lanes.map(({ run }) => widthIn(run.layout, key)) }));
}

/** @param {string[]} one
 *  @param {string[]} other
 *  @returns {string[]} all of both: what only the other has stands above what it stands above there */
function merged(one, other) {
  const all = [...one];
  other.forEach((key, i) => all.includes(key) || all.splice(all.indexOf(other[i - 1]) + 1, 0, key));
  return all;
}

/** One scale for all lanes, so that brightness compares.
 *  @param {Lane[]} lanes
 *  @returns {Record<string, number>} hook point -> magnitude at the top of the colour scale */
export function fullScaleOf(lanes) {
  const [{ run }] = lanes;
  if (lanes.length === 1) return run.fullScale;
  /** @type {Record<string, number>} */
  const most = {};
  for (const { run } of lanes) for (const [key, top] of Object.entries(run.fullScale)) most[key] = Math.max(most[key] ?? 0, top);
  return most;
}

/** How long B − A is at least, by the neurons that are known.
 *  @param {Lane} lane
 *  @param {string} key */
export function differenceText(lane, key) {
  const known = valuesOf(lane, key);
  return known ? `‖B − A‖ ≥ ${formatValue(Math.sqrt(known.values.reduce((sum, x) => sum + x * x, 0)))}` : "not subtracted";
}

/** @param {Lane} lane
 *  @param {string} point
 *  @returns {number} the strongest captured neuron, 0 where there is none */
export function strongestOf(lane, point) {
  const { indices, values } = valuesOf(lane, point) ?? { indices: null, values: new Float32Array(0) };
  const best = values.reduce((best, value, i) => (Math.abs(value) > Math.abs(values[best] ?? 0) ? i : best), -1);
  return best < 0 ? 0 : (indices?.[best] ?? best);
}
