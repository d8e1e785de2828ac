/**
 * Neuron by neuron, how far apart two steps are: the mirror of `neuron_differences` in mri/measure/difference.py.
 *
 * Knows the frames' accessors. Refuses to know alignments, colours and the page. Pure.
 */

import { bound, marks, rounding, values } from "./layout.mjs";
import { MARK } from "./quantization.mjs";

/** @typedef {import("./wire.mjs").Frame} Frame */
/** @typedef {import("./layout.mjs").Layout} Layout */

/** @typedef {object} NeuronDifference
 *  @property {number} neuron
 *  @property {number} a value of A, NaN where it was not captured
 *  @property {number} b
 *  @property {number} difference b − a; where one side is missing the least that it can be, 0 where it may have either
 *           sign; NaN where nothing bounds the missing side
 *  @property {"both"|"a"|"b"} by who captured it
 *  @property {number} rounding how far b − a is off at most because captured values were rounded; 0 where one side is
 *           missing, for there it is in the difference already */

/** Every neuron that one of the steps captured, the largest sure difference first.
 *  @param {Frame} frameA
 *  @param {Layout} layoutA
 *  @param {Frame} frameB
 *  @param {Layout} layoutB
 *  @param {string} key
 *  @returns {{neurons: NeuronDifference[], boundA: number, boundB: number}} bounds: the most that a neuron can be that the side
 *           did not capture, NaN where nothing bounds it */
export function neuronDifferences(frameA, layoutA, frameB, layoutB, key) {
  const [a, b] = [values(frameA, layoutA, key), values(frameB, layoutB, key)];
  const [marksA, marksB] = [marks(frameA, layoutA, key), marks(frameB, layoutB, key)];
  const [boundA, boundB] = [bound(frameA, layoutA, key), bound(frameB, layoutB, key)];
  const [roundingA, roundingB] = [rounding(frameA, layoutA, key), rounding(frameB, layoutB, key)];
  /** @type {NeuronDifference[]} */
  const neurons = [];
  for (let neuron = 0; neuron < a.length; neuron++) {
    const [hasA, hasB] = [marksA[neuron] !== MARK.notCaptured, marksB[neuron] !== MARK.notCaptured];
    if (!hasA && !hasB) continue;
    const by = hasA && hasB ? "both" : hasA ? "a" : "b";
    const [offA, offB] = [offBy(a[neuron], roundingA), offBy(b[neuron], roundingB)];
    const difference = by === "both" ? b[neuron] - a[neuron] : by === "b" ? atLeast(b[neuron], offB, boundA) : -atLeast(a[neuron], offA, boundB);
    neurons.push({ neuron, a: a[neuron], b: b[neuron], difference: Math.fround(difference), by, rounding: by === "both" ? Math.fround(offA + offB) : 0 });
  }
  const size = (/** @type {NeuronDifference} */ { difference }) => (Number.isNaN(difference) ? -1 : Math.abs(difference));
  neurons.sort((one, other) => size(other) - size(one) || one.neuron - other.neuron);
  return { neurons, boundA, boundB };
}

/** @param {number} value
 *  @param {{relative: number, absolute: number}} rounding */
function offBy(value, { relative, absolute }) {
  return Math.max(Math.fround(Math.abs(value) * relative), absolute);
}

/** How far a value is at least from the nearest one within ± most, with its sign.
 *  @param {number} value
 *  @param {number} off how far it may be from what it was before it was rounded
 *  @param {number} most */
function atLeast(value, off, most) {
  const left = Math.fround(Math.fround(Math.abs(value) - off) - Math.fround(most));
  return Number.isNaN(left) ? NaN : Math.sign(value) * Math.max(0, left);
}
