import assert from "node:assert/strict";
import { test } from "node:test";

import { whichView } from "../../assets/js/core/which_view.mjs";
import { guessesFrom } from "../../assets/js/run/guesses.mjs";
import { placeCurves } from "../../assets/js/simple/curves.mjs";
import { lookOf, strongestLooks } from "../../assets/js/simple/looks.mjs";
import { guessesOf, oddsOf, percentOf, sharesOf } from "../../assets/js/simple/numbers.mjs";
import { unknownWords } from "../../assets/js/simple/own.mjs";
import { choosers, plainWord, sentenceOf } from "../../assets/js/simple/words.mjs";

const header = { step: 0, phase: "decode", pos0: 0, t_add: 1, chosen_id: -1, forced: false, dropped: 0, dropped_layers: [] };
const array = (data, shape = [data.length], dtype = "F32") => ({ data, shape, dtype });

/** Logits whose softmax is these shares. */
function predicted(ids, shares, more = {}) {
  const arrays = {
    "logits/token_ids": array(Uint32Array.from(ids), undefined, "U32"),
    "logits/values": array(Float32Array.from(shares, Math.log)),
    ...Object.fromEntries(["logsumexp", "entropy", "chosen_logprob", "chosen_rank"].map((name) => [`logits/${name}`, array(new Float32Array(1), [])])),
  };
  return { header: { ...header, ...more.header }, arrays: { ...arrays, ...more.arrays } };
}

test("a bare address is Simple until Full is chosen; links of today open Full", () => {
  assert.equal(whichView("", null), "simple");
  assert.equal(whichView("", "full"), "full");
  assert.equal(whichView("?session=a", null), "full");
  assert.equal(whichView("?session=a", "simple"), "simple");
  assert.equal(whichView("?session=a&step=3", "simple"), "full");
  assert.equal(whichView("?session=a&step=3&view=simple", "full"), "simple");
  assert.equal(whichView("?view=full", "simple"), "full");
  assert.equal(whichView("?session=a&lanes=b&view=simple", null), "full");
  assert.equal(whichView("", "nonsense"), "simple");
});

const tokens = { sequence: [0, 1, 2, 3], text: { 0: "<|bos|>", 1: "When", 2: " Mia", 3: "." }, special: [0], steps: { pos0: [0, 1, 2], t_add: [1, 1, 1] } };

test("the sentence is what was read, and the blank what follows", () => {
  const chosenBy = choosers(tokens.steps);
  const at = (pos0, chosen_id) => sentenceOf({ header: { ...header, pos0, chosen_id } }, tokens, 2, chosenBy);
  const said = at(2, 3);
  assert.deepEqual(
    said.words.map(({ position, text, hasSpace, chosenBy }) => [position, text, hasSpace, chosenBy]),
    [
      [1, "When", false, 0],
      [2, "Mia", true, 1],
    ],
  );
  assert.deepEqual(said.blank, { text: ".", id: 3, isEnd: false, hasSpace: false, by: "model" });
  assert.equal(said.last, "Mia");
  assert.equal(at(0, -1).blank.by, "prompt");
  assert.equal(at(0, -1).blank.text, "When");
  assert.deepEqual(at(1, 0).blank, { text: "the end", id: 0, isEnd: true, hasSpace: true, by: "model" });
  assert.equal(at(2, -1).blank.by, "none");
});

test("what is nothing but space stands before the next word", () => {
  const read = { sequence: [1, 2, 3], text: { 1: "a", 2: " ", 3: "x" }, special: [], steps: { pos0: [0], t_add: [3] } };
  const { words } = sentenceOf({ header: { ...header, t_add: 3 } }, read, 0, choosers(read.steps));
  assert.deepEqual(
    words.map(({ text, hasSpace }) => [text, hasSpace]),
    [
      ["a", false],
      ["x", true],
    ],
  );
});

