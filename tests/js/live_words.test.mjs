import assert from "node:assert/strict";
import { test } from "node:test";

import { behindWords, drops, headline, linkWords, progress, rate, sentenceOf } from "../../assets/js/core/live_words.mjs";

const status = (fields) => ({ state: "running", position: 0, numSteps: 0, maxSteps: 0, message: "", hasFailed: false, isSteerable: true, ...fields });

test("each state has its words", () => {
  assert.equal(headline(status({})), "Recording");
  assert.equal(headline(status({ isSteerable: false })), "Recording elsewhere");
  assert.equal(headline(status({ state: "over" })), "Finished");
  assert.equal(headline(status({ state: "over", hasFailed: true })), "Ended early");
  assert.equal(sentenceOf(status({ state: "queued", position: 1 })), "Next in the queue.");
  assert.equal(sentenceOf(status({ state: "queued", position: 3 })), "Place 3 in the queue.");
  assert.equal(sentenceOf(status({})), "Reading the prompt…");
  assert.equal(sentenceOf(status({ numSteps: 4 })), "");
  assert.equal(sentenceOf(status({ message: "Starting the generation worker…" })), "Starting the generation worker…");
});

test("how far it is", () => {
  assert.equal(progress(status({}), 0), "");
  assert.equal(progress(status({ numSteps: 4, maxSteps: 10 }), 41.4), "step 4 of at most 10 · 41 steps/s");
  assert.equal(progress(status({ numSteps: 1 }), 2.34), "1 step · 2.3 steps/s");
  assert.equal(progress(status({ numSteps: 4, maxSteps: 10, state: "over" }), 41), "4 steps");
  assert.equal(rate([{ time_us: 0 }]), 0);
  assert.equal(rate([{ time_us: 1_000_000 }, { time_us: 1_250_000 }, { time_us: 1_500_000 }]), 4);
});

test("how far the picture is behind the model", () => {
  assert.deepEqual([0, 1, 2].map(behindWords), ["", "", "the picture is 2 steps behind the model"]);
});

test("what was left out is said, and that it was fetched", () => {
  assert.equal(drops(0, 0, false), "");
  assert.equal(drops(1, 0, false), "Too slow for the stream: 1 step without values; fetched when it is over.");
  assert.equal(drops(3, 2, true), "Too slow for the stream: 3 steps without values, 2 steps late; fetched since.");
});

test("a lost connection, and that it is back", () => {
  assert.equal(linkWords("connecting", 0, false, 0), "");
  assert.equal(linkWords("open", 0, false, 0), "");
  assert.equal(linkWords("waiting", 250, true, 4), "Connection lost: trying again in a moment. The recording goes on.");
  assert.equal(linkWords("waiting", 4000, true, 4), "Connection lost: trying again in 4 s. The recording goes on.");
  assert.equal(linkWords("open", 0, true, 4), "Connected again, from step 4 on.");
});
