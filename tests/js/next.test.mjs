import { find, fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Next, placeOf } from "../../assets/js/panels/next.mjs";
import { frameOf, layout, stepOf, tokens } from "./recording.mjs";

function setting() {
  freshPage("<section id='next'></section>");
  const selected = [];
  const next = new Next(find("#next"), { source: { layout, tokens: tokens(), stepOf, numPrompt: 5 }, onSelect: (fields) => selected.push(fields) });
  return { next, selected };
}

/** The recording's frame with other predictions. */
function predicting(probs, chosen = -1) {
  const frame = frameOf({ chosen_id: chosen });
  const put = (name, data) => (frame.arrays[name] = { ...frame.arrays[name], data, shape: [data.length] });
  put(
    "logits/token_ids",
    Uint32Array.from(probs, (_, i) => i + 1),
  );
  put("logits/values", Float32Array.from(probs, Math.log));
  put("logits/logsumexp", Float32Array.of(0));
  put("logits/chosen_logprob", Float32Array.of(chosen < 0 ? NaN : Math.log(0.001)));
  put("logits/chosen_rank", Float32Array.of(chosen < 0 ? 0 : 41));
  return frame;
}

test("six words, the chosen one marked; both ends of the scale can be read", () => {
  const { next } = setting();
  next.draw(predicting([0.999, 0.0005, 0.0002, 0.0001, 0.0001, 0.00002, 0.00001], 1), null);
  assert.deepEqual(texts(".mri-next-row em").slice(0, 2), ["99.90 %", "0.050 %"]);
  assert.equal(texts(".mri-next-row em")[5], "0.002 %");
  assert.equal(document.querySelectorAll(".mri-next-row").length, 6);
  assert.equal(find(".is-chosen em").textContent, "99.90 %");
});

test("a word that was drawn from far below has the last row", () => {
  const { next } = setting();
  next.draw(predicting([0.5, 0.2, 0.1, 0.05, 0.04, 0.03, 0.02], 9), null);
  assert.equal(document.querySelectorAll(".mri-next-row").length, 6);
  assert.equal(document.querySelector(".mri-next-row:last-child").className, "mri-next-row is-chosen");
});

test("log-odds put 50 % in the middle of 1 % and 99 %; beyond an end is at the end; linear is linear", () => {
  const [low, middle, high] = [0.01, 0.5, 0.99].map((p) => placeOf(p, false));
  assert.ok(Math.abs(middle - (low + high) / 2) < 1e-9);
  assert.deepEqual([placeOf(0, false), placeOf(1, false), placeOf(0.3, true)], [0, 1, 0.3]);
});

test("another scale, all words: a person's choice; a step without predictions says so", () => {
  const { next, selected } = setting();
  find("select").value = "linear";
  fire(find("select"), "change");
  fire(
    [...document.querySelectorAll("button")].find((each) => each.textContent.startsWith("20 words")),
    "click",
  );
  assert.deepEqual(selected, [{ odds: "linear" }, { tab: "predictions" }]);
  const frame = frameOf();
  for (const name of Object.keys(frame.arrays)) if (name.startsWith("logits/")) delete frame.arrays[name];
  next.draw(frame, null);
  assert.match(find("#next").textContent, /No predictions were captured/);
});
