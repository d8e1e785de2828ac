import assert from "node:assert/strict";
import { test } from "node:test";

import { columns } from "../../assets/js/panels/neurons.mjs";

/** Eight neurons of which four were kept. */
function columnsOf(values, view = {}) {
  const rows = new Map([["p", 0]]);
  const array = (dtype, data) => ({ dtype, shape: [1, data.length], data });
  const arrays = {
    "topk/8/indices": array("U16", Uint16Array.of(5, 0, 2, 7)),
    "topk/8/values": array("F32", Float32Array.from(values)),
    "topk/8/bound": { dtype: "F32", shape: [1], data: Float32Array.of(0.5) },
  };
  const layout = { points: [{ key: "p", width: 8, layer_index: 0 }], rows, groups: new Map([["topk/8", { rows, layers: [0] }]]), sampled: {} };
  return columns({ header: { dropped_layers: [] }, arrays }, { layout: { ...layout, config: { quantization: "f32" } } }, { point: "p", neuron: 2, ...view });
}

test("ranks are by magnitude, what was not captured has none and no number", () => {
  const found = columnsOf([1, -4, 2, 3], { sign: true });
  assert.deepEqual([...found.rank], [1, 0, 3, 0, 0, 4, 0, 2]);
  assert.deepEqual(found.number, [-4, null, 2, null, null, 1, null, 3]);
  assert.deepEqual(found.unknown, [null, 0, null, 0, 0, null, 0, null]);
  assert.deepEqual([found.low, found.high, found.bound], [-4, 4, 0.5]);
  const bySize = columnsOf([1, -4, 2, 3]);
  assert.deepEqual([bySize.number[0], bySize.exact[0], bySize.low], [4, -4, 0]);
});

test("NaN and ∞ are marks in their cells: NaN is last, and the scale is that of the numbers", () => {
  const found = columnsOf([NaN, Infinity, 2, -Infinity]);
  assert.deepEqual(found.odd_neuron, [0, 5, 7]);
  assert.deepEqual(found.odd, ["+∞", "NaN", "−∞"]);
  assert.deepEqual([found.high, found.rank[5]], [2, 4]);
  assert.deepEqual(columnsOf([NaN, NaN, NaN, NaN]).high, 1, "a scale without a number has ends");
});

test("the frame is around the chosen neuron, and nowhere where there is no such one", () => {
  const { odd_x: xs, odd_y: ys } = columnsOf([NaN, NaN, NaN, NaN], { neuron: 5 });
  const found = columnsOf([1, 1, 1, 1], { neuron: 5 });
  assert.deepEqual([found.frame_left + 0.5, found.frame_top + 0.5], [xs[2], ys[2]], "where a mark of neuron 5 stands");
  assert.ok(columnsOf([1, 1, 1, 1], { neuron: 8 }).frame_bottom < 0);
});
