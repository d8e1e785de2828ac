import { freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Groups } from "../../assets/js/core/groups.mjs";
import { betweenKey, dotScales, legendParts } from "../../assets/js/stage/legend.mjs";
import { SCALES, layout } from "./recording.mjs";

const KEY = "block.0.mlp_out";

function legend(more = {}) {
  freshPage("<div id='l'></div>");
  const parts = legendParts({ key: KEY, layout, scales: SCALES, top: 2, isSigned: false, isDifference: false, flow: "none", keys: [KEY], ...more });
  document.getElementById("l").append(...parts);
  return texts("#l > *");
}

test("the scale's end and every mark that is no number", () => {
  assert.deepEqual(legend(), ["|x| 0≥ 2.00", "not captured", "zero", "NaN", "±∞", "clipped"]);
  assert.match(document.querySelector(".mri-scale").title, /activation.*mlp_out/);
});

test("with sign it has two ends, as a difference it says whose", () => {
  assert.equal(legend({ isSigned: true })[0], "≤ −2.00≥ 2.00");
  assert.equal(legend({ isDifference: true })[0], "B − A ≤ −2.00≥ 2.00");
  assert.match(document.querySelector(".mri-scale canvas").getAttribute("aria-label"), /orange where A is larger/);
});

test("what particles carry is told where they run", () => {
  assert.match(legend({ flow: "attention" }).at(-1), /^01$/);
  assert.equal(legend({ flow: "none" }).at(-1), "clipped");
});

test("groups have their colours, or it says that they are of other plates", () => {
  const groups = new Groups(`kmeans:2:point:session:0:${KEY}`, { labels: { [KEY]: [0, 1] }, n_groups: 2 }, SCALES.groups);
  const [scale, keys] = legend({ groups, isSigned: true });
  assert.deepEqual([scale, keys], ["|x| 0≥ 2.00", "group12no group"], "group colours have no sign");
  assert.match(legend({ groups, keys: ["final.ln_f"] })[1], /not on these plates/);
});

test("both sides of the signed scale begin away from the ground's colour; without sign they are one", () => {
  const signed = dotScales(SCALES, true, false);
  assert.notDeepEqual(signed.positive, signed.negative);
  assert.ok(![signed.positive, signed.negative].some(([[, colour]]) => colour === SCALES.signed[2][1]));
  const plain = dotScales(SCALES, false, false);
  assert.equal(plain.positive, plain.negative);
  assert.notDeepEqual(dotScales(SCALES, false, true), dotScales(SCALES, true, false), "a difference has its own");
  freshPage();
  assert.match(betweenKey().title, /‖A − B‖/);
});
