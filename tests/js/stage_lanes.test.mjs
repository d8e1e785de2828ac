import assert from "node:assert/strict";
import { test } from "node:test";

import { differenceLane, differenceText, fullScaleOf, rowsOf, valuesOf } from "../../assets/js/stage/lanes.mjs";
import { readTheSame } from "../../assets/js/core/moments.mjs";

const KEY = "block.0.resid_post";
const array = (/** @type {string} */ dtype, /** @type {any} */ data) => ({ dtype, shape: [1, data.length], data });

/** A model of so many blocks; of block 0 four neurons, or as many as said.
 *  @param {number} numBlocks
 *  @param {number} [width]
 *  @returns {any} */
function layoutOf(numBlocks, width = 4) {
  const points = Array.from({ length: numBlocks }, (_, i) => ({ key: `block.${i}.resid_post`, layer_index: i, width, unit: "activation" }));
  const rows = new Map(points.map(({ key }, i) => [key, i]));
  const groups = new Map([[`topk/${width}`, { rows, layers: points.map((_, i) => i) }]]);
  return { n_layer: numBlocks, n_head: 1, points, rows, groups, sampled: {}, config: { quantization: "f32" } };
}

/** @param {number[]} indices
 *  @param {number[]} values
 *  @param {number} bound
 *  @param {any} [rest]
 *  @returns {any} a lane whose step kept these neurons of block 0 */
function lane(indices, values, bound, { layout = layoutOf(1), sequence = [1, 2, 3], pos0 = 2, full = 1 } = {}) {
  const arrays = {
    "topk/4/indices": array("U16", Uint16Array.from(indices)),
    "topk/4/values": array("F32", Float32Array.from(values)),
    "topk/4/bound": { dtype: "F32", shape: [1], data: Float32Array.of(bound) },
  };
  const frame = { header: { dropped_layers: [], pos0, t_add: 1 }, arrays };
  return { run: { layout, tokens: { sequence, text: {} }, fullScale: { [KEY]: full } }, step: 0, frame, before: null, name: "", label: "" };
}

test("B − A shows each neuron whose difference is known, at least as it is, and no other", () => {
  const [a, b] = [lane([0, 1], [3, 4], 2), lane([1, 2], [0, 5], NaN)];
  const apart = differenceLane(a, b, true);
  const found = /** @type {any} */ (valuesOf(apart, KEY));
  const known = Object.fromEntries(found.indices.map((/** @type {number} */ neuron, /** @type {number} */ i) => [neuron, found.values[i]]));
  assert.deepEqual(known, { 1: -4, 2: 3 }); // 0 has no bound in B; 2 is at most 2 in A
  assert.equal(differenceText(apart, KEY), "‖B − A‖ ≥ 5.00");
});

test("where two steps do not stand for each other nothing is subtracted, and it says so", () => {
  const [a, b] = [lane([0], [3], 2), lane([0], [1], 2)];
  const apart = differenceLane(a, b, false);
  assert.equal(valuesOf(apart, KEY), null);
  assert.equal(apart.none, "not matched here: nothing is subtracted");
  assert.equal(differenceLane(a, { ...b, frame: null }, true).none, "only one of them has a step here");
  const wide = { ...b, run: { ...b.run, layout: layoutOf(1, 8) } };
  assert.equal(valuesOf(differenceLane(a, wide, true), KEY), null, "other widths");
  assert.equal(differenceText(differenceLane(a, wide, true), KEY), "not subtracted");
});

test("models of other heights stand in one tower: what one lacks has no neurons", () => {
  const lanes = [lane([0], [3], 2), lane([0], [3], 2, { layout: layoutOf(3) })];
  assert.deepEqual(rowsOf(lanes, KEY, false), [
    { key: "block.0.resid_post", widths: [4, 4] },
    { key: "block.1.resid_post", widths: [0, 4] },
    { key: "block.2.resid_post", widths: [0, 4] },
  ]);
  assert.deepEqual(rowsOf(lanes, "block.1.resid_post", true), [{ key: "block.1.resid_post", widths: [0, 4] }]);
  assert.equal(valuesOf(lanes[0], "block.1.resid_post"), null);
});

test("all lanes have one scale, the larger one", () => {
  const lanes = [lane([], [], 1, { full: 2 }), lane([], [], 1, { full: 3 })];
  assert.deepEqual(fullScaleOf(lanes), { [KEY]: 3 });
  assert.equal(fullScaleOf(lanes.slice(0, 1)), lanes[0].run.fullScale, "one lane keeps its own, which may grow");
});

test("steps have read the same only where all their text is the same", () => {
  const a = lane([], [], 1);
  assert.equal(readTheSame(a, lane([], [], 1)), true);
  assert.equal(readTheSame(a, lane([], [], 1, { sequence: [1, 9, 3] })), false);
  assert.equal(readTheSame(a, lane([], [], 1, { pos0: 1 })), false);
  assert.equal(readTheSame(a, lane([], [], 1, { sequence: [1, 2, 3, 9] })), true, "what comes later does not matter");
  assert.equal(readTheSame(a, { ...a, frame: null }), false);
});
