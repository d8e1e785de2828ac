import { find, fire, settled, texts } from "./page.mjs";
import { mounted, slide, written } from "./widget.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import guess from "../../assets/js/learn/widgets/guess.mjs";
import headScores from "../../assets/js/learn/widgets/head-scores.mjs";
import logitLens from "../../assets/js/learn/widgets/logit-lens.mjs";
import notebook from "../../assets/js/learn/widgets/notebook.mjs";
import sampling from "../../assets/js/learn/widgets/sampling.mjs";
import wordMap from "../../assets/js/learn/widgets/word-map.mjs";

const press = (selector, i = 0) => fire(document.querySelectorAll(selector)[i], "click");

test("the game: a point for whoever was right, round after round, then who won, and once more", () => {
  const options = [{ word: "dog", share: 0.2 }, { word: "cat", share: 0.7 }]; // prettier-ignore
  const data = { game: { rounds: [0, 1].map((truth) => ({ text: "A", options, truth, model: 1, entropy: 1 })), story: "A dog. A cat." } };
  const verdicts = { both: "both", you_only: "you", model_only: "the model", nobody: "nobody", model_bits: "{bits} bits", game_asks: "which?", game_title: "" };
  const others = {
    you: "you",
    model: "model",
    came: "came",
    yours: "yours",
    models: "the model's",
    next_word: "Next",
    see_score: "Score",
    play_again: "Again",
  };
  const words = { ...verdicts, ...others, score: "{round}/{rounds}: {you}, {model}", you_won: "won", draw: "draw", model_won: "lost", game_note: "" };
  const { announced } = mounted(guess, { data, words });
  press(".learn-answer", 0);
  assert.deepEqual([written("[data-part=score]"), written(".learn-gap"), written(".learn-widget-line")], ["1/2: 1, 0", "dog", "you 1.00 bits"]);
  assert.deepEqual(texts(".learn-guessed em"), ["came · yours", "the model's"]);
  press("[data-part=next]");
  press(".learn-answer", 1);
  assert.deepEqual([written(".learn-widget-line"), texts(".learn-rounds .is-right").length], ["both 1.00 bits", 3]);
  press("[data-part=next]");
  assert.deepEqual([written(".learn-widget-line"), written(".learn-story"), announced], ["won", "A dog. A cat.", ["game-over"]]);
  press("[data-part=game] > button");
  assert.equal(written("[data-part=score]"), "1/2: 0, 0");
});

test("sampling: temperature moves the shares, the same seed throws the same", () => {
  const draws = [{ before: "A", words: ["dog", "cat"], logits: [Math.log(3), 0], chosen: "cat" }];
  const words = {
    temperature: "temperature",
    throws: "throws",
    thrown: "{word}: {n}",
    seeded: "seed {seed}",
    others: "{n} others",
    seed: "seed",
    throw: "Throw",
  };
  for (const name of ["start_again", "sampling_title", "sampling_note", "chosen_then"]) words[name] = name;
  const { announced } = mounted(sampling, { data: { draws }, words, state: { draw: 0 } });
  const shares = () => texts(".learn-bars small").slice(0, 2);
  assert.deepEqual([shares(), texts(".learn-bars .is-chosen span")], [["75.0 %", "25.0 %"], ["cat"]]);
  slide("[data-part=temperature]", 0.1);
  assert.equal(parseFloat(find(".learn-die-line i").style.width).toFixed(6), (100 * (3 ** 10 / (3 ** 10 + 1))).toFixed(6));
  slide("[data-part=temperature]", 2);
  assert.deepEqual(
    [shares(), announced],
    [
      ["63.4 %", "36.6 %"],
      ["cold", "cold", "hot", "cold-and-hot"],
    ],
  );
  const throws = () => {
    for (let n = 0; n < 10; n++) press("[data-part=die]");
    return texts(".learn-throws li");
  };
  const first = throws();
  assert.deepEqual([first.length, announced.at(-1)], [10, "ten-throws"]);
  fire(find("#learn-seed"), "change");
  assert.deepEqual([texts(".learn-throws li"), written(".learn-widget-line"), throws()], [[], "seed 1", first]);
});

test("the lens: what each depth would say, the start at the bottom, and where the answer is found first", () => {
  const guesses = [[[0, 0.9], [1, 0.1]], [[1, 0.6], [0, 0.4]]]; // prettier-ignore
  const depths = ["embed.resid0", "block.0.resid_out"];
  const sentence = {
    prompt: "A",
    tokens: ["a", "b", "c"],
    words: ["c", "b"],
    lens: { exit: [guesses], stream: [guesses] },
    depths: { exit: depths, stream: depths },
  };
  const words = {
    word: "word",
    lens_which: "which",
    lens_exit: "exit",
    lens_stream: "stream",
    lens_follows: "then {word}",
    lens_hint: "press one",
    lens_note: "",
  };
  const names = {
    depth_start: "start",
    depth_mlp: "after MLP {n}",
    depth_end: "end",
    lens_title: "",
    lens_exit_says: "exit says",
    lens_stream_says: "stream says",
  };
  const { announced } = mounted(logitLens, { data: { sentences: { s: sentence } }, words: { ...words, ...names }, state: { sentence: "s" } });
  assert.deepEqual([texts(".learn-lens-depth"), written(".learn-lens-follows")], [["after MLP 0", "start"], "then b"]);
  assert.deepEqual(texts(".learn-lens-word.is-next b"), ["b", "b"]);
  press("[data-part=depth-0]");
  press("[data-part=depth-1]");
  assert.deepEqual([written(".learn-widget-line"), announced], ["after MLP 0: b 60.0 % · c 40.0 %", ["depth-0", "answer-found", "depth-1"]]);
  const [choice] = document.querySelectorAll("select");
  choice.value = "stream";
  fire(choice, "change");
  assert.equal(written("p.mri-note"), "stream says ");
});

