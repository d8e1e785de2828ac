import assert from "node:assert/strict";
import { test } from "node:test";

import { appendExtras, halvedExtras } from "../../assets/js/core/extras.mjs";
import { Growth, stepsOfPositions } from "../../assets/js/core/growth.mjs";

const POINTS = ["wte", "block.0.mlp_act"];
const layout = { points: POINTS.map((key, row) => ({ key, layer_index: row - 1 })), rows: new Map(POINTS.map((key, row) => [key, row])), groups: new Map() };
const NOTHING = () => ({ sequence: [], text: {}, special: [], steps: { pos0: [], t_add: [], phase: [], chosen_id: [], forced: [] } });

/** A step that reads `ids` from `pos0` on; the columns of stats are mean std min max l2 sparsity p99. */
function frame(step, pos0, ids, chosen, { l2 = [step, 10 + step], p99 = [1, 2], most = 5, logprob = -Math.LN2, entropy = 3 } = {}) {
  const stats = Float32Array.from(POINTS.flatMap((_, row) => [0, 1, -1, most, l2[row], 0.5, p99[row]]));
  const scalar = (value) => ({ dtype: "F32", shape: [], data: Float32Array.of(value) });
  return {
    header: { step, phase: step ? "decode" : "prefill", pos0, t_add: ids.length, chosen_id: chosen, forced: false, time_us: 0, dropped: 0, dropped_layers: [] },
    arrays: { tokens: { data: Int32Array.from(ids) }, stats: { data: stats }, "logits/chosen_logprob": scalar(logprob), "logits/entropy": scalar(entropy) },
  };
}

function grown(numSteps, options = () => ({})) {
  const growth = new Growth({ layout, tokens: NOTHING() });
  for (let step = 0; step < numSteps; step++)
    growth.append(step ? frame(step, step + 2, [100 + step - 1], 100 + step, options(step)) : frame(0, 0, [7, 8, 9], 100, options(0)));
  return growth;
}

const row = ({ series: { points, surprise, stride } }, index) => [...points.subarray(index * stride, index * stride + surprise.length)];

test("tokens are those that were read, then the last chosen one, each with the step that read it", () => {
  const growth = new Growth({ layout, tokens: NOTHING() });
  const { tokens, stepOf } = growth;
  growth.append(frame(0, 0, [7, 8, 9], 100));
  assert.deepEqual(
    [tokens.sequence, stepOf],
    [
      [7, 8, 9, 100],
      [0, 0, 0, -1],
    ],
  );
  growth.append(frame(1, 3, [100], 101));
  assert.deepEqual(
    [tokens.sequence, stepOf],
    [
      [7, 8, 9, 100, 101],
      [0, 0, 0, 1, -1],
    ],
  );
  assert.deepEqual(stepOf, stepsOfPositions(tokens));
  assert.deepEqual(tokens.steps, { pos0: [0, 3], t_add: [3, 1], phase: ["prefill", "decode"], chosen_id: [100, 101], forced: [false, false] });
});

test("a step that has not its turn is refused", () => {
  const growth = grown(2);
  assert.throws(() => growth.append(frame(3, 5, [1], 2)), RangeError);
  assert.throws(() => growth.append(frame(1, 5, [1], 2)), RangeError);
});

test("lines get a column a step, however many come", () => {
  const growth = grown(700);
  assert.deepEqual([...growth.series.surprise], Array(700).fill(1));
  assert.deepEqual([...growth.series.entropy], Array(700).fill(3));
  assert.deepEqual(
    row(growth, 0),
    Array.from({ length: 700 }, (_, step) => step),
  );
  assert.deepEqual(
    row(growth, 1),
    Array.from({ length: 700 }, (_, step) => 10 + step),
  );
});

test("past the most columns, one stands for two steps and holds the larger value", () => {
  const growth = grown(4099);
  assert.deepEqual([growth.series.every, growth.series.surprise.length], [2, 2050]);
  assert.deepEqual(row(growth, 0).slice(0, 3), [1, 3, 5]);
  assert.deepEqual(row(growth, 0).slice(-2), [4097, 4098]);
});

