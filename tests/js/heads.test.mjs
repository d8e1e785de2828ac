import assert from "node:assert/strict";
import { test } from "node:test";

import { headOf, headWords, meanDistance, weightRounding } from "../../assets/js/core/heads.mjs";
import { columns as attention } from "../../assets/js/panels/attention.mjs";
import { columns as head } from "../../assets/js/panels/head.mjs";
import { columns as heads } from "../../assets/js/panels/heads.mjs";
import { columns as looks } from "../../assets/js/panels/looks.mjs";

const array = (data, shape) => ({ data, dtype: "F32", shape });

/** Step 3 of one layer with two heads; whole rows, or only the two strongest keys of four. */
function setting({ isWhole = true, dropped = [] } = {}) {
  const arrays = {
    "attention/keys": array(Uint16Array.of(0, 2, 3, 1), [1, 2, 2]),
    "attention/weights": array(Float32Array.of(0.5, 0.25, 0.75, 0.25), [1, 2, 2]),
    "attention/entropy": array(Float32Array.of(1.75, 0.5), [1, 2]),
    "attention/max_weight": array(Float32Array.of(0.5, 0.75), [1, 2]),
  };
  if (isWhole) arrays["attention/rows"] = array(Float32Array.of(0.5, 0.125, 0.25, 0.125, 0, 0.25, 0, 0.75), [1, 2, 4]);
  const frame = { header: { step: 3, pos0: 3, t_add: 1, dropped_layers: dropped }, arrays };
  const tokens = { sequence: [0, 1, 2, 0, 1], text: { 0: "a", 1: " ", 2: "<" }, steps: { pos0: [0, 1, 2, 3], t_add: [1, 1, 1, 1] } };
  const layout = { n_layer: 1, n_head: 2 };
  return { frame, layout, source: { layout, tokens }, view: { layer: 0, head: 1 } };
}

const exact = () => 0;

test("the mean distance of a whole row in float32 is one number", () => {
  assert.deepEqual(meanDistance({ weights: [1, 0, 0], bound: 0 }, exact), { low: 2, high: 2 });
  assert.deepEqual(meanDistance({ weights: [0.25, 0.5, 0.25], bound: 0 }, exact), { low: 1, high: 1 });
});

test("what the kept keys leave of 1 lies on the nearest or the farthest of the others", () => {
  assert.deepEqual(meanDistance({ weights: [0.5, NaN, 0.25, NaN], bound: 0.25 }, exact), { low: 1.75, high: 2.25 });
  assert.deepEqual(meanDistance({ weights: [NaN, NaN], bound: NaN }, exact), { low: NaN, high: NaN });
});

test("a rounded row has a least and a most", () => {
  const { low, high } = meanDistance({ weights: [0.5, 0, 0.5], bound: 0 }, () => 0.125);
  assert.ok(Math.abs(low - 0.75) < 1e-4 && Math.abs(high - 1.25) < 1e-4, `${low} ${high}`);
  const rounding = (/** @type {string} */ dtype) => weightRounding({ arrays: { "attention/rows": { dtype } } });
  assert.deepEqual([rounding("F32")(0.5), rounding("F16")(0.5), rounding("F16")(0)], [0, 2 ** -12, 2 ** -25]);
  assert.ok(rounding("U8")(0.5) >= 1 / 510 && rounding("U8")(0) < 1 / 509);
  assert.equal(weightRounding({ arrays: {} })(0.5), 0);
});

test("a head in numbers and words", () => {
  const { frame, layout } = setting();
  assert.deepEqual(headOf(frame, layout, 0, 0), { entropy: 1.75, low: 2, high: 2, bound: 0, key: 0, weight: 0.5 });
  assert.equal(headWords(headOf(frame, layout, 0, 0)), "entropy 1.75 bits<br>looks 2.00 tokens back on average");
  const kept = setting({ isWhole: false });
  assert.equal(
    headWords(headOf(kept.frame, layout, 0, 0)),
    "entropy 1.75 bits<br>looks 1.75 to 2.25 tokens back (only the strongest keys are kept) on average",
  );
  assert.equal(
    headWords({ entropy: 1, low: 2.004, high: 2.006, bound: 0, key: 0, weight: 1 }),
    "entropy 1.00 bits<br>looks 2.00 to 2.01 tokens back (weights were rounded) on average",
  );
  const without = setting({ dropped: [0] });
  assert.equal(headWords(headOf(without.frame, layout, 0, 0)), "not in this step");
});

test("rows end at the step's last key, and bounds stand where weights are unknown", () => {
  const { frame, source, view } = setting({ isWhole: false });
  const found = attention(frame, source, view);
  assert.deepEqual(found.weight, [0.5, null, 0.25, null, null, 0.25, null, 0.75]);
  assert.deepEqual(found.unknown.slice(0, 4), [null, 0, null, 0]);
  assert.deepEqual(found.key_name, ["0 a", "1 ␣", "2 &lt;", "3 a"]);
  assert.deepEqual(found.keys_range, [-0.5, 3.5]);
  assert.deepEqual([found.layer, found.head], [0, [0, 0, 0, 0, 1, 1, 1, 1]]);
  assert.equal(found.bound[1], 0.25); // no more than the weaker of the two kept
  assert.equal(found.frame_top, 0.5);
});

test("one head, and all of them over each other", () => {
  const { frame, source, view } = setting();
  const one = head(frame, source, view);
  assert.deepEqual(one.weights, [0, 0.25, 0, 0.75]);
  assert.equal(one.entropy, "entropy 0.50 bits");
  const all = head(frame, source, { ...view, overlay: true });
  assert.deepEqual(
    [all.weights_0, all.weights_1],
    [
      [0.5, 0.125, 0.25, 0.125],
      [0, 0.25, 0, 0.75],
    ],
  );
});

test("the grid is coloured by entropy or by distance", () => {
  const { frame, source, view } = setting();
  const byEntropy = heads(frame, source, { ...view, heads: "entropy" });
  assert.deepEqual([byEntropy.shown, byEntropy.most], [[1.75, 0.5], Math.log2(5)]);
  const byDistance = heads(frame, source, { ...view, heads: "distance" });
  assert.deepEqual([byDistance.shown, byDistance.most], [[2, 0.5], 2]);
  assert.equal(byDistance.frame_left, 0.5);
});

test("the map's line is at the step's query", () => {
  const { frame, source } = setting();
  assert.deepEqual(looks(frame, source), { row: 3 });
  const long = { tokens: { steps: { pos0: [0, 2047], t_add: [2047, 1] } } };
  assert.deepEqual(looks({ header: { pos0: 2047, t_add: 1 } }, long), { row: 255 });
});
