import assert from "node:assert/strict";
import { test } from "node:test";

import { filtered, nameOf, numberOf, numberText, ordered, placesOf, ticksOf } from "../../assets/js/core/hook_list.mjs";

const KEYS = ["final.logits", "block.13.mlp_act", "block.3.mlp_out", "block.3.mlp_act", "embed.resid0"];

test("names in two parts, also of plain modules", () => {
  assert.deepEqual(nameOf("block.3.mlp_act"), { block: "block 3", kind: "mlp_act" });
  assert.deepEqual(nameOf("final.ln_f"), { block: "final", kind: "ln_f" });
  assert.deepEqual(nameOf("layers.0.fc"), { block: "layers", kind: "0.fc" });
  assert.deepEqual(nameOf("0"), { block: "", kind: "0" });
});

test("every word must be found; a number is that very block", () => {
  assert.deepEqual(filtered(KEYS, "mlp_act"), ["block.13.mlp_act", "block.3.mlp_act"]);
  assert.deepEqual(filtered(KEYS, " Block 3 "), ["block.3.mlp_out", "block.3.mlp_act"]);
  assert.deepEqual(filtered(KEYS, "block.3.mlp_act"), ["block.3.mlp_act"]);
  assert.deepEqual(filtered(KEYS, "3 out"), ["block.3.mlp_out"]);
  assert.deepEqual(filtered(KEYS, "0"), []);
  assert.deepEqual(filtered(KEYS, ""), KEYS);
});

test("largest first, equals in the model's order, what is not known last", () => {
  const values = { "final.logits": NaN, "block.13.mlp_act": 1, "block.3.mlp_out": 5, "block.3.mlp_act": 1, "embed.resid0": Infinity };
  const order = ordered(KEYS, "l2", (key) => values[key]);
  assert.deepEqual(order, ["embed.resid0", "block.3.mlp_out", "block.13.mlp_act", "block.3.mlp_act", "final.logits"]);
  assert.deepEqual(
    ordered(KEYS, "model", () => assert.fail("not asked")),
    KEYS,
  );
});

test("change is a share of what was", () => {
  const changeOf = (before, now) => numberOf("change", { l2: now }, { l2: before });
  assert.equal(changeOf(2, 3), 0.5);
  assert.equal(changeOf(4, 1), -0.75);
  assert.ok([changeOf(0, 1), changeOf(NaN, 1), changeOf(1, NaN)].every(Number.isNaN));
});

test("0 in the middle, the limit at the ends, what is beyond at the end, NaN nowhere", () => {
  for (const scale of ["asinh", "linear", "own"]) {
    const place = placesOf(scale, 50, 80);
    assert.deepEqual([-50, 0, 50, 1e9, -Infinity].map(place), [0, 40, 80, 80, 0], scale);
    assert.ok(Number.isNaN(place(NaN)));
  }
  assert.equal(placesOf("linear", 50, 80)(25), 60);
  assert.ok(placesOf("asinh", 50, 80)(25) > 70);
  assert.equal(placesOf("own", 0, 80)(0), 40);
});

test("labels of ticks never touch, whatever the limit and the width", () => {
  for (const scale of ["asinh", "linear"]) {
    for (let limit = 1; limit < 1e9; limit *= 1.7) {
      for (const width of [40, 60, 90, 200]) {
        const ticks = ticksOf(scale, limit, width);
        assert.ok(ticks.some(({ text }) => text === "0"));
        for (let i = 1; i < ticks.length; i++) {
          const room = ((ticks[i].text.length + ticks[i - 1].text.length) / 2) * 6;
          assert.ok(ticks[i].x - ticks[i - 1].x >= room, `${scale} ${limit} ${width}: ${ticks[i - 1].text} ${ticks[i].text}`);
        }
      }
    }
  }
  assert.deepEqual(
    ticksOf("asinh", 120, 120).map(({ text }) => text),
    ["−100", "0", "100"],
  );
  assert.deepEqual(
    ticksOf("linear", 230, 120).map(({ text }) => text),
    ["−200", "0", "200"],
  );
});

test("a row's number is what the list is sorted by, else l2, in its own words", () => {
  const [now, before] = [
    { l2: 3, sparsity: 0.25, p99: 7 },
    { l2: 4, sparsity: 0, p99: 1 },
  ];
  const says = (sort, earlier = before) => numberText(sort, numberOf(sort, now, earlier));
  assert.deepEqual(
    ["model", "l2", "sparsity", "p99", "change"].map((sort) => says(sort)),
    ["3.00", "3.00", "25.0 %", "7.00", "−25 %"],
  );
  assert.equal(numberText("change", 0.5), "+50 %");
  assert.equal(says("change", null), "—", "the step before is not at hand");
});
