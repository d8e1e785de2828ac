import { fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Depths, scatter } from "../../assets/js/panels/why_curves.mjs";
import { answer, frame, sweep } from "./why_data.mjs";
import { shownOf } from "./why_shown.mjs";

const svg = (selector) => [...document.querySelectorAll(selector)];

test("two lines over all depths, which end in the difference", () => {
  freshPage();
  document.body.replaceChildren(...new Depths().draw(shownOf()));
  const label = document.querySelector("svg").getAttribute("aria-label");
  assert.equal(label, "Lead at every depth, as it stands: 1.0, 2.0, 8.0, 10.0; what of it reaches the exit: 1.0, 3.0, 10.0, 10.0");
  assert.deepEqual(
    svg("polyline").map((line) => line.getAttribute("points").split(" ").length),
    [4, 4],
  );
  assert.deepEqual(texts(".mri-why-depths button"), ["words", "0", "1", "end"]);
  assert.deepEqual(texts("svg text"), ["0", "5", "10"]);
});

test("a depth's strongest tokens are shown when it is pressed, and put away when it is pressed again", () => {
  freshPage();
  const depths = new Depths();
  const shown = shownOf({ answer: answer() });
  const draw = () => document.body.replaceChildren(...depths.draw(shown));
  const press = (i) => (fire(svg(".mri-why-depths button")[i], "click"), draw());
  draw();
  assert.equal(svg(".mri-why-guesses").length, 0);
  press(1);
  assert.deepEqual(texts(".mri-why-guesses h4"), ["as it stands", "what of it reaches the exit"]);
  assert.equal(texts(".mri-why-guesses li")[0], "g 50.0 %");
  assert.equal(svg('.mri-why-depths [aria-pressed="true"]')[0].getAttribute("aria-label"), "after block 0");
  press(3);
  assert.deepEqual(texts(".mri-why-guesses h4"), ["the model's own"], "at the end both are one");
  press(3);
  assert.equal(svg(".mri-why-guesses").length, 0);
  assert.equal(shown.picked.length, 3);
});

test("without a lens it says so; one footing that was not recorded, too", () => {
  freshPage();
  const bare = shownOf({ of: frame({}, { without: "lens" }) });
  assert.deepEqual(
    new Depths().draw(bare).map((each) => each.textContent),
    ["The lens was not recorded."],
  );
  const depths = new Depths();
  document.body.replaceChildren(...depths.draw(shownOf()));
  fire(svg(".mri-why-depths button")[0], "click");
  document.body.replaceChildren(...depths.draw(shownOf()));
  assert.deepEqual(texts(".mri-why-guesses .mri-note"), ["not recorded"]);
});

test("written against lost: a dot for each part, and those off the line are named", () => {
  freshPage();
  const shown = shownOf({ sweep: sweep(), selected: 2 });
  document.body.replaceChildren(...scatter(shown));
  const dots = svg("circle");
  assert.deepEqual([dots.length, dots.filter((dot) => dot.classList.contains("is-selected")).length], [6, 1]);
  const note = texts(".mri-note")[0];
  assert.match(note, /^More than it wrote, works through other parts: 0.1 \(wrote 0.0, lost 12.0\)/);
  fire(dots[1], "click");
  assert.deepEqual(shown.picked, [2]);
});

test("where both agree it says so; before losses are here, dots or why not", () => {
  freshPage();
  const agreeing = shownOf({ sweep: sweep() });
  agreeing.why = { ...agreeing.why, lost: { ...agreeing.why.lost, amounts: Float64Array.from(agreeing.why.wrote) } };
  assert.equal(scatter(agreeing)[1].textContent, "On the line what is lost is what was written.");
  assert.deepEqual([scatter(shownOf())[0].textContent, scatter(shownOf({ lost: { text: "refused", isRefused: true } }))[0].textContent], ["…", "refused"]);
});
