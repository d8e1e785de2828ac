import assert from "node:assert/strict";
import { test } from "node:test";

import { changedPlaces, orderAfter, ranges } from "../../assets/js/core/session_list.mjs";

const line = (id, steps = "1") => /** @type {any} */ ({ id, steps });

test("a press on a head orders by it, a second one turns it around", () => {
  assert.equal(orderAfter("-recorded", "session"), "session");
  assert.equal(orderAfter("session", "session"), "-session");
  assert.equal(orderAfter("-session", "session"), "session");
  assert.equal(orderAfter("session", "size"), "-size");
});

test("only lines that changed are drawn anew", () => {
  const lines = [line("a"), line("b"), line("c")];
  assert.deepEqual(changedPlaces(lines, [line("b", "2"), line("c")], 1), [1]);
  assert.deepEqual(changedPlaces(lines, [line("a"), line("b")], 0), []);
});

test("other lines mean another list", () => {
  assert.equal(changedPlaces([line("a"), line("b")], [line("new"), line("a")], 0), null);
  assert.equal(changedPlaces([line("a")], [line("a"), line("b")], 0), null);
});

test("many lines are fetched in parts", () => {
  assert.deepEqual(ranges(450), [
    [0, 200],
    [200, 400],
    [400, 450],
  ]);
  assert.deepEqual(ranges(0), []);
});