test("what a training script adds are lines, the loss first; a recorded NaN is told from none", () => {
  const scalar = (value) => ({ dtype: "F32", shape: [], data: Float32Array.of(value) });
  const added = (step) => ({
    "extra/rate": scalar(-step),
    ...(step > 1 ? { "extra/loss": scalar(step === 3 ? NaN : step) } : {}),
    "extra/w": { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) },
  });
  const growth = new Growth({ layout, tokens: NOTHING() });
  for (let step = 0; step < 5; step++) {
    const of = frame(step, step, [1], 2);
    growth.append({ ...of, arrays: { ...of.arrays, ...added(step) } });
  }
  const [loss, rate] = growth.series.extra;
  assert.deepEqual(
    growth.series.extra.map(({ name }) => name),
    ["loss", "rate"],
  );
  assert.deepEqual([...loss.values], [NaN, NaN, 2, NaN, 4]);
  assert.deepEqual([...loss.present], [0, 0, 1, 1, 1]);
  assert.deepEqual([...rate.values], [-0, -1, -2, -3, -4]);
  const later = new Growth({ layout, tokens: { ...NOTHING(), steps: { ...NOTHING().steps, pos0: [0, 1, 2] } }, l2: growth.series });
  assert.deepEqual([...later.series.extra[0].values], [NaN, NaN, 2]);
});

test("past the most columns, one stands for two steps of what a script added too", () => {
  const lines = [];
  for (const [column, loss] of [3, 1, NaN, 5, 2].entries()) appendExtras(lines, column, column === 4 ? [] : [["loss", loss]]);
  const [loss] = halvedExtras(lines);
  assert.deepEqual([...loss.values], [3, NaN, NaN]);
  assert.deepEqual([...loss.present], [1, 1, 0]);
  assert.deepEqual(halvedExtras([]), []);
});

test("a scale is what nine in ten steps stay below, interpolated as numpy does; where that is nothing, the largest value", () => {
  const growth = grown(11, (step) => ({ p99: [step * step, 0], most: step === 4 ? 6.5 : 5 }));
  assert.equal(growth.fullScale.wte, 81); // of 0, 1, 4 … 100, place 9 of 0 … 10
  assert.equal(growth.fullScale["block.0.mlp_act"], 6.5);
  assert.equal(growth.limit, 6.5);
});

test("what was recorded before is taken as it was after so many steps", () => {
  const tokens = {
    ...NOTHING(),
    sequence: [7, 8, 9],
    steps: { pos0: [0, 2], t_add: [2, 1], phase: ["prefill", "decode"], chosen_id: [9, -1], forced: [false, false] },
  };
  const series = (...values) => ({ surprise: Float32Array.of(1, 2, 3), entropy: Float32Array.of(4, 5, 6), points: Float32Array.from(values), every: 1 });
  const growth = new Growth({ layout, tokens, l2: series(1, 2, 3, 4, 5, 6), p99: series(10, 20, 99, 30, 40, 99), limit: 50 }); // asked for a step later
  assert.deepEqual([growth.numSteps, growth.limit], [2, 50]);
  assert.deepEqual(
    [[...growth.series.surprise], row(growth, 0), row(growth, 1)],
    [
      [1, 2],
      [1, 2],
      [4, 5],
    ],
  );
  assert.equal(growth.fullScale.wte, 19);
  growth.append(frame(2, 3, [11], 12));
  assert.deepEqual(
    [row(growth, 0), row(growth, 1)],
    [
      [1, 2, 2],
      [4, 5, 12],
    ],
  );
});

test("a step without its numbers leaves a gap, one without a block a gap in that block's line alone", () => {
  const growth = grown(2);
  const { header, arrays } = frame(2, 4, [101], 102);
  const { "logits/entropy": _, stats, ...others } = arrays;
  growth.append({ header: { ...header, dropped_layers: [0] }, arrays: { ...others, stats: { data: stats.data.subarray(0, 7) } } });
  growth.append({ header: { ...header, step: 3, pos0: 5 }, arrays: others });
  assert.ok(Number.isNaN(growth.series.entropy[2]));
  assert.deepEqual(row(growth, 0), [0, 1, 2, NaN]);
  assert.deepEqual(row(growth, 1), [10, 11, NaN, NaN]);
});

test("where NaN or ∞ began is the first hook point of the first step that has them", () => {
  const growth = grown(3);
  assert.equal(growth.firstOdd, null);
  for (const l2 of [
    [5, NaN],
    [NaN, NaN],
  ])
    growth.append(frame(growth.numSteps, growth.numSteps + 2, [1], 2, { l2 }));
  assert.deepEqual(growth.firstOdd, { step: 3, point: "block.0.mlp_act" });
});
