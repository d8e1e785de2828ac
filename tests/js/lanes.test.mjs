import assert from "node:assert/strict";
import { test } from "node:test";

import { loopFromText, pixelColumns, runsOf, stepOfX, textFromLoop, topOf, xOfStep } from "../../assets/js/core/lanes.mjs";

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

test("lines break where nothing was captured", () => {
  const { captured, gaps } = runsOf(Float32Array.of(NaN, 1, 2, NaN, NaN, 3));
  assert.deepEqual(captured, [[1, 2], [5, 5]]);
  assert.deepEqual(gaps, [[0, 0], [3, 4]]);
  assert.deepEqual(runsOf(new Float32Array(0)), { captured: [], gaps: [] });
});

test("the top of a lane is its largest number", () => {
  assert.equal(topOf(Float32Array.of(NaN, 1, Infinity, 2)), 2);
  assert.equal(topOf(Float32Array.of(NaN, NaN)), 0);
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
