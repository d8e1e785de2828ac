import { freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { STATS, stats } from "../../assets/js/core/layout.mjs";
import { formatValue } from "../../assets/js/core/format.mjs";
import { LayerNumbers } from "../../assets/js/panels/layer_numbers.mjs";
import { frameOf, layout } from "./recording.mjs";

const KEY = "block.0.mlp_out";
const side = (frame = frameOf()) => ({ frame, layout });

function numbersOf(lanes, key = KEY) {
  freshPage();
  const numbers = new LayerNumbers();
  numbers.draw(lanes, key);
  return { numbers, said: texts("dd", numbers.host) };
}

test("seven statistics by name, sparsity as a share", () => {
  const { numbers, said } = numbersOf([side()]);
  const of = stats(frameOf(), layout, KEY);
  assert.deepEqual(texts("dt", numbers.host), [...STATS]);
  assert.deepEqual(
    said,
    STATS.map((name) => (name === "sparsity" ? `${(100 * of[name]).toFixed(1)} %` : formatValue(of[name]))),
  );
  assert.equal(numbers.cells.l2.title, String(of.l2), "the exact number under the pointer");
});

test("of two, both; a place that only one has is none in the other", () => {
  const { numbers, said } = numbersOf([side(), { frame: frameOf(), layout: { ...layout, rows: new Map() } }]);
  assert.ok(numbers.list.classList.contains("is-pair"));
  assert.ok(said.every((text) => text.endsWith(" · —")));
  assert.match(numbers.cells.mean.title, / in A, not captured in B$/);
});

test("what was not captured is a dash, NaN is NaN", () => {
  assert.deepEqual(new Set(numbersOf([side(frameOf({ dropped_layers: [0] }))]).said), new Set(["—"]));
  const frame = frameOf();
  frame.arrays.stats.data.fill(frame.arrays.stats.dtype === "F16" ? 0x7e00 : NaN);
  assert.ok(numbersOf([side(frame)]).said.includes("NaN"));
});
