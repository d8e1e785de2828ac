import { find, fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { PairSentence } from "../../assets/js/panels/pair_sentence.mjs";
import { frameOf, layout, tokens } from "./recording.mjs";

const ALIGNMENT = {
  strategy: "prefix",
  positions: [0, 1, 2, 3, 4, 5, 6, 7].map((at) => [at, at]),
  divergence: 8,
  steps: [[1, 1]],
  matched: [true],
  whole: [true],
};
const side = (frame = frameOf()) => ({ run: { tokens: tokens(), layout, numPrompt: 5 }, frame });
const moment = (more = {}) => ({
  alignment: ALIGNMENT,
  moment: 0,
  sides: [side(), side()],
  between: { "block.0.resid_post": 0.1, "block.1.resid_post": 0.9 },
  look: { layer: 0, head: 0 },
  ...more,
});

function setting() {
  freshPage("<div id='s'></div>");
  const selected = [];
  return { sentence: new PairSentence(find("#s"), (fields) => selected.push(fields)), selected };
}

test("what belongs to A and B has their colours, and a block is selected by a click", () => {
  const { sentence, selected } = setting();
  sentence.draw(moment(), false);
  const line = find(".mri-sentence-line");
  assert.match(line.textContent, /^Both have the same words\. At “e” the plates are alike up to block 0 \(0\.10\), part in block 1 \(0\.90\)/);
  assert.ok(texts("b.is-a").length > 0 && texts("b.is-a").length === texts("b.is-b").length);
  fire(
    [...line.querySelectorAll("button")].find((each) => each.textContent === "block 1"),
    "click",
  );
  assert.deepEqual(selected, [{ point: "block.1.resid_post", layer: 1 }]);
  assert.match(find(".mri-kind-derived").title, /fixed rules/);
});

test("a screen reader is told when the clock rests; the same moment is written once", () => {
  const { sentence } = setting();
  const live = () => find(".mri-sentence-line").getAttribute("aria-live");
  sentence.draw(moment(), true);
  assert.equal(live(), "off");
  const button = find(".mri-sentence-line button");
  sentence.draw(moment(), false);
  assert.deepEqual([live(), find(".mri-sentence-line button") === button], ["polite", true]);
  sentence.draw(moment({ between: null }), false);
  assert.notEqual(find(".mri-sentence-line button"), button, "the map's numbers went");
});
