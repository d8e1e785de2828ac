import assert from "node:assert/strict";
import { test } from "node:test";

import { ledeOf } from "../../assets/js/core/lede.mjs";

const DOTS = "Every glowing dot is a number inside it, measured.";
const six = { n_layer: 6 };
const shipped = { kind: "generation", model_id: "chatsft/d6/5760", model_config: { n_embd: 256 }, prompt: "Tom gave a ball to", messages: [] };

test("the bundled model finishes a sentence, goes on with a text, or answers", () => {
  assert.equal(ledeOf(shipped, six), `A small language model, the kind inside a chatbot, finishes a sentence. ${DOTS}`);
  assert.match(ledeOf({ ...shipped, prompt: "Once there was a girl named Mia." }, six), /, goes on with a text\./);
  assert.match(ledeOf({ ...shipped, prompt: "She said “go.” " }, six), /, goes on with a text\./);
  assert.match(ledeOf({ ...shipped, messages: [{ role: "user", content: "Hi" }] }, six), /, answers a message\./);
  assert.match(ledeOf({ ...shipped, prompt: "<|bos|><|user_start|>Hi" }, six), /, answers a message\./);
});

test("of another model nothing is said that the recording does not tell", () => {
  assert.match(
    ledeOf({ ...shipped, model_id: "base/d20/100", model_config: { n_embd: 1280 } }, { n_layer: 20 }),
    /^A language model, not yet taught to chat, finishes/,
  );
  assert.match(ledeOf({ ...shipped, model_id: "nanochat.gpt.GPT" }, six), /^A small language model finishes/);
  assert.match(ledeOf({ ...shipped, model_id: "my-folder/d6/1", model_config: {}, prompt: "" }, six), /^A language model reads and writes\./);
});

test("a network that a person's own program recorded is no language model", () => {
  assert.equal(ledeOf({ kind: "training", model_id: "Perceptron" }, { n_layer: 0 }), `A neural network, recorded pass by pass. ${DOTS}`);
});
