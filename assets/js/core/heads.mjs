/**
 * What a frame says of each attention head, in numbers and words: as mri/measure/attention.py and mri/panels/attention_chart.py.
 *
 * Pure. Knows frames and layouts, no charts.
 */

import { ROW_SUM_ERROR, attentionRow, attentionSummary } from "./layout.mjs";

/** How far a weight of attentionRow is from what it was before it was stored, at most: as weight_rounding.
 *  @param {{arrays: Record<string, {dtype: string}>}} frame
 *  @returns {(weight: number) => number} */
export function weightRounding({ arrays }) {
  const dtype = (arrays["attention/rows"] ?? arrays["attention/weights"])?.dtype;
  if (dtype === "U8") return () => (0.5 / 255) * (1 + ROW_SUM_ERROR);
  if (dtype === "F16") return (weight) => Math.max(2 ** -11 * weight, 2 ** -25);
  return () => 0;
}

/** How far back a head looks on average, Σ w·(query − key), in tokens: as mean_distance.
 *  @param {{weights: ArrayLike<number>, bound: number}} row as attentionRow
 *  @param {(weight: number) => number} roundingOf as weightRounding
 *  @returns {{low: number, high: number}} every weight at the least that it can be, and what that leaves of 1 put where
 *           there is room for it, on the nearest keys and on the farthest; NaN where nothing is known */
export function meanDistance({ weights, bound }, roundingOf) {
  if (Number.isNaN(bound)) return { low: NaN, high: NaN };
  const last = weights.length - 1;
  const room = new Float64Array(last + 1);
  let [sure, sum] = [0, 0];
  for (let key = 0; key <= last; key++) {
    const [weight, isKnown] = [weights[key], !Number.isNaN(weights[key])];
    const off = isKnown ? roundingOf(weight) : 0;
    const least = isKnown ? Math.max(0, weight - off) : 0;
    room[key] = (isKnown ? Math.min(1, weight + off) : bound) - least;
    sure += least * (last - key);
    sum += least;
  }
  let [low, high] = [sure, sure];
  for (let key = last, left = 1 - ROW_SUM_ERROR - sum; key >= 0 && left > 0; left -= room[key--]) low += Math.min(room[key], left) * (last - key);
  for (let key = 0, left = 1 + ROW_SUM_ERROR - sum; key <= last && left > 0; left -= room[key++]) high += Math.min(room[key], left) * (last - key);
  return { low, high };
}

/** @typedef {{entropy: number, low: number, high: number, bound: number, key: number, weight: number}} Head
 *    entropy in bits; low, high: mean distance; bound as attentionRow; key, weight: the strongest; NaN and −1 where it
 *    was not captured */

/** @param {import("./wire.mjs").Frame} frame
 *  @param {import("./layout.mjs").Layout} layout
 *  @param {number} layer
 *  @param {number} head
 *  @returns {Head} */
export function headOf(frame, layout, layer, head) {
  const summary = attentionSummary(frame, layout, layer, head);
  if (!summary) return { entropy: NaN, low: NaN, high: NaN, bound: NaN, key: -1, weight: NaN };
  const row = attentionRow(frame, layout, layer, head);
  return { entropy: summary.entropy, ...meanDistance(row, weightRounding(frame)), bound: row.bound, key: summary.keys[0], weight: summary.maxWeight };
}

/** @param {number} bits NaN where the head was not captured
 *  @returns {string} as attention_chart.entropy_words */
export function entropyWords(bits) {
  return Number.isNaN(bits) ? "not in this step" : `entropy ${bits.toFixed(2)} bits`;
}

/** @param {Head} head
 *  @returns {string} as attention_chart.head_words */
export function headWords({ entropy, low, high, bound }) {
  if (Number.isNaN(entropy)) return entropyWords(entropy);
  const [least, most] = [low.toFixed(2), high.toFixed(2)];
  const why = bound > 0 ? "only the strongest keys are kept" : "weights were rounded";
  const distance = least === most ? `${least} tokens back` : `${least} to ${most} tokens back (${why})`;
  return `${entropyWords(entropy)}<br>looks ${distance} on average`;
}

/** @param {import("./wire.mjs").Frame} frame
 *  @param {import("./layout.mjs").Layout} layout
 *  @param {number} layer
 *  @param {number} head
 *  @returns {{weights: (number|null)[], bounds: (number|null)[]}} by key; null where there is nothing to show */
export function headCells(frame, layout, layer, head) {
  const { weights, bound } = attentionRow(frame, layout, layer, head);
  const known = (/** @type {number} */ value) => (Number.isNaN(value) ? null : value);
  return { weights: Array.from(weights, known), bounds: Array.from(weights, (weight) => (Number.isNaN(weight) ? known(bound) : null)) };
}