test("of a chat the question is the context", () => {
  const chat = {
    sequence: [0, 1, 4, 2, 3, 5],
    text: { 0: "<|bos|>", 1: "<|user_start|>", 4: "Why?", 2: "<|user_end|>", 3: "<|assistant_start|>", 5: "So" },
    special: [0, 1, 2, 3],
    steps: { pos0: [0, 5], t_add: [5, 1] },
  };
  const said = sentenceOf({ header: { ...header, t_add: 5, chosen_id: 5 } }, chat, 5, choosers(chat.steps));
  assert.equal(said.asked, "Why?");
  assert.deepEqual(said.words, []);
  assert.equal(said.blank.text, "So");
  assert.equal(said.last, "an answer");
});

test("a long text is cut at its beginning, where a word begins", () => {
  const many = {
    sequence: Array.from({ length: 200 }, (_, i) => (i % 2 ? 2 : 1)),
    text: { 1: " abcd", 2: "ing" },
    special: [],
    steps: { pos0: [0], t_add: [200] },
  };
  const said = sentenceOf({ header: { ...header, t_add: 200 } }, many, 0, choosers(many.steps));
  assert.ok(said.isCut);
  assert.ok(said.words[0].hasSpace);
  assert.equal(said.words.at(-1).position, 199);
});

test("a word that the file has no text for is named by its number; spaces and lines are seen", () => {
  assert.equal(plainWord(tokens, 77), "word 77");
  assert.equal(plainWord({ text: { 1: " " }, special: [] }, 1), "␣");
  assert.equal(plainWord({ text: { 1: "\\n" }, special: [] }, 1), "⏎");
});

test("percents have one number of digits, and add up", () => {
  const { rows, numOthers } = sharesOf(predicted([5, 6, 7, 8, 9], [0.999, 0.0005, 0.00007, 0.00005, 0.00001]), 2048, 5);
  assert.deepEqual(
    rows.map(({ id, percent, odds, isChosen }) => [id, percent, odds, isChosen]),
    [
      [5, "99.900 %", "", true],
      [6, "0.050 %", "1 in 2,000", false],
      [7, "0.007 %", "1 in 14,000", false],
      [8, "0.005 %", "1 in 20,000", false],
      [-1, "0.038 %", "1 in 2,600", false],
    ],
  );
  assert.equal(numOthers, 2044);
  const sum = rows.reduce((all, { percent }) => all + parseFloat(percent), 0);
  assert.equal(sum.toFixed(3), "100.000");
});

test("the word that the dice took has its row, however small", () => {
  const { rows } = sharesOf(predicted([5, 6, 7, 8, 9], [0.5, 0.2, 0.1, 0.1, 0.05]), 10, 9);
  assert.deepEqual(
    rows.map(({ id, isChosen }) => [id, isChosen]),
    [
      [5, false],
      [6, false],
      [7, false],
      [9, true],
      [-1, false],
    ],
  );
  const none = sharesOf(predicted([5], [NaN]), 10, 5);
  assert.equal(none, null);
  assert.equal(sharesOf({ header, arrays: {} }, 10, 5), null);
});

test("odds and lone percents", () => {
  assert.deepEqual([0.6, 0.00053, 0, NaN].map(oddsOf), ["", "1 in 1,900", "", ""]);
  assert.deepEqual([0.9991, 0.9997, 0.975, 0.0786, 0.511, 0.00053, 1, NaN, 1e-9].map(percentOf), [
    "99.9 %",
    "99.97 %",
    "98 %",
    "8 %",
    "51 %",
    "0.05 %",
    "100 %",
    "no number",
    "under 0.0001 %",
  ]);
});

test("each layer's guess is the lens's, but the top one is the model's own", () => {
  const lens = {
    "lens/top_ids": array(Uint32Array.of(1, 2, 3, 4, 5, 6), [3, 2], "U32"),
    "lens/top_probs": array(Float32Array.of(0.1, 0, 0.25, 0, 0.5, 0), [3, 2]),
  };
  const frame = predicted([9, 8], [0.75, 0.2], { arrays: lens });
  assert.deepEqual(guessesOf(frame, 2), [
    { layer: 0, id: 3, share: 0.25, isOwn: false },
    { layer: 1, id: 9, share: guessesOf(frame, 2)[1].share, isOwn: true },
  ]);
  assert.equal(guessesOf(predicted([9], [1]), 2), null);
});

