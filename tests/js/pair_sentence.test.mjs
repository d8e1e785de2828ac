import assert from "node:assert/strict";
import { test } from "node:test";

import { pairSentence } from "../../assets/js/core/pair_sentence.mjs";

const TEXT = { 0: "<|bos|>", 1: " When", 2: " Mia", 3: " Tom", 4: " gave", 5: " to", 6: " a" };
const LAYOUT = { n_layer: 4, n_head: 2, groups: new Map([["attention", { rows: new Map(), layers: [0, 1, 2, 3] }]]), points: [], rows: new Map(), config: {} };

const f32 = (...data) => ({ dtype: "F32", shape: [data.length], data: Float32Array.from(data) });
const scalar = (x) => ({ dtype: "F32", shape: [], data: Float32Array.of(x) });

/** A step that read up to `last`, answers `answer` with p, and whose every head looks at `key` with weight .975. */
function frameOf(last, { answer, p, key }) {
  const arrays = {};
  if (answer !== undefined)
    Object.assign(arrays, {
      "logits/token_ids": { dtype: "U32", shape: [1], data: Uint32Array.of(answer) },
      "logits/values": f32(Math.log(p)),
      "logits/logsumexp": scalar(0),
      "logits/entropy": scalar(0),
      "logits/chosen_logprob": scalar(NaN),
      "logits/chosen_rank": scalar(0),
    });
  if (key !== undefined) {
    arrays["attention/keys"] = { dtype: "U16", shape: [4, 2, 1], data: new Uint16Array(8).fill(key) };
    arrays["attention/weights"] = { dtype: "F32", shape: [4, 2, 1], data: new Float32Array(8).fill(0.975) };
    for (const name of ["entropy", "max_weight"]) arrays[`attention/${name}`] = { dtype: "F32", shape: [4, 2], data: new Float32Array(8) };
  }
  return { header: { step: last, pos0: last, t_add: 1, chosen_id: -1, dropped_layers: [] }, arrays };
}

function sideOf(sequence, numPrompt, last, shown = {}) {
  const steps = { pos0: sequence.map((_, i) => i), t_add: sequence.map(() => 1) };
  return { run: { tokens: { sequence, text: TEXT, steps, special: [0] }, layout: LAYOUT, numPrompt }, frame: last === null ? null : frameOf(last, shown) };
}

const alignmentOf = (positions, divergence, more = {}) => ({
  strategy: "mapping",
  positions,
  divergence,
  steps: positions,
  matched: positions.map(() => true),
  whole: positions.map(() => true),
  keys: [],
  notes: [],
  ...more,
});
const plates = (...values) => Object.fromEntries(values.map((value, i) => [`block.${i}.resid_post`, value]));
const textOf = (parts) => parts.map((part) => (typeof part === "string" ? part : part.text)).join("");

const A = [0, 1, 3, 4, 5, 2];
const B = [0, 1, 2, 4, 5, 3];
const ONE_WORD = {
  alignment: alignmentOf(
    [0, 1, 3, 4].map((at) => [at, at]),
    2,
  ),
  moment: 3,
  sides: [sideOf(A, 5, 4, { answer: 2, p: 0.999, key: 2 }), sideOf(B, 5, 4, { answer: 3, p: 0.9997, key: 2 })],
  between: plates(0.12, 0.11, 0.12, 1.02),
  look: { layer: 3, head: 0 },
};

test("one word: where the plates part, what each answers, and where the head looks", () => {
  const parts = pairSentence(ONE_WORD);
  assert.equal(
    textOf(parts),
    "One word: Tom / Mia. At “to” the plates are alike up to block 2 (0.12), part in block 3 (1.02), and the answers swap: Mia 99.90 %, Tom 99.97 %." +
      " Block 3, head 0 looks most at “Tom” (97.5 %) in A and at “Mia” (97.5 %) in B, both times position 2.",
  );
  assert.deepEqual(
    parts.filter((part) => part.side).map(({ side }) => side),
    ["a", "b", "a", "b", "a", "b"],
  );
  assert.deepEqual(
    parts.flatMap(({ of }) => of ?? []),
    [
      { point: "block.2.resid_post", layer: 2 },
      { point: "block.3.resid_post", layer: 3 },
      { layer: 3, head: 0 },
    ],
  );
});

