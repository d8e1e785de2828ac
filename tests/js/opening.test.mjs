import assert from "node:assert/strict";
import { test } from "node:test";

import { openingStep } from "../../assets/js/core/opening.mjs";

const nothing = { session: null, step: null, loop: null };
const steps = { phase: ["prefill", "prefill", "prefill", "decode", "decode"] };

test("a visit that asks for nothing begins where the model chooses its first word", () => {
  assert.equal(openingStep(nothing, steps), 2);
  assert.equal(openingStep(nothing, { phase: ["prefill", "decode"] }), 0);
  assert.equal(openingStep(nothing, { phase: ["prefill"] }), 0, "it wrote nothing");
  assert.equal(openingStep(nothing, { phase: ["training", "training"] }), 0);
  assert.equal(openingStep(nothing, { phase: [] }), 0);
});

test("what the address asks for comes first: a step, a loop, a session from its beginning", () => {
  assert.equal(openingStep({ ...nothing, step: 4, loop: "1-3" }, steps), 4);
  assert.equal(openingStep({ ...nothing, loop: "1-3" }, steps), 1);
  assert.equal(openingStep({ ...nothing, session: "demo" }, steps), 0);
  assert.equal(openingStep({ ...nothing, step: 999 }, steps), 4);
});
