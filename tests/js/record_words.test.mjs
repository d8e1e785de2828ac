import assert from "node:assert/strict";
import { test } from "node:test";

import { beginningWords, offersOf, promptWords, samplingWords, sizeWords, suggested } from "../../assets/js/core/record_words.mjs";

const word = (text, ...pieces) => ({ at: 0, length: text.length, text, pieces });
const said = (tokens, ...unknown) =>
  promptWords({ tokens, unknown, presets: [], problem: "" })
    .map(({ strong, text }) => (strong ? `*${strong}*` : text))
    .join("");

test("a prompt: how many tokens, and the words that are read in pieces", () => {
  assert.equal(said(1), "1 token.");
  assert.equal(said(1200, word("lab", "l", "ab")), "1,200 tokens. It does not know *lab*: it reads “l·ab”.");
  const five = ["a", "b", "c", "d", "e"].map((letter) => word(letter + letter, letter, letter));
  assert.equal(said(9, ...five.slice(0, 4)), "9 tokens. It does not know *aa*, *bb*, *cc*: it reads “a·a”, “b·b”, “c·c”; nor 1 other word.");
  assert.match(said(9, ...five), /; nor 2 other words\.$/);
  assert.match(said(500, ...Array(101).fill(five[0])), /; nor 97 and more other words\.$/);
});

test("sizes are at most so much, never less than they are", () => {
  assert.deepEqual([3000, 101_000, 1_667_272, 99_950_000, 123_456_789, 2_345_000_000].map(sizeWords), [
    "≤ 0.1 MB",
    "≤ 0.2 MB",
    "≤ 1.7 MB",
    "≤ 100.0 MB",
    "≤ 124 MB",
    "≤ 2.4 GB",
  ]);
});

test("what the dice do is said as they stand", () => {
  assert.deepEqual(Object.values(samplingWords({ temperature: 0.6, topK: 50 })), [
    "it may end earlier by itself",
    "0: always the likeliest\n1: as it finds them",
    "draws among the 50 likeliest",
    "same seed, same dice: same text again",
  ]);
  assert.match(samplingWords({ temperature: 0, topK: 50 }).seed, /no dice/);
  assert.equal(samplingWords({ temperature: 1, topK: null }).topK, "empty: draws among all");
});

const preset = (name, fields = {}) => ({ name, title: name, keeps: "", lacks: [], steps: 2, bytes: 10, is_stepwise: true, problem: "", ...fields });

test("standard is suggested; two that are compared need a step a word; what cannot be chosen is not", () => {
  const lean = [preset("light", { is_stepwise: false }), preset("standard", { is_stepwise: false }), preset("rows")];
  assert.deepEqual([suggested(lean, false), suggested(lean, true)], ["standard", "rows"]);
  assert.equal(suggested([preset("standard", { problem: "too large" }), preset("light", { is_stepwise: false })], true), "light");
  assert.equal(suggested([], false), "standard");
});

test("two prompts are offered what the longer one is, at the price of both", () => {
  const plans = [
    { tokens: 3, presets: [preset("rows", { title: "A" })], unknown: [], problem: "" },
    { tokens: 5, presets: [preset("rows", { title: "B", bytes: 7, steps: 4 })], unknown: [], problem: "" },
  ];
  assert.deepEqual(
    offersOf(plans).map(({ title, bytes, steps }) => [title, bytes, steps]),
    [["B", 17, 6]],
  );
});

test("a recording that has not begun says what it waits for", () => {
  const status = { state: "queued", position: 2, message: "", max_steps: 0, step: 0 };
  assert.equal(beginningWords(status, ""), "place 2 in the queue.");
  assert.equal(beginningWords({ ...status, position: 1 }, "Prompt A"), "Prompt A: next in the queue.");
  assert.equal(beginningWords({ ...status, state: "running" }, ""), "Starting the model…");
  assert.equal(beginningWords({ ...status, state: "running", message: "Reading the weights: 40 %" }, ""), "Reading the weights: 40 %");
  assert.equal(beginningWords({ ...status, state: "running", max_steps: 9, step: 3 }, "Prompt B"), "Prompt B: step 4 of at most 9.");
});
