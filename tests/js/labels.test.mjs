import assert from "node:assert/strict";
import { test } from "node:test";

import { columnsOf } from "../../assets/js/stage/labels.mjs";

const LOWEST = { x: 0, y: -0.5, z: 0, depth: 0.4 };
const frame = (pos0, t_add) => ({ header: { pos0, t_add } });
const WORDS = ["Once", " there", " was", " a", " girl", " named", " Mia", "."];
const lengthOf = (position) => WORDS[position % WORDS.length].length;

test("all tokens that were read stand below while there is room, in order, within the plate", () => {
  const { first, last, placeOf } = columnsOf(frame(0, 4), LOWEST, lengthOf, 60);
  assert.deepEqual([first, last], [0, 3]);
  const xs = [0, 1, 2, 3].map((position) => placeOf(position)[0]);
  assert.deepEqual(
    xs,
    [...xs].sort((a, b) => a - b),
  );
  assert.ok(xs[0] > -0.5 && xs[3] < 0.5);
});

test("of a long text the newest have room, those before share one place on the left", () => {
  const { first, last, placeOf } = columnsOf(frame(99, 1), LOWEST, lengthOf, 60);
  assert.equal(last, 99);
  assert.ok(first > 85 && first < 97, `${first}`);
  assert.deepEqual(placeOf(0), placeOf(first - 1));
  assert.ok(placeOf(first)[0] > placeOf(0)[0]);
  assert.ok(placeOf(99)[0] < 0.5);
});

test("one word longer than the room still has its place", () => {
  const { first, placeOf } = columnsOf(frame(5, 1), LOWEST, () => 400, 30);
  assert.equal(first, 5);
  assert.ok(Math.abs(placeOf(5)[0]) < 0.5);
});

test("where a lane is too narrow for both, the word that was read stands there and none before it", () => {
  const { first, hasEarlier, placeOf } = columnsOf(frame(5, 1), { ...LOWEST, x: 0.7 }, () => 12, 15);
  assert.deepEqual([first, hasEarlier], [5, false]);
  assert.ok(Math.abs(placeOf(5)[0] - 0.7) < 0.5, "on its own plate");
  assert.equal(columnsOf(frame(5, 1), LOWEST, () => 3, 16).hasEarlier, true);
});
