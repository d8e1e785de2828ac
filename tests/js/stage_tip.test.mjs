import { freshPage } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { tipParts } from "../../assets/js/stage/tip.mjs";
import { differenceLane } from "../../assets/js/stage/lanes.mjs";
import { frameOf, lane } from "./recording.mjs";

const KEY = "block.0.mlp_out"; // kept: neurons 6, 1, 7, 0 with 4, −3, 2, −1

function words(of, found, groups) {
  freshPage();
  return tipParts(of, { key: KEY, ...found }, groups).map((part) => part.textContent);
}

test("a captured neuron: its exact value with its unit, its rank", () => {
  const [title, value, rank] = words(lane({ name: "A" }), { neuron: 1 });
  assert.equal(title, `A · ${KEY} · neuron 1`);
  assert.match(value, /^[-−]3 activation/);
  assert.equal(rank, "rank 2 of 8 by magnitude");
});

test("what was not captured has a bound and no value; a plate's edge says how many neurons", () => {
  assert.match(words(lane(), { neuron: 3 })[2], /^weaker than the 4 kept: ≤ /);
  assert.match(words(lane(), { neuron: null })[1], /^8 neurons; not captured ≤ /);
  assert.match(words(lane(), { key: "block.0.ln1", neuron: null })[1], /^\d+ neurons$/);
  assert.equal(words(lane(), { key: "block.0.ln1", neuron: 0 })[2], "statistics only in this step");
});

test("why there is nothing: no step, no such hook point", () => {
  assert.deepEqual(words(lane({ frame: null, none: "on its way" }), { neuron: 1 }), [KEY, "on its way"]);
  assert.match(words(lane(), { key: "block.9.mlp_out", neuron: 1 })[1], /no such hook point/);
});

test("the group of a neuron, where groups colour the dots", () => {
  assert.equal(words(lane(), { neuron: 1 }, { words: () => "group 2" }).at(-1), "group 2");
});

test("a difference: of both, of one side at least, of neither nothing", () => {
  const b = frameOf();
  b.arrays["topk/8/values"].data.set([0x4500], 16); // 5 as float16
  b.arrays["topk/8/indices"].data.set([6, 2, 7, 0], 16);
  const apart = differenceLane(lane(), lane({ frame: b }), true);
  assert.match(words(apart, { neuron: 6 })[1], /^B − A = 1 activation/);
  assert.equal(words(apart, { neuron: 6 })[2], "A 4, B 5");
  assert.equal(words(apart, { neuron: 5 })[1], "captured by neither side");
  assert.match(words(apart, { neuron: 1 })[2], /captured in A only|within the other side's bound/);
  const other = differenceLane(lane(), lane({ frame: b, run: { ...lane().run, layout: { ...lane().run.layout, rows: new Map() } } }), true);
  assert.equal(words(other, { neuron: 6 })[1], "nothing is subtracted here");
});
