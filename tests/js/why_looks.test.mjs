import { fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { looks, neurons } from "../../assets/js/panels/why_looks.mjs";
import { answer, frame } from "./why_data.mjs";
import { shownOf } from "./why_shown.mjs";

/** Every head looks at position 1 most; of block 0 nothing was captured where it says so. */
function seen({ without = false } = {}) {
  const made = frame();
  const row = [0.02, 0.75, 0.2, 0.03];
  const arrays = { ...made.arrays };
  if (!without) arrays["attention/rows"] = { dtype: "F32", shape: [4, 4], data: Float32Array.from([row, row, row, row].flat()) };
  return { ...made, arrays };
}

const rows = () => [...document.querySelectorAll(".mri-why-looks")];

test("three heads at most, those that wrote most, and what each one saw of what it looked at", () => {
  freshPage();
  const shown = shownOf({ of: seen(), answer: answer() });
  document.body.replaceChildren(...looks(shown));
  assert.deepEqual(texts(".mri-why-looks > .mri-why-name"), ["1.0", "1.1", "0.0"]);
  const words = [...rows()[0].querySelectorAll(".mri-why-look")];
  assert.deepEqual(
    words.map((word) => word.querySelector("span").textContent),
    ["e", "b"],
    "the weakest are the rest",
  );
  assert.match(words[0].getAttribute("aria-label"), /^1.0 looks at e, position 1, 75.0 %, gave \+8.0$/);
  assert.match(words[0].title, /gave 8.000: 1.000 through the stream, 7.000 through the value embedding/);
  assert.ok(words[0].classList.contains("is-for") && !words[1].classList.contains("is-for"));
  assert.match(rows()[0].querySelector("i").title, /^all others: 5.0 %$/);
  fire(words[0], "click");
  fire(rows()[1].querySelector(".mri-why-name"), "click");
  assert.deepEqual(shown.picked, [{ at: 1 }, 5]);
});

test("the selected head is among them", () => {
  freshPage();
  document.body.replaceChildren(...looks(shownOf({ of: seen(), selected: 2 })));
  assert.deepEqual(texts('.mri-why-name[aria-pressed="true"]'), ["0.1"]);
});

test("what was not captured, and what is on its way, is said", () => {
  freshPage();
  document.body.replaceChildren(...looks(shownOf({ of: seen({ without: true }), more: { text: "computing", isRefused: false } })));
  assert.equal(texts(".mri-why-looks .mri-note")[0], "attention was not captured");
  assert.equal(texts("body > .mri-note")[0], "computing");
});

test("the neurons that wrote most lead to their dossiers; before the answer a sentence or dots", () => {
  freshPage();
  document.body.replaceChildren(...neurons(shownOf({ answer: answer() })));
  assert.deepEqual(texts(".mri-why-neuron b"), ["−0.4", "+0.1"]);
  const [first] = document.querySelectorAll(".mri-why-neuron a");
  assert.deepEqual([first.textContent, first.getAttribute("href")], ["1·3", "/neurons?session=s&point=block.1.mlp_act&neuron=3"]);
  const waiting = (text) => neurons(shownOf({ more: { text, isRefused: false } })).map((each) => each.textContent);
  assert.deepEqual([waiting(""), waiting("busy")], [["…"], ["busy"]]);
});
