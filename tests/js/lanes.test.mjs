import assert from "node:assert/strict";
import { test } from "node:test";

import { endsOf, kindOf, lanesOf, loopFromText, pixelColumns, runsOf, stepOfX, textFromLoop, xOfStep } from "../../assets/js/core/lanes.mjs";

test("the first step is at the left end, the last at the right, and every place leads back to its step", () => {
  assert.deepEqual([xOfStep(0, 300, 80), xOfStep(79, 300, 80)], [0, 300]);
  for (const numSteps of [1, 2, 80, 5000]) {
    for (const step of [0, 1, numSteps >> 1, numSteps - 1].filter((each) => each < numSteps)) {
      assert.equal(stepOfX(xOfStep(step, 641, numSteps), 641, numSteps), step);
    }
  }
});

test("places beside the lanes are their ends; lanes without width or steps are step 0", () => {
  assert.deepEqual([stepOfX(-5, 100, 10), stepOfX(105, 100, 10), stepOfX(3, 0, 10), stepOfX(3, 100, 0)], [0, 9, 0, 0]);
});

const laneOf = (values, present = null) => ({ values, present });

test("lines break where nothing was captured, and where what was recorded is no number", () => {
  assert.deepEqual(runsOf(laneOf(Float32Array.of(NaN, 1, 2, NaN, NaN, 3))), {
    number: [
      [1, 2],
      [5, 5],
    ],
    missing: [
      [0, 0],
      [3, 4],
    ],
    nan: [],
  });
  assert.deepEqual(runsOf(laneOf(Float32Array.of(1, NaN, NaN, Infinity), [1, 0, 1, 1])), {
    number: [
      [0, 0],
      [3, 3],
    ],
    missing: [[1, 1]],
    nan: [[2, 2]],
  });
  assert.deepEqual(runsOf(laneOf(new Float32Array(0))), { number: [], missing: [], nan: [] });
});

test("a lane holds zero and every finite number", () => {
  assert.deepEqual(endsOf(Float32Array.of(NaN, 1, Infinity, 2)), [0, 2]);
  assert.deepEqual(endsOf(Float32Array.of(-3, -1, -Infinity)), [-3, 0]);
  assert.deepEqual(endsOf(Float32Array.of(NaN, NaN)), [0, 0]);
});

test("a training script has lanes of what it added, a model those of its predictions", () => {
  const line = (name) => ({ name, values: Float32Array.of(4, NaN), present: Uint8Array.of(1, 1) });
  const series = {
    surprise: Float32Array.of(1, 2),
    entropy: Float32Array.of(3, 4),
    points: Float32Array.of(5, 6, 7, 8),
    every: 1,
    extra: [line("loss"), line("rate")],
  };
  const point = { key: "0.weight", unit: "activation" };
  const lanes = lanesOf(series, point, 1, true);
  assert.deepEqual(
    lanes.map(({ name }) => name),
    ["loss", "rate", "l2"],
  );
  assert.deepEqual([...lanes[2].values], [7, 8]);
  assert.deepEqual([kindOf(lanes[0], 0), kindOf(lanes[0], 1), kindOf(lanes[0], 9)], ["number", "nan", "missing"]);
  assert.deepEqual(
    lanesOf({ ...series, extra: [] }, point, 0, false).map(({ name, unit }) => [name, unit]),
    [
      ["surprise", "bits"],
      ["entropy", "bits"],
      ["l2", "activation"],
    ],
  );
  assert.deepEqual(
    lanesOf(null, point, 0, true).map(({ name, values }) => [name, values.length]),
    [["l2", 0]],
  );
  assert.equal(lanesOf({ ...series, extra: Array.from({ length: 9 }, (_, i) => line(`x${i}`)) }, point, 0, true).length, 7);
});

test("a loop as text and back", () => {
  assert.deepEqual(loopFromText("12-20"), [12, 20]);
  assert.equal(textFromLoop([12, 20]), "12-20");
  assert.deepEqual([loopFromText(null), loopFromText("12"), loopFromText("a-b"), textFromLoop(null)], [null, null, null, null]);
});

test("many steps in few pixels: the largest of each, gaps stay gaps", () => {
  assert.deepEqual(pixelColumns(Float32Array.of(1, 3, NaN, NaN, NaN, 2, Infinity, 5), 4), [3, NaN, 2, 5]);
  assert.deepEqual(pixelColumns(Float32Array.of(1, NaN), 34), [1, NaN]);
  assert.deepEqual(pixelColumns(new Float32Array(0), 34), []);
});
