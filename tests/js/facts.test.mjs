import assert from "node:assert/strict";
import { test } from "node:test";

import { factsOf } from "../../assets/js/core/facts.mjs";

const LAYOUT = { n_layer: 6, n_head: 4, topk: 64, points: Array.from({ length: 6 }) };
const kept = (capture_mode, attention_tier) => ({ config: { capture_mode, attention_tier, sample_stride: 8 } });

test("a model's recording: checkpoint, size, dice, steps, what was kept", () => {
  const session = { model_id: "chatsft/d6/5760", model_config: { n_embd: 256 }, sampling: { temperature: 0.6, seed: 42 }, layout: kept("topk", "full_row") };
  const said = "chatsft d6, step 5,760 · 6 blocks × 256, 4 heads · temperature 0.6, seed 42 · 22 steps · strongest 64 of each point, whole attention rows";
  assert.equal(factsOf(session, LAYOUT, 22), said);
  assert.match(
    factsOf({ ...session, sampling: { temperature: 0 }, layout: kept("full", "summary") }, LAYOUT, 1),
    / · temperature 0 · 1 step · every value, the strongest keys of each head$/,
  );
});

test("of a plain module there is less to say, and nothing is made up", () => {
  assert.equal(
    factsOf({ model_id: "Perceptron", layout: kept("full", "summary") }, { ...LAYOUT, n_layer: 0, n_head: 0 }, 5000),
    "Perceptron · 6 hook points · 5,000 steps · every value",
  );
  assert.equal(factsOf({}, { ...LAYOUT, topk: 0 }, 2), "6 blocks, 4 heads · 2 steps");
});
