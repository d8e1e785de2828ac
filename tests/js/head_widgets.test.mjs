import { find, fire, settled, texts } from "./page.mjs";
import { mounted, slide, written } from "./widget.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import oneHead from "../../assets/js/learn/widgets/one-head.mjs";
import rmsNorm from "../../assets/js/learn/widgets/rms-norm.mjs";
import rotary from "../../assets/js/learn/widgets/rotary.mjs";
import triangle from "../../assets/js/learn/widgets/triangle.mjs";

const TOKENS = [" a", " b", " c"];
const Q = [[1, 0, 0, 0], [0, 2, 0, 0], [1, 1, 1, 1]]; // prettier-ignore
const K = [[2, 0, 0, 0], [0, 4, 0, 0], [1, 1, 1, 3]]; // prettier-ignore
const SCORES = Q.map((query) => K.map((key) => query.reduce((sum, x, i) => sum + x * key[i], 0) / 2));
const HEAD = { tokens: TOKENS, q: Q, k: K, v: K, scores: SCORES, out: Q };

test("a head's scores for one query: of later tokens none; an opened score is its products summed", () => {
  const says = { later: "later", products: "{asker} · {token}", product_words: "{terms} = {sum}; {score}", score_of: "{token}: {score}", open: "open one" };
  const words = { "one-head": { ...says, key_of: "", value_of: "", out_words: "{values}", asks: "asks" } };
  const { announced } = mounted(oneHead, { data: { "one-head": HEAD }, words });
  assert.deepEqual(texts(".lw-score"), ["1.00", "2.00", "3.00"]);
  fire(document.querySelectorAll(".lw-score")[2], "click");
  assert.deepEqual(texts(".lw-product p"), ["c · c", "1.00·1.00 + 1.00·1.00 + 1.00·1.00 = 6.00; 3.00"]);
  fire(document.querySelectorAll(".lw-token")[0], "click");
  assert.deepEqual(texts(".lw-score"), ["1.00", "later", "later"]);
  assert.deepEqual(texts("td .lw-figure"), ["100 %", "", ""]);
  assert.deepEqual(texts(".lw-product p"), ["open one"]);
  for (const i of [1, 2]) fire(document.querySelectorAll(".lw-token")[i], "click");
  assert.deepEqual(announced, ["opened-score", "asked-0", "asked-1", "asked", "asked-2"]);
});

test("RMSNorm brings a row of any length to the same numbers", () => {
  const words = { "rms-norm": { token: "token", gain: "gain", rms: "{rms}: {values}", normed: "{rms}: {values}" } };
  const NORMED = "1.00: 1.00,  −1.00,  1.00,  −1.00";
  const { announced } = mounted(rmsNorm, { data: { "rms-norm": { rows: [{ token: "a", values: [3, -3, 3, -3] }] } }, words });
  assert.deepEqual(texts(".lw-readout"), ["3.00: 3.00,  −3.00,  3.00,  −3.00", NORMED]);
  slide("[data-part=gain]", 1);
  slide("[data-part=gain]", -1);
  assert.deepEqual(texts(".lw-readout"), ["0.300: 0.300,  −0.300,  0.300,  −0.300", NORMED]);
  assert.deepEqual(announced, ["both-ways"]);
});

test("rotary: moved together, the score stays; moved apart, it changes, and is best at one distance", () => {
  const angles = Array.from({ length: 32 }, () => 0.1);
  const row = Array.from({ length: 64 }, (_, i) => (i < 32 ? 1 : 0));
  const data = { rotary: { tokens: [..."abcdefg"], angles, scale: 1, q: Array(7).fill(row), k: Array(7).fill(row) } };
  const words = { rotary: { score: "{distance}: {score}", places: "{asker_place} {place}", both: "both", distance: "apart", title: "{asker} {token}" } };
  for (const name of ["clocks", "hand_query", "hand_key", "pair", "alternative", "curve", "curve_note", "derived"]) words.rotary[name] = "";
  const { announced } = mounted(rotary, { data, words });
  const [both, apart] = ["[data-part=hands] label:nth-of-type(1)", "[data-part=hands] label:nth-of-type(2)"];
  const score = () => written(".lw-readout");
  const atFirst = score();
  assert.match(atFirst, /^1: 3\.98/);
  slide(both, 50);
  assert.deepEqual([score(), announced], [atFirst, ["moved-both"]]);
  slide(apart, 3);
  assert.match(score(), /^3: 3\.82/);
  assert.equal(written(`${both} output`), "53 50");
  slide(apart, 0);
  assert.deepEqual([score(), announced.at(-1)], ["0: 4.00", "best-distance"]);
  assert.equal(document.querySelectorAll(".lw-clock").length, 8);
});

test("the triangle: nobody looks ahead, unless the mask is off, nor further back than the window", async () => {
  const words = { triangle: { mask: "mask", window: "window", all: "all", back: "{tokens} back", unseen: "unseen", measured: "measured", derived: "derived" } };
  const { announced } = mounted(triangle, { data: { "one-head": { tokens: TOKENS, scores: SCORES.map(() => [0, 0, 0]) } }, words });
  const cells = async () => (await settled(), texts("tbody td"));
  assert.deepEqual(await cells(), ["100", "", "", "50", "50", "", "33", "33", "33"]);
  assert.equal(written(".mri-note .mri-kind"), "measured");
  slide("[data-part=window]", 1);
  assert.deepEqual(await cells(), ["100", "", "", "50", "50", "", "", "50", "50"]);
  assert.equal(written(".mri-note .mri-kind"), "derived");
  const box = find("[type=checkbox]");
  for (const isOn of [false, true]) {
    box.checked = isOn;
    fire(box, "change");
    if (!isOn) assert.deepEqual(await cells(), ["33", "33", "33", "33", "33", "33", "", "50", "50"]);
  }
  assert.deepEqual(announced, ["mask-tried"]);
});
