import { freshPage } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { readIn, valuesIn } from "../../assets/js/panels/timeline_tip.mjs";
import { tokens } from "./recording.mjs";

const said = (parts) => parts.map(({ textContent }) => textContent);
const line = (more) => ({ name: "l2", title: "l2", unit: "activation", values: Float32Array.of(0.25, 2, NaN), present: null, ...more });
const SERIES = { every: 1, firstOdd: null };

test("which step, what was read in it, and what came then", () => {
  freshPage();
  assert.deepEqual(said(readIn(0, tokens(), "step")), ["step 0 · prefill", "read 5 tokens, then came “␣e”"]);
  assert.deepEqual(said(readIn(1, tokens(), "step")), ["step 1 · forced", "read “␣e”, then came “f”"]);
  assert.deepEqual(said(readIn(1, tokens(), "moment")), ["moment 1 · forced"], "of a moment the words stand above");
});

test("a step that read nothing, and one behind which nothing came", () => {
  freshPage();
  const none = tokens();
  none.steps.t_add[1] = 0;
  none.steps.chosen_id[2] = -1;
  assert.deepEqual(said(readIn(1, none, "step")), ["step 1 · forced"]);
  assert.deepEqual(said(readIn(2, none, "step")), ["step 2 · decode", "read “f”"]);
});

test("exact numbers with their units; surprise in nats, too", () => {
  freshPage();
  const surprise = line({ name: "surprise", title: "surprise", unit: "bits" });
  assert.deepEqual(said(valuesIn(1, SERIES, [surprise, line({ side: "b" })], 2)), ["surprise 2 bits = 1.39 nats", "B l2 2 activation"]);
});

test("where there is no number it says which kind of none", () => {
  freshPage();
  const odd = { every: 1, firstOdd: { step: 2 } };
  assert.deepEqual(said(valuesIn(2, SERIES, [line()], 2)), ["l2 not captured"]);
  assert.deepEqual(said(valuesIn(2, odd, [line()], 2)), ["l2 no number: NaN or ∞ is in it, or it was not captured"]);
  const own = line({ name: "loss", title: "loss", unit: "", present: Uint8Array.of(1, 0, 1) });
  assert.deepEqual(said(valuesIn(1, SERIES, [own], 2)), ["loss not recorded in this step"]);
  assert.deepEqual(said(valuesIn(2, SERIES, [own], 2)), ["loss NaN"]);
});

test("of a long recording the largest of some steps, the last of which may be fewer", () => {
  freshPage();
  assert.deepEqual(said(valuesIn(5, { every: 4, firstOdd: null }, [line()], 6)), ["largest of the steps 4–6:", "l2 2 activation"]);
});
