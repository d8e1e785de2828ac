import assert from "node:assert/strict";
import { test } from "node:test";

import { drawnWords, predictions, strongest, temperatureWords } from "../../assets/js/core/predictions.mjs";
import { columns } from "../../assets/js/panels/predictions.mjs";

const array = (data) => ({ data, dtype: "F32", shape: [data.length] });

/** Two predictions captured, of which none is token 9, which is chosen as the 27th. */
function frameOf(chosenId, logprob = -6) {
  return {
    header: { step: 3, pos0: 3, t_add: 1, chosen_id: chosenId, forced: false, dropped_layers: [] },
    arrays: {
      "logits/token_ids": array(Uint32Array.of(4, 7)),
      "logits/values": array(Float32Array.of(3, 1)),
      "logits/logsumexp": array(Float32Array.of(4)),
      "logits/entropy": array(Float32Array.of(1)),
      "logits/chosen_logprob": array(Float32Array.of(logprob)),
      "logits/chosen_rank": array(Uint32Array.of(26)),
    },
  };
}
const close = (found, expected) => found.forEach((x, i) => assert.ok(Math.abs(x - expected[i]) < 1e-6, `${found} ${expected}`));

test("temperature 1 is exact", () => {
  const found = predictions(frameOf(7));
  close(found.probs, [Math.exp(-1), Math.exp(-3)]);
  assert.deepEqual([found.chosen, found.ranks], [1, [0, 1]]);
});

test("a chosen token that was not captured is a row of its own", () => {
  const found = predictions(frameOf(9));
  assert.deepEqual([found.ids, found.ranks, found.logits, found.chosen], [[4, 7, 9], [0, 1, 26], [3, 1, -2], 2]);
  close(found.probs, [Math.exp(-1), Math.exp(-3), Math.exp(-6)]);
});

test("at another temperature they are shares of those known", () => {
  const { probs } = predictions(frameOf(9), 2);
  const expected = [3, 1, -2].map((logit) => Math.exp(logit / 2));
  const sum = expected[0] + expected[1] + expected[2];
  close(
    probs,
    expected.map((each) => each / sum),
  );
});

test("the strongest have the token that follows with them", () => {
  const { ids, ranks, probs, chosen } = strongest(predictions(frameOf(9)), 1);
  assert.deepEqual([ids, ranks, chosen, probs.length], [[4, 9], [0, 26], 1, 2]);
  assert.deepEqual(strongest(predictions(frameOf(4)), 1).ids, [4]);
  assert.equal(strongest(predictions(frameOf(-1)), 1).chosen, -1);
});

test("nothing is marked where nothing follows", () => {
  assert.equal(predictions(frameOf(-1)).chosen, -1);
  assert.equal(predictions(frameOf(9, NaN)).ids.length, 2);
  assert.equal(predictions({ header: {}, arrays: {} }), null);
});

test("the chart gets the row, its mark and its rank", () => {
  const source = { tokens: { text: { 4: "a", 7: " <b>", 9: "c" } }, numPrompt: 2 };
  const found = columns(frameOf(9), source, {});
  assert.deepEqual(found.words, ["36.8 %", "5.0 %", "0.2 %  ◂ chosen"]);
  assert.deepEqual(found.followed.slice(0, 2), [null, null]);
  assert.deepEqual(found.bar_name, ["a", "␣&lt;b&gt;", "c · rank 27"]);
  assert.deepEqual(found.bar_range, [2.5, -0.5]);
  assert.equal(found.axis, "probability at temperature 1, exact");
  assert.equal(temperatureWords(21, 0.5), "share among the 21 captured at temperature 0.50");
  for (const temperature of [0.5, 1]) assert.equal(temperatureWords(2, temperature, [NaN, 0.5]), "no probabilities: there is NaN or ∞ among the logits");
});

test("how a recording drew its tokens", () => {
  assert.equal(drawnWords(undefined), "");
  assert.equal(drawnWords({ temperature: 0, seed: 42 }), "temperature 0", "no dice are thrown");
  assert.equal(drawnWords({ temperature: 0.6, seed: 7 }), "temperature 0.6, seed 7");
});
