import assert from "node:assert/strict";
import { test } from "node:test";

import { HOME, fitCamera, project } from "../../assets/js/stage/camera.mjs";
import { litBy, plateVertices } from "../../assets/js/stage/render_parts.mjs";
import { cornersOf, placeTower } from "../../assets/js/stage/tower_geometry.mjs";

const slabs = placeTower(
  [
    { key: "block.0.resid_post", widths: [64] },
    { key: "block.1.resid_post", widths: [64] },
  ],
  1.4,
);
const camera = fitCamera({ ...HOME }, cornersOf(slabs), { width: 800, height: 500, left: 200, right: 200, top: 100, bottom: 100 });

test("what shines is all of the plates and room for the glow, as shares of the picture with y upwards", () => {
  const corners = cornersOf(slabs);
  const [left, bottom, right, top] = litBy(camera, corners);
  const places = corners.map((corner) => project(camera, ...corner));
  const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
  const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} ${b}`);
  near(left, (Math.min(...xs) - 36) / 800);
  near(right, (Math.max(...xs) + 36) / 800);
  near(top, 1 - (Math.min(...ys) - 36) / 500);
  near(bottom, 1 - (Math.max(...ys) + 36) / 500);
});

test("it ends where the picture does", () => {
  const far = fitCamera({ ...HOME, zoom: 8 }, cornersOf(slabs), { width: 800, height: 500, left: 0, right: 0, top: 0, bottom: 0 });
  for (const share of litBy(far, cornersOf(slabs))) assert.ok(share >= 0 && share <= 1);
});

test("a plate is two triangles around it with room for its edge's glow, which know where its middle is", () => {
  const { x, y, z, depth } = slabs[0];
  const flat = plateVertices(slabs[0], 1);
  const corners = Array.from({ length: 6 }, (_, i) => flat.slice(7 * i, 7 * i + 7));
  assert.equal(flat.length, 42);
  for (const [cornerX, cornerY, cornerZ, fromX, fromZ, half, isSelected] of corners) {
    assert.deepEqual([cornerY, half, isSelected], [y, depth / 2, 1]);
    assert.ok(Math.abs(cornerX - x - fromX) < 1e-12 && Math.abs(cornerZ - z - fromZ) < 1e-12);
    assert.ok(Math.abs(fromX) > 0.5 && Math.abs(fromZ) > depth / 2);
  }
  assert.equal(new Set(corners.map(([cornerX, , cornerZ]) => `${cornerX},${cornerZ}`)).size, 4);
});
