import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_WATCHED, toggled, watchFromName, watchName, watchedHere } from "../../assets/js/core/watched.mjs";

test("a name says hook point and neuron", () => {
  assert.equal(watchName("block.3.mlp_act", 17), "block.3.mlp_act:17");
  assert.deepEqual(watchFromName("block.3.mlp_act:17"), { point: "block.3.mlp_act", neuron: 17 });
});

test("watching is a toggle with six places", () => {
  let watched = [];
  for (let neuron = 0; neuron < MOST_WATCHED; neuron++) watched = toggled(watched, watchName("p", neuron));
  assert.deepEqual(watched, ["p:0", "p:1", "p:2", "p:3", "p:4", "p:5"]);
  assert.equal(toggled(watched, "p:6"), null);
  assert.deepEqual(toggled(watched, "p:2"), ["p:0", "p:1", "p:3", "p:4", "p:5"]);
});

test("what a session lacks is left out", () => {
  const layout = { rows: new Map([["p", 0]]), points: [{ key: "p", width: 4 }] };
  assert.deepEqual(watchedHere(["p:3", "p:4", "q:0"], layout), ["p:3"]);
  assert.deepEqual(watchedHere(null, layout), []);
});
