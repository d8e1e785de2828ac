import assert from "node:assert/strict";
import { test } from "node:test";

import { copies, longestLook, nextTelling, surprisePeaks, tellingMoments } from "../../assets/js/core/telling.mjs";

const LAYOUT = { n_layer: 2, n_head: 1 };

/** A frame of one token whose heads look at these keys with these weights. */
function frame(pos0, looks) {
  const keys = { data: Uint16Array.from(looks.map(([key]) => key)), shape: [2, 1, 1] };
  const weights = { data: Float32Array.from(looks.map(([, weight]) => weight)), shape: [2, 1, 1], dtype: "F32" };
  const flat = { data: new Float32Array(2), shape: [2, 1] };
  const arrays = { "attention/keys": keys, "attention/weights": weights, "attention/entropy": flat, "attention/max_weight": flat };
  return { header: { step: pos0, pos0, t_add: 1, dropped: 0, dropped_layers: [] }, arrays };
}

test("a surprise is a peak of two bits or more; gaps and ends are none", () => {
  assert.deepEqual(surprisePeaks(Float32Array.of(3, 1, 1.9, 0, 5, 5, NaN, 2.5, Infinity)), [0, 5]);
  assert.deepEqual(surprisePeaks(new Float32Array(0)), []);
});

test("a copy begins where the model says the same word behind the same word, once a run", () => {
  const sequence = [9, 1, 2, 3, 1, 2, 3, 1, 4];
  assert.deepEqual(copies({ sequence }, 1), [5]);
  assert.deepEqual(copies({ sequence }, 6), [], "the prompt's own copy is none");
});

test("the longest look of half the weight, never at the first token", () => {
  assert.deepEqual(
    longestLook(
      frame(20, [
        [0, 0.9],
        [5, 0.6],
      ]),
      LAYOUT,
    ),
    { back: 15, layer: 1, head: 0 },
  );
  assert.equal(
    longestLook(
      frame(20, [
        [0, 0.9],
        [5, 0.4],
      ]),
      LAYOUT,
    ),
    null,
  );
});

test("moments by step, with why; a look that goes hardly further than one before is none", () => {
  const steps = { pos0: [0, 1, 2, 20, 21, 40], t_add: [1, 1, 1, 1, 1, 1] };
  const frames = [
    null,
    null,
    frame(2, [
      [1, 0.9],
      [0, 1],
    ]),
    frame(20, [
      [5, 0.6],
      [0, 1],
    ]),
    frame(21, [
      [5, 0.9],
      [0, 1],
    ]),
    frame(40, [
      [10, 0.9],
      [0, 1],
    ]),
  ];
  const series = { surprise: Float32Array.of(0, 4, 0, 3, 0, 0), every: 1 };
  const found = tellingMoments({ series, tokens: { sequence: [1, 2, 3], steps }, numPrompt: 1, layout: LAYOUT, frame: (step) => frames[step] });
  assert.deepEqual(found, [
    { step: 1, says: "a surprise of 4.0 bits" },
    { step: 3, says: "a surprise of 3.0 bits; block 0, head 0 looks back 15 tokens" },
    { step: 5, says: "block 0, head 0 looks back 30 tokens" },
  ]);
  assert.deepEqual(
    tellingMoments({
      series: null,
      tokens: { sequence: [1], steps: { pos0: [0], t_add: [1] } },
      numPrompt: 1,
      layout: { n_layer: 0, n_head: 0 },
      frame: () => null,
    }),
    [],
  );
});

test("from one to the next, and around", () => {
  const moments = [2, 5].map((step) => ({ step, says: "" }));
  assert.deepEqual(
    [0, 2, 5, 9].map((step) => nextTelling(moments, step, 1)?.step),
    [2, 5, 2, 2],
  );
  assert.deepEqual(
    [0, 2, 5, 9].map((step) => nextTelling(moments, step, -1)?.step),
    [5, 5, 2, 5],
  );
  assert.equal(nextTelling([], 1, 1), null);
});