test("the notebook: a line is what was carried, copied and written, block by block", () => {
  const block = (after) => ({ keep: 0.5, again: 2, before: [4, 8], attn: [1, 2], mlp: [3, -4], after, l2: { attn: 2, mlp: 4 }, reach: -0.5 });
  const data = { notebook: { token: " a", line: 0, start: [1, 1], blocks: [block([8, 4]), block([8, 4])] } };
  const says = {
    title: "{token}",
    measured: "{block} {line} {value}",
    carried: "kept",
    again: "start",
    attn: "attention",
    mlp: "MLP",
    after: "sum",
    page: "page",
    line: "line",
  };
  const more = {
    writers: "writers",
    writer: "{block} {who}",
    short_attn: "a",
    short_mlp: "m",
    writes: "writes",
    arrives: "arrives",
    block: "block",
    is_measured: "measured",
  };
  const { announced } = mounted(notebook, { data, words: { notebook: { ...says, ...more, writers_note: "", caption: "" } } });
  const figures = () => texts(".lw-ledger:not(.is-writers) .lw-figure");
  assert.deepEqual([figures(), written("[role=status]")], [["2.00", "2.00", "1.00", "3.00", "8.00"], "0 0 8.00"]);
  const [line] = document.querySelectorAll("[data-part=line] input");
  line.value = "1";
  fire(line, "input");
  assert.deepEqual(figures(), ["4.00", "2.00", "2.00", "−4.00", "4.00"]);
  slide("[data-part=blocks] label:first-child", 1);
  assert.deepEqual([written("[role=status]"), announced], ["1 1 4.00", ["top"]]);
  assert.deepEqual(texts(".is-writers tbody tr").slice(-2), ["0 m4.002.00", "0 a2.001.00"]);
});

test("scores of all heads, with three of them off; the two strongest are looked for", async () => {
  const all = { previous: [[0.9, 0.1], [0.2, 0.8]], induction: [[0, 0], [0.6, 0]] }; // prettier-ignore
  const off = { previous: [[0, 0.1], [0.2, 0]], induction: [[0, 0], [0.1, 0]] }; // prettier-ignore
  const own = {
    choose: "choose",
    head: "{layer}.{head}: {previous} {induction}",
    cell: "{kind} {score}",
    previous: "previous",
    induction: "induction",
    switch: "off",
  };
  for (const name of ["head_short", "block_short", "previous_note", "induction_note", "controls", "measured", "note"]) own[name] = name;
  Object.assign(own, { controls_alternative: "{all} {off} {scores}", controls_note: "{head} {count}" });
  const { announced } = mounted(headScores, { data: { "head-scores": { all, off, controls: [0.5, 0.4] } }, words: { "head-scores": own } });
  await settled();
  assert.deepEqual(texts("[data-part=previous] button"), ["0.20", "0.80", "0.90", "0.10"]);
  assert.deepEqual([find(".lw-controls").getAttribute("aria-label"), written("[data-part=controls] p")], ["0.60 0.10 0.50, 0.40", "1.0 2"]);
  for (const i of [1, 2]) press("[data-part=previous] button", i);
  assert.deepEqual([written(".lw-readout"), announced], ["0.0: 0.900 0.000", ["previous-found"]]);
  const box = find("[type=checkbox]");
  box.checked = true;
  fire(box, "change");
  await settled();
  assert.deepEqual([texts("[data-part=previous] button"), announced.at(-1)], [["0.20", "0.00", "0.00", "0.10"], "switched"]);
});

test("the map says its words in a picture and, by groups, in words", () => {
  const points = [["red", "colours", 0, 0], ["dog", "animals", 1, 1], ["blue", "colours", 0.2, 0]]; // prettier-ignore
  const data = { "word-map": { points: points.map(([word, group, x, y]) => ({ word, group, x, y })), share: 0.42 } };
  const words = { "word-map": { alternative: "{groups}", groups: { colours: "Colours" }, share: "{share} %", title: "map", derived: "derived" } };
  mounted(wordMap, { data, words });
  assert.deepEqual(
    [texts(".lw-map text"), texts(".lw-legend li")],
    [
      ["red", "dog", "blue"],
      [" Colours", " animals"],
    ],
  );
  assert.equal(find(".lw-map").getAttribute("aria-label"), "colours: red, blue; animals: dog");
  assert.equal(written(".mri-note"), "derived 42 %");
});
