import assert from "node:assert/strict";
import { test } from "node:test";

import { columnPxOf, scrollTo, wordAxis } from "../../assets/js/core/axis.mjs";

const words = (count, word = "tree") => Array.from({ length: count }, () => word);

test("thirty steps fill the line; more of them scroll, in columns that most words fit", () => {
  assert.equal(columnPxOf(1100, words(22)), 50);
  assert.ok(columnPxOf(1240, words(31)) === 40 && columnPxOf(1240, words(32)) === 44);
  assert.equal(columnPxOf(360, words(22)), 44, "on a phone they scroll, too");
  assert.equal(columnPxOf(360, words(22, "garden")), 6 * 7.9 + 8);
  assert.ok(columnPxOf(360, words(22, "understanding")) > 76, "the longest word has room in small letters");
  assert.equal(columnPxOf(360, words(22, "x".repeat(99))), 120);
  assert.equal(columnPxOf(300, []), 300);
});

test("a step stands at the last word that it read, what it chose one further", () => {
  const axis = wordAxis({ steps: { pos0: [0, 5, 6], t_add: [5, 1, 1] }, stepOf: [0, 0, 0, 0, 0, 1, 2, -1], columnPx: 10, scrollPx: 20 });
  assert.deepEqual([0, 1, 2].map(axis.xOf), [25, 35, 45]);
  assert.deepEqual([0, 1, 2].map(axis.xAbout), [35, 45, 55]);
  assert.deepEqual([-100, 25, 35, 45, 55, 999].map(axis.stepAt), [0, 0, 1, 2, 2, 2]);
});

test("the words move when the clock leaves what is in sight, and no sooner", () => {
  assert.equal(scrollTo(3, 50, 0, 300), 0);
  assert.equal(scrollTo(5, 50, 0, 300), 150, "what it chose would be out of sight");
  assert.equal(scrollTo(0, 50, 400, 300), 0);
});