test("a look is told by the words that get a tenth of it", () => {
  const layout = { n_layer: 2, n_head: 2 };
  const read = { sequence: [0, 1, 2, 3, 1], special: [0] };
  const keys = [
    [0, 4, 1],
    [1, 2, 3],
    [3, 0, 4],
    [4, 0, 1],
  ];
  const weights = [
    [0.8, 0.15, 0.05],
    [0.5, 0.3, 0.15],
    [0.9, 0.05, 0.05],
    [0.9, 0.05, 0.05],
  ];
  const flat = (rows, List) => List.from(rows.flat());
  const frame = {
    header: { ...header, pos0: 4, t_add: 1 },
    arrays: {
      "attention/keys": array(flat(keys, Uint16Array), [2, 2, 3], "U16"),
      "attention/weights": array(flat(weights, Float32Array), [2, 2, 3]),
      "attention/entropy": array(new Float32Array(4)),
      "attention/max_weight": array(new Float32Array(4)),
    },
  };
  const rounded = (look) => [look.layer, look.head, look.at.map(({ position, weight }) => [position, Number(weight.toFixed(2))])];
  assert.deepEqual(rounded(lookOf(frame, layout, read, 0)), [
    0,
    1,
    [
      [1, 0.5],
      [2, 0.3],
    ],
  ]);
  assert.deepEqual(strongestLooks(frame, layout, read).map(rounded), [
    [1, 0, [[3, 0.9]]],
    [
      0,
      1,
      [
        [1, 0.5],
        [2, 0.3],
      ],
    ],
  ]);
  assert.equal(lookOf({ header: frame.header, arrays: {} }, layout, read, 0), null);
});

test("best guesses that are worked out later are read as the recorded ones", () => {
  const stream_ids = array(Uint32Array.of(1, 2, 3, 4, 9, 9, 9, 9), [2, 2, 2], "U32");
  const stream_probs = array(Float32Array.of(0.1, 0.1, 0.5, 0.1, 0, 0, 0, 0), [2, 2, 2]);
  const { found, texts } = guessesFrom({ header: { texts: { 3: "c3a9" } }, arrays: { stream_ids, stream_probs } });
  assert.deepEqual(texts, { 3: "é" });
  assert.deepEqual([...found.ids], [1, 2, 3, 4]);
  assert.equal(guessesOf(predicted([9], [1]), 2, found)[0].id, 3);
});

test("curves do not cross, and give way to words where a label has no room", () => {
  const at = (left) => ({ left, right: left + 40, top: 100 });
  const asked = (left, labelPx = 60) => ({ from: at(left), weight: 0.5, label: "", labelPx });
  const curves = placeCurves([asked(300), asked(10)], at(600), 74);
  assert.deepEqual(
    curves.map(({ y, isTold }) => [y, isTold]),
    [
      [35, true],
      [53, true],
    ],
  );
  assert.ok(curves[0].x < curves[1].x);
  assert.equal(placeCurves([asked(10, 800)], at(600), 74), null, "a long label");
  assert.equal(placeCurves([asked(10), asked(60), asked(110), asked(160), asked(210)], at(600), 74), null, "too many");
  assert.equal(placeCurves([asked(590)], at(600), 74), null, "too near");
});

test("words that are read in pieces are named", () => {
  assert.equal(unknownWords([{ text: "When", pieces: ["When"] }]), "");
  assert.equal(
    unknownWords([
      { text: " xyz", pieces: [" ", "x", "yz"] },
      { text: "!?", pieces: ["!", "?"] },
    ]),
    "New to it, read in pieces: “xyz” (x·yz)",
  );
});
