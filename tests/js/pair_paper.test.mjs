import { find, fire, freshPage, inkOnCanvases, placed, served, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { PairMap } from "../../assets/js/panels/pair_map.mjs";
import { PairPaper, linesOf } from "../../assets/js/panels/pair_paper.mjs";
import { PairWords } from "../../assets/js/panels/pair_words.mjs";
import { SCALES, layout } from "./recording.mjs";

const COUNT = 30;
const KEY = "block.0.resid_post";

test("no column is left out, and none stands twice", () => {
  assert.deepEqual(linesOf(0), []);
  assert.deepEqual(linesOf(23), [[0, 23]]);
  assert.deepEqual(linesOf(60), [
    [0, 23],
    [23, 46],
    [46, 60],
  ]);
});

test("while it is printed all words stand there in lines, each over its part of the map on white; then they are gone", async () => {
  freshPage("<div id='words'></div><p id='says'></p>");
  const ink = inkOnCanvases();
  const all = Array.from({ length: COUNT }, (_, i) => i);
  served(() => ({ by: "difference", keys: [KEY], values: [all.map(() => 1)], low: null, high: null, missing: "" }));
  const steps = { pos0: all, t_add: all.map(() => 1), phase: all.map(() => "prefill"), chosen_id: all, forced: all.map(() => false) };
  const tokens = { sequence: all, text: Object.fromEntries(all.map((id) => [id, `w${id}`])), special: [], steps };
  const run = { session: "s", layout, tokens, stepOf: all, numPrompt: COUNT, numSteps: COUNT };
  const words = new PairWords(find("#words"), { runs: [run, run], onSeek: () => {}, onResize: () => {} });
  const map = new PairMap(words, find("#says"), { scales: SCALES, onSelect: () => {}, onChange: () => {} });
  placed(words.scroller, 0, 0, 480, 100);
  words.align({ positions: all.map((i) => [i, i]), divergence: COUNT, steps: all.map((i) => [i, i]), whole: all.map(() => true) });
  await map.want("a=s&b=s");
  const paper = new PairPaper(words, map);
  ink.length = 0;
  fire(window, "beforeprint");
  const lines = [...document.querySelectorAll(".compare-paper > .compare-words-host")];
  assert.deepEqual(
    lines.map((line) => line.querySelectorAll("li").length),
    [23, 7],
  );
  assert.equal(texts(".compare-paper [data-side=a]").join(" "), all.map((i) => `w${i}`).join(" "));
  const cells = ink.filter(([what]) => what === "fillRect").map(([, x]) => x);
  assert.deepEqual([cells.length, cells[0], cells[23]], [COUNT, 1, 1], "each line begins at its left");
  fire(window, "afterprint");
  assert.equal(find(".compare-paper").children.length, 0);
  paper.close();
  fire(window, "beforeprint");
  assert.equal(find(".compare-paper"), null);
});
