import assert from "node:assert/strict";
import { test } from "node:test";

import { neuronDifferences } from "../../assets/js/core/difference.mjs";

const KEY = "p";
const array = (/** @type {string} */ dtype, /** @type {any} */ data) => ({ dtype, shape: [1, data.length], data });

/** Four neurons, of which these were kept.
 *  @param {number[]} indices
 *  @param {number[]} values
 *  @param {number} bound
 *  @returns {any} */
function frame(indices, values, bound) {
  const arrays = {
    "topk/4/indices": array("U16", Uint16Array.from(indices)),
    "topk/4/values": array("F32", Float32Array.from(values)),
    "topk/4/bound": { dtype: "F32", shape: [1], data: Float32Array.of(bound) },
  };
  return { header: { dropped_layers: [] }, arrays };
}

/** @type {any} */
const LAYOUT = {
  points: [{ key: KEY, layer_index: 0, layer_type: "resid", width: 4, payload: "topk", unit: "activation" }],
  rows: new Map([[KEY, 0]]),
  groups: new Map([["topk/4", { rows: new Map([[KEY, 0]]), layers: [0] }]]),
  sampled: {},
  config: { quantization: "f32" },
};

test("known, bounded and unknown differences, the largest sure one first", () => {
  const { neurons, boundA, boundB } = neuronDifferences(frame([0, 1], [5, -4], 2), LAYOUT, frame([1, 2], [-3, 2.5], 1), LAYOUT, KEY);
  assert.deepEqual(
    neurons.map(({ neuron, difference, by }) => [neuron, difference, by]),
    [
      [0, -4, "a"],
      [1, 1, "both"],
      [2, 0.5, "b"],
    ],
  );
  assert.deepEqual([boundA, boundB], [2, 1]);
  assert.ok(Number.isNaN(neurons[0].b));
});

test("a value within the other side's bound may differ either way, and without a bound nothing is said", () => {
  const [first] = neuronDifferences(frame([0], [1], 9), LAYOUT, frame([], [], 3), LAYOUT, KEY).neurons;
  assert.equal(Math.abs(first.difference), 0);
  const [other] = neuronDifferences(frame([0], [1], 9), LAYOUT, frame([], [], NaN), LAYOUT, KEY).neurons;
  assert.ok(Number.isNaN(other.difference));
});

test("a step does not differ from itself", () => {
  const one = frame([0, 3], [5, -4], 2);
  assert.ok(neuronDifferences(one, LAYOUT, one, LAYOUT, KEY).neurons.every(({ difference }) => difference === 0));
});
