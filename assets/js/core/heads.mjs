/**
 * What a frame says of each attention head, in numbers and words: as mri/analysis/attention.py and mri/ui/attention.py.
 *
 * Pure. Knows frames and layouts, no charts.
 */

import { attentionRow, attentionSummary } from "./layout.mjs";

/** How far back a head looks on average, Σ w·(query − key), in tokens.
 *  @param {{weights: ArrayLike<number>, bound: number}} row as attentionRow
 *  @returns {{low: number, high: number}} with what the known weights leave of 1 on the nearest and on the farthest of
 *           the other keys; equal where all are known, NaN where nothing is */
export function meanDistance({ weights, bound }) {
  let [known, sum, nearest, farthest] = [0, 0, Infinity, -Infinity];
  for (let key = 0; key < weights.length; key++) {
    const distance = weights.length - 1 - key;
    if (Number.isNaN(weights[key])) {
      nearest = Math.min(nearest, distance);
      farthest = Math.max(farthest, distance);
    } else {
      known += weights[key] * distance;
      sum += weights[key];
    }
  }
  if (Number.isNaN(bound)) return { low: NaN, high: NaN };
  if (farthest < 0) return { low: known, high: known };
  const left = Math.max(0, 1 - sum);
  return { low: known + left * nearest, high: known + left * farthest };
}

/** @typedef {{entropy: number, low: number, high: number, key: number, weight: number}} Head
 *    entropy in bits; low, high: mean distance; key, weight: the strongest; NaN and −1 where it was not captured */

/** @param {import("./wire.mjs").Frame} frame
 *  @param {import("./layout.mjs").Layout} layout
 *  @param {number} layer
 *  @param {number} head
 *  @returns {Head} */
export function headOf(frame, layout, layer, head) {
  const summary = attentionSummary(frame, layout, layer, head);
  if (!summary) return { entropy: NaN, low: NaN, high: NaN, key: -1, weight: NaN };
  return { entropy: summary.entropy, ...meanDistance(attentionRow(frame, layout, layer, head)), key: summary.keys[0], weight: summary.maxWeight };
}

/** @param {number} bits NaN where the head was not captured
 *  @returns {string} as attention.entropy_words */
export function entropyWords(bits) {
  return Number.isNaN(bits) ? "not in this step" : `entropy ${bits.toFixed(2)} bits`;
}

/** @param {Head} head
 *  @returns {string} as attention.head_words */
export function headWords({ entropy, low, high }) {
  if (Number.isNaN(entropy)) return entropyWords(entropy);
  const isExact = high - low < 0.005;
  const distance = isExact ? `${low.toFixed(2)} tokens back` : `${low.toFixed(2)} to ${high.toFixed(2)} tokens back (only the strongest keys are kept)`;
  return `${entropyWords(entropy)}<br>looks ${distance} on average`;
}
