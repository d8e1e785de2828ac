import assert from "node:assert/strict";
import { test } from "node:test";

import { isLongWord, joinedAt } from "../../assets/js/learn/widgets/byte-pairs.mjs";
import { strongest } from "../../assets/js/learn/widgets/head-scores.mjs";
import { ledger } from "../../assets/js/learn/widgets/notebook.mjs";
import { apart, fitted } from "../../assets/js/learn/widgets/word-map.mjs";
import { found } from "../../assets/js/learn/widgets/word-rows.mjs";

test("a merge is found where the parts begin to differ", () => {
  assert.equal(joinedAt(["b", "e", "d"], ["be", "d"]), 0);
  assert.equal(joinedAt(["b", "e", "d"], ["b", "ed"]), 1);
  assert.equal(joinedAt(["a", "a", "a"], ["a", "aa"]), 1);
});

test("a long word is one token of letters", () => {
  assert.ok(isLongWord(" beautiful"));
  assert.ok(isLongWord("größtenteils"));
  assert.ok(!isLongWord(" bed"));
  assert.ok(!isLongWord(" 12345678"));
});

test("a line of the notebook is what was carried, copied and written", () => {
  const block = { keep: 0.5, again: 2, before: [10, 20], attn: [1, -3], mlp: [0, 4] };
  const parts = ledger(block, [3, 4], 1);
  assert.deepEqual(
    parts.map(({ value }) => value),
    [10, 8, -3, 4],
  );
});

test("the heads with the largest scores, the largest first", () => {
  assert.deepEqual(
    strongest(
      [
        [0.1, 0.7],
        [0.9, 0.2],
      ],
      2,
    ),
    ["1.0", "0.1"],
  );
});

test("a map keeps shapes: one scale for both directions, the middle in the middle", () => {
  const place = fitted(
    [
      { x: 0, y: 0 },
      { x: 4, y: 1 },
    ],
    120,
    100,
    10,
  );
  assert.deepEqual(place({ x: 2, y: 0.5 }), [60, 50]);
  assert.deepEqual(place({ x: 4, y: 1 }), [110, 37.5]);
});

test("labels that would cover each other are moved apart, others stay", () => {
  const [first, second, far] = apart([
    { word: "red", at: [10, 50] },
    { word: "blue", at: [12, 52] },
    { word: "dog", at: [300, 51] },
  ]);
  assert.ok(second - first >= 15);
  assert.ok(Math.abs(far - 51) < 10);
});

test("a word is found however it is written, and no other", () => {
  assert.equal(found(["may", "May", "Mia"], "May"), "May");
  assert.equal(found(["red", "Mia"], "mIA"), "Mia");
  assert.equal(found(["red"], "reds"), null);
});
