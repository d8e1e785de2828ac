import assert from "node:assert/strict";
import { test } from "node:test";

import { common, cut } from "../../assets/js/learn/overlay.mjs";

test("a target's name has a kind and an argument, which may have colons", () => {
  assert.deepEqual(cut("stage"), ["stage", ""]);
  assert.deepEqual(cut("neuron:hidden:2"), ["neuron", "hidden:2"]);
});

test("what two boxes have in common", () => {
  const window = { left: 0, top: 40, right: 390, bottom: 800 };
  assert.deepEqual(common({ left: -10, top: 0, right: 100, bottom: 60 }, window), { left: 0, top: 40, right: 100, bottom: 60 });
  const above = common({ left: 0, top: 0, right: 100, bottom: 30 }, window);
  assert.ok(above.bottom < above.top, "nothing of it is seen");
});
