import assert from "node:assert/strict";
import { test } from "node:test";

import { fitCamera, project, HOME } from "../../assets/js/stage/camera.mjs";
import { cornersOf } from "../../assets/js/stage/tower_geometry.mjs";
import { outlineOf, placeIn, placeParts, tileAt, withoutOverlap } from "../../assets/js/stage/why_plates.mjs";

const LAYOUT = { n_layer: 3, n_head: 4 };
const { slabs, tiles } = placeParts(LAYOUT, 64, 256, 1.4);
const camera = fitCamera({ ...HOME }, cornersOf(slabs), { width: 800, height: 500, left: 100, right: 80, top: 40, bottom: 30 });

test("each block has a plate, each head a tile and the MLP one, in the order of parts", () => {
  assert.equal(slabs.length, 3);
  assert.deepEqual(
    tiles.map(({ part }) => part),
    Array.from({ length: 15 }, (_, i) => i + 1),
  );
  assert.deepEqual(
    tiles.slice(0, 5).map(({ head, width }) => [head, width]),
    [
      [0, 16],
      [1, 16],
      [2, 16],
      [3, 16],
      [-1, 256],
    ],
  );
});

test("tiles of a plate lie on it and not on each other", () => {
  for (const tile of tiles.slice(0, 5)) {
    assert.ok(tile.x >= -0.5 && tile.x + tile.w <= 0.5);
    for (const other of tiles.slice(0, 5)) {
      if (other === tile) continue;
      const apart = tile.x + tile.w <= other.x || other.x + other.w <= tile.x || tile.z + tile.d <= other.z || other.z + other.d <= tile.z;
      assert.ok(apart, `${tile.part} ${other.part}`);
    }
  }
});

test("what lies under a point is the coordinate drawn there", () => {
  for (const [part, index] of [
    [11, 3],
    [14, 15],
    [15, 200],
  ]) {
    const tile = tiles[part - 1];
    const [x, y] = project(camera, ...placeIn(tile, index));
    const found = tileAt(tiles, camera, x, y);
    assert.deepEqual([found.tile.part, found.index], [part, index]);
  }
  assert.equal(tileAt(tiles, camera, 2, 2), null);
  assert.equal(outlineOf(tiles[0], camera).length, 4);
});

test("words are never over one another, and the first one is where it belongs", () => {
  const word = { x: 100, y: 100, width: 60, height: 16 };
  const room = { left: 0, top: 0, right: 400, bottom: 200 };
  const places = withoutOverlap([word, word, word, word, word], room);
  assert.deepEqual(places[0], [100, 100]);
  const there = places.filter((place) => place !== null);
  assert.ok(there.length > 2);
  there.forEach(([x, y], i) =>
    there.slice(i + 1).forEach(([otherX, otherY]) => assert.ok(Math.abs(x - otherX) >= 60 || Math.abs(y - otherY) >= 16, `${x} ${y} ${otherX} ${otherY}`)),
  );
  assert.deepEqual(withoutOverlap([word], { ...room, right: 50 }), [null]);
  const [moved] = withoutOverlap([word], room, [{ left: 70, right: 130, top: 95, bottom: 105 }]);
  assert.notDeepEqual(moved, [100, 100]);
});
