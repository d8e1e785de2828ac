import assert from "node:assert/strict";
import { test } from "node:test";

import { centreOf, gridShape, hit, placePlates, plateKeys, plateLabel } from "../../assets/js/stage/plates.mjs";
import { coreRadius, LEVELS, levelOf } from "../../assets/js/stage/sprites.mjs";
import { stepsOfPositions } from "../../assets/js/core/growth.mjs";

const BLOCK = ["resid_pre", "attn_out", "mlp_out", "resid_post"];
const keys = ["embed.resid0", ...[0, 1, 2].flatMap((i) => BLOCK.map((kind) => `block.${i}.${kind}`)), "final.ln_f", "final.logits"];
const layout = { n_layer: 3, points: keys.map((key) => ({ key, width: 256 })) };

test("grids are those of figures.grid_shape", () => {
  const shapes = { 256: [16, 16], 1024: [32, 32], 768: [24, 32], 1536: [32, 48], 8: [2, 4], 1: [1, 1], 13: [4, 4], 3: [1, 3], 5: [2, 3] };
  for (const [width, [rows, cols]] of Object.entries(shapes)) assert.deepEqual(gridShape(Number(width)), { rows, cols });
});

test("a plate stands for each block; the stream has its ends beside it", () => {
  assert.deepEqual(plateKeys(layout, "block.1.mlp_out"), ["block.0.mlp_out", "block.1.mlp_out", "block.2.mlp_out"]);
  assert.deepEqual(plateKeys(layout, "block.1.resid_pre"), ["embed.resid0", "block.0.resid_pre", "block.1.resid_pre", "block.2.resid_pre", "final.ln_f"]);
  assert.deepEqual(plateKeys(layout, "embed.resid0"), plateKeys(layout, "block.0.resid_post"));
  assert.deepEqual(plateKeys(layout, "final.logits"), ["final.logits"]);
  assert.deepEqual(plateKeys({ n_layer: 0, points: [{ key: "hidden" }, { key: "out" }] }, "out"), ["hidden", "out"]);
});

test("labels", () => {
  assert.equal(plateLabel("block.12.mlp_act"), "block 12 · mlp_act");
  assert.equal(plateLabel("final.ln_f"), "final · ln_f");
});

for (const [count, width, stage, lanes = 1] of [
  [8, 256, [730, 620], 2],
  [8, 256, [730, 620], 3],
  [22, 1280, [730, 620], 2],
  [8, 256, [730, 620]],
  [8, 256, [390, 400]],
  [26, 1536, [730, 620]],
  [1, 1024, [730, 620]],
  [3, 5, [300, 200]],
  [14, 768, [1200, 700]],
]) {
  test(`${count} plates of ${width} in ${lanes} lanes fit ${stage} without touching`, () => {
    const plates = placePlates(
      Array.from({ length: count }, (_, i) => ({ key: `block.${i}.mlp_out`, widths: Array.from({ length: lanes }, () => width) })),
      ...stage,
    );
    assert.equal(plates.length, count * lanes);
    for (const { key, y } of plates)
      assert.ok(
        plates.every((other) => other.key !== key || other.y === y),
        "lanes of a hook point at one height",
      );
    const boxes = plates.map(({ x, y, cols, rows, cellPx }) => [x, y, x + cols * cellPx, y + rows * cellPx]);
    for (const [left, top, right, bottom] of boxes) assert.ok(left >= 0 && top >= 0 && right <= stage[0] && bottom <= stage[1]);
    for (const a of boxes) for (const b of boxes) assert.ok(a === b || a[2] < b[0] || b[2] < a[0] || a[3] < b[1] || b[3] < a[1]);
  });
}

test("what lies under a neuron's centre is that neuron", () => {
  const plates = placePlates(
    [
      { key: "a", widths: [13, 13] },
      { key: "b", widths: [13, 0] },
    ],
    400,
    300,
  );
  for (const plate of plates) {
    for (let neuron = 0; neuron < plate.width; neuron++) {
      const found = hit(plates, ...centreOf(plate, neuron));
      assert.equal(found.plate, plate);
      assert.equal(found.neuron, neuron);
    }
  }
  const [first] = plates;
  const beyond = hit(plates, ...centreOf(first, 15));
  assert.equal(beyond.neuron, null, "an empty cell is no neuron");
  assert.equal(hit(plates, -50, -50), null);
});

test("size never falls with magnitude and ends with the scale", () => {
  let before = -1;
  for (let level = 0; level < LEVELS; level++) {
    const radius = coreRadius(level / (LEVELS - 1), 10);
    assert.ok(radius > before && radius < 5);
    before = radius;
  }
  assert.equal(levelOf(0.0001), 0);
  assert.equal(levelOf(7), LEVELS - 1);
});

test("a position belongs to the step that read it", () => {
  const tokens = { sequence: [5, 6, 7, 8, 9], steps: { pos0: [0, 3], t_add: [3, 1] } };
  assert.deepEqual(stepsOfPositions(tokens), [0, 0, 0, 1, -1]);
});
