import assert from "node:assert/strict";
import { test } from "node:test";

import { nextName, positionNames, withCharacters } from "../../assets/js/core/token_names.mjs";

test("bytes of one character that are spread over tokens are named by it", () => {
  assert.deepEqual(withCharacters(["hi ", "\\xf0\\x9f", "\\x99\\x82"]), ["hi ", "🙂(1/2)", "🙂(2/2)"]);
  assert.deepEqual(withCharacters([" \\xe6", "\\x97\\xa5\\xe6\\x97", "\\xa5!"]), [" 日(1/2)", "日(2/2)日(1/2)", "日(2/2)!"]);
});

test("what makes no character that is seen stays as it is", () => {
  for (const shown of [["\\xf0\\x9f", "no", "\\x99\\x82"], ["\\xf0"], ["\\xe2", "\\x80\\x8d"], ["\\\\xf0", "\\\\x9f"], ["🙂"], []])
    assert.deepEqual(withCharacters(shown), shown);
});

test("names are known anew when the sequence has grown", () => {
  const tokens = { sequence: [1], text: { 1: "\\xf0\\x9f", 2: "\\x99\\x82", 3: " a" } };
  assert.deepEqual(positionNames(tokens), ["\\xf0\\x9f"]);
  tokens.sequence.push(2, 3);
  assert.deepEqual(positionNames(tokens), ["🙂(1/2)", "🙂(2/2)", "␣a"]);
});

test("what may come next is named by the character that it ends, or that the text goes on with; else it is its bytes", () => {
  const text = { 1: "\\xf0\\x9f", 2: "\\x99\\x82", 3: " a", 4: "\\xa9" };
  const after = (sequence, read, id) => nextName({ sequence, text }, { header: { pos0: 0, t_add: read } }, id);
  assert.equal(after([3, 1], 2, 2), "🙂(2/2)");
  assert.equal(after([3, 1], 2, 4), "\\xa9");
  assert.equal(after([3, 1], 1, 2), "\\x99\\x82", "nothing was begun yet");
  assert.deepEqual([after([3, 1, 2], 1, 1), after([3, 1, 2], 2, 2)], ["🙂(1/2)", "🙂(2/2)"]);
  assert.deepEqual([after([3, 3], 1, 1), after([3], 1, 3), after([3], 1, 9)], ["\\xf0\\x9f", "␣a", "#9"]);
});
