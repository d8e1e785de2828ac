import assert from "node:assert/strict";
import { test } from "node:test";

import { turnOf, walked } from "../../assets/js/stage/hand.mjs";

const PLATES = [
  { key: "block.0.mlp_act", width: 12, cols: 4 },
  { key: "block.1.mlp_act", width: 12, cols: 4 },
  { key: "logits", width: 48, cols: 16 },
];

test("arrows walk neurons and plates and stop at the last", () => {
  const from = { key: "block.0.mlp_act", neuron: 5 };
  const to = (press, at = from) => walked(at, press, PLATES);
  assert.deepEqual(to("ArrowRight"), { key: "block.0.mlp_act", neuron: 6 });
  assert.deepEqual(to("ArrowLeft"), { key: "block.0.mlp_act", neuron: 4 });
  assert.deepEqual(to("PageDown"), { key: "block.0.mlp_act", neuron: 9 });
  assert.deepEqual(to("PageUp"), { key: "block.0.mlp_act", neuron: 1 });
  assert.deepEqual(to("ArrowUp"), { key: "block.1.mlp_act", neuron: 5 });
  assert.deepEqual(to("ArrowDown"), from);
  assert.deepEqual(to("ArrowRight", { key: "logits", neuron: 47 }), { key: "logits", neuron: 47 });
  assert.deepEqual(to("PageUp", { key: "logits", neuron: 3 }), { key: "logits", neuron: 0 });
});

test("a wider plate is entered at the same share of its width", () => {
  assert.deepEqual(walked({ key: "block.1.mlp_act", neuron: 6 }, "ArrowUp", PLATES), { key: "logits", neuron: 24 });
  assert.deepEqual(walked({ key: "logits", neuron: 47 }, "ArrowDown", PLATES), { key: "block.1.mlp_act", neuron: 11 });
});

test("from a plate that is not shown any more the hand goes on at the lowest", () => {
  assert.equal(walked({ key: "block.0.attn_out", neuron: 2 }, "ArrowRight", PLATES)?.key, "block.0.mlp_act");
});

test("other keys do not walk", () => {
  for (const press of ["Enter", "Escape", "Tab", "a", " "]) assert.equal(walked({ key: "logits", neuron: 0 }, press, PLATES), null);
});

test("Shift with arrows turns, plus and minus zoom, zero goes back", () => {
  const turn = (key, shiftKey = false) => turnOf({ key, shiftKey });
  assert.ok((turn("ArrowLeft", true)?.yaw ?? 0) < 0);
  assert.ok((turn("ArrowUp", true)?.pitch ?? 0) > 0);
  assert.equal(turn("ArrowLeft"), undefined);
  assert.ok((turn("+", true)?.zoom ?? 0) > 1);
  assert.ok((turn("-")?.zoom ?? 2) < 1);
  assert.equal(turn("0"), null);
  assert.equal(turn("a"), undefined);
});
