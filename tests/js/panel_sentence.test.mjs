import { find, fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { sentence } from "../../assets/js/core/sentence.mjs";
import { Sentence } from "../../assets/js/panels/sentence.mjs";
import { frameOf, source } from "./recording.mjs";

function setting() {
  freshPage("<div id='host'></div>");
  const selected = [];
  return { selected, view: new Sentence(find("#host"), { source: source(), onSelect: (fields) => selected.push(fields) }) };
}

test("the sentence of the step, in which each number leads to where it comes from", () => {
  const { view, selected } = setting();
  const parts = sentence(frameOf(), source());
  view.draw(frameOf(), false);
  assert.equal(find("p").textContent, parts.map((part) => part.text ?? part).join(""));
  const numbers = parts.filter((part) => part.of);
  assert.ok(numbers.length);
  for (const button of document.querySelectorAll("p button")) fire(button, "click");
  assert.deepEqual(
    selected,
    numbers.map(({ of }) => of),
  );
});

test("a screen reader is not told every step while the clock goes on", () => {
  const { view } = setting();
  const frame = frameOf();
  const live = (isMoving) => (view.draw(frame, isMoving), find("p").getAttribute("aria-live"));
  assert.deepEqual([live(true), live(false)], ["off", "polite"]);
});

test("the same step is not said again, until it is known where NaN began", () => {
  const { view } = setting();
  const frame = frameOf();
  view.draw(frame, false);
  const node = find("p").firstChild;
  view.draw(frame, false);
  assert.equal(find("p").firstChild, node);
  view.setFirstOdd({ step: 0, point: "embed.resid0" });
  view.draw(frame, false);
  assert.notEqual(find("p").firstChild, node);
  assert.ok(texts("p")[0].length);
});
