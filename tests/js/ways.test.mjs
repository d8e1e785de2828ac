import assert from "node:assert/strict";
import { test } from "node:test";

import { nextWay, wayOf, waysOf } from "../../assets/js/core/ways.mjs";

const names = (numLanes) => waysOf(numLanes).map(({ name }) => name);

test("only two recordings can be subtracted", () => {
  assert.deepEqual(names(2), ["Side by side", "One tower, B − A", "Flat"]);
  assert.deepEqual(names(3), ["Side by side", "Flat"]);
});

test("each way sets all that makes it", () => {
  for (const { name, view } of waysOf(2)) assert.equal(wayOf(view.picture ?? "tower", view.difference === 1).name, name);
  assert.equal(wayOf("flat", true).name, "Flat", "also of what the two differ by, as a link may ask");
});

test("one after the other, and behind the last the first", () => {
  const walked = (picture, isDifference, numLanes) => nextWay(picture, isDifference, numLanes).name;
  assert.deepEqual([walked("tower", false, 2), walked("tower", true, 2), walked("flat", false, 2)], ["One tower, B − A", "Flat", "Side by side"]);
  assert.deepEqual([walked("tower", false, 3), walked("flat", false, 3)], ["Flat", "Side by side"]);
  assert.equal(walked("tower", true, 3), "Side by side", "three that a link wants subtracted");
});