const momentOf = (more) => textOf(pairSentence({ ...ONE_WORD, look: { layer: 9, head: 0 }, ...more }));

test("plates that never part, part at once, are the same, are of another kind or not known", () => {
  assert.match(momentOf({ between: plates(0.1, 0.34, 0.2, 0.1) }), /“to” the plates stay alike \(at most 0\.34, in block 1\), and the answers swap/);
  assert.match(momentOf({ between: plates(0.9, 0.1, 0.2, 0.1) }), /“to” the plates part at once, in block 0 \(0\.90\), and/);
  assert.match(momentOf({ between: plates(0, 0.001) }), /the plates are the same, and/);
  assert.match(
    momentOf({ between: { "embed.resid0": 0, "block.0.attn_out": 0.1, "block.1.attn_out": 0.7 } }),
    /the plates of attn_out are alike up to block 0/,
  );
  assert.match(momentOf({ between: null }), /At “to” the answers swap: Mia/);
});

test("the same answer, answers that were not captured, and no frame", () => {
  const [a, b] = ONE_WORD.sides;
  assert.match(momentOf({ sides: [a, sideOf(B, 5, 4, { answer: 2, p: 0.5 })] }), /both answer “Mia”: 99\.90 %, 50\.0 %\.$/);
  assert.match(momentOf({ sides: [a, sideOf(B, 5, 4, { answer: 6, p: 0.5 })] }), /the answers differ: Mia 99\.90 %, a 50\.0 %\.$/);
  assert.match(momentOf({ sides: [a, sideOf(B, 5, 4)] }), /part in block 3 \(1\.02\)\.$/);
  assert.equal(momentOf({ sides: [a, { ...b, frame: null }] }), "One word: Tom / Mia.");
});

test("the same words, the same prompt, another length, nothing in common, no words", () => {
  const all = (n) => Array.from({ length: n }, (_, i) => [i, i]);
  const words = (a, b, alignment) => momentOf({ alignment, sides: [sideOf(a, 5, null), sideOf(b, 5, null)] });
  assert.equal(words(A, A, alignmentOf(all(6), 6)), "Both have the same words.");
  assert.equal(words(A, A.slice(0, 4), alignmentOf(all(4), 4)), "One has the same words as the other, and more.");
  assert.equal(words([0, 1, 3, 4, 5, 2], [0, 1, 3, 4, 5, 6], alignmentOf(all(5), 5)), "The same prompt; then one goes on otherwise: Mia / a.");
  const longer = alignmentOf(
    [
      [0, 0],
      [4, 2],
    ],
    1,
  );
  assert.equal(words(A, [0, 2, 5], longer), "3 words of A and 1 word of B stand for no word of the other.");
  assert.equal(words(A, [0, 2, 2, 5], { ...longer, strategy: "prefix" }), "The same up to “bos”, then When / Mia.");
  assert.equal(words(A, [6, 6], alignmentOf([], 0)), "No word of A stands for one of B.");
  assert.equal(words(A, [], alignmentOf([], 0)), "At least one of the two reads no words.");
});

test("a moment without a counterpart says that nothing is subtracted", () => {
  const sides = [sideOf(A, 5, 2, { answer: 4, p: 0.5 }), sideOf(B, 5, 2, { answer: 4, p: 0.4 })];
  const alignment = { ...ONE_WORD.alignment, matched: [true, true, false, true] };
  assert.equal(momentOf({ alignment, moment: 2, sides }), "One word: Tom / Mia. At Tom / Mia nothing is subtracted, and both answer “gave”: 50.0 %, 40.0 %.");
});

test("a head that looks at the same word in both", () => {
  const sides = [sideOf(A, 5, 4, { key: 0 }), sideOf(B, 5, 4, { key: 0 })];
  assert.match(momentOf({ sides, look: { layer: 0, head: 1 } }), /Block 0, head 1 looks most at “bos” in both: 97\.5 %, 97\.5 %\.$/);
});
