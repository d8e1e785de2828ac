import { freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { openWhy } from "../../assets/js/pages/why.mjs";
import { layout, stepOf, tokens } from "./recording.mjs";

/** Step 0 reads the prompt's five tokens, then one a step. */
function setting({ step = 0, isOther = false } = {}) {
  freshPage("<div id='mri-toasts'></div>");
  const log = [];
  const player = { step, pause: () => log.push("pause"), seek: (to) => log.push(to) };
  const run = { layout: isOther ? { ...layout, n_head: 0 } : layout, tokens: tokens(), stepOf, numPrompt: 5 };
  const open = (position) => openWhy({ run, player, desk: { select: (fields) => log.push(fields) } }, position);
  return { open, log, said: () => texts(".mri-toast p").at(-1) };
}

const WHY = { tab: "why", picture: null, token: null, against: null };

test("of a word: to the step that chose it, where the clock stops", () => {
  const { open, log, said } = setting();
  open(6);
  assert.deepEqual([log, said()], [[WHY, "pause", 1], "Why “f”: step 1."]);
});

test("of no word: what the present step chose, and the clock stands", () => {
  const { open, log, said } = setting({ step: 2 });
  open(null);
  assert.deepEqual([log, said()], [[WHY, "pause"], "Why “g”: step 2."]);
});

test("what no step chose is said, and nothing is selected", () => {
  const { open, log, said } = setting();
  open(0);
  assert.match(said(), /nothing was read before it/);
  open(3);
  assert.match(said(), /the prompt was read in one pass/);
  assert.deepEqual(log, []);
});

test("another module chose no words", () => {
  const { open, log, said } = setting({ isOther: true });
  open(6);
  assert.match(said(), /another module than a nanochat model/);
  assert.deepEqual(log, []);
});

test("of a prompt's word it says that it is the prompt's own", () => {
  const { open, said } = setting();
  open(5);
  assert.equal(said(), "Why “e”: step 0.", "the first word behind the prompt is the model's");
});
