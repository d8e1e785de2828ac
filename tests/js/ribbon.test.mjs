import { find, fire, freshPage, placed, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Ribbon } from "../../assets/js/panels/ribbon.mjs";
import { SCALES, frameOf, stepOf, tokens } from "./recording.mjs";

function setting({ of = tokens(), hasAttention = true } = {}) {
  const page = freshPage("<div id='r'></div>");
  const sought = [];
  const influence = { session: "s", version: "", scales: SCALES, onChoose: () => {} };
  const ribbon = new Ribbon(find("#r"), { tokens: of, stepOf, numPrompt: 5, onSeek: (step) => sought.push(step), hasAttention, influence });
  return { page, ribbon, sought, of };
}
const buttons = () => [...document.querySelectorAll(".mri-token")];
const withClass = (name) => buttons().flatMap((button, i) => (button.classList.contains(name) ? [i] : []));

test("a token leads to the step that read it, the last one, read by none, to the last step", () => {
  const { sought } = setting();
  for (const i of [0, 5, 6, 7]) fire(buttons()[i], "click");
  assert.deepEqual(sought, [0, 1, 2, 2]);
  assert.match(buttons()[7].title, /read by no step/);
});

test("prompt, specials and what was put in look otherwise; spaces and line ends are seen", () => {
  setting();
  assert.deepEqual([withClass("is-prompt"), withClass("is-special"), withClass("is-forced")], [[0, 1, 2, 3, 4], [0], [6]]);
  assert.deepEqual(texts(".mri-space", buttons()[2]), ["⏎"]);
  assert.equal(buttons()[1].textContent, " a");
});

test("where the clock stands: read, current, next, still to come; one token can be tabbed to", () => {
  const { ribbon } = setting();
  ribbon.draw(1, frameOf(), null, false);
  assert.deepEqual([withClass("is-current"), withClass("is-next"), withClass("is-future")], [[5], [6], [7]]);
  assert.deepEqual(
    buttons().map((button) => button.tabIndex),
    [-1, -1, -1, -1, -1, 0, -1, -1],
  );
  buttons()[5].focus();
  ribbon.draw(2, frameOf({ step: 2, pos0: 6 }), null, false);
  assert.deepEqual([document.activeElement, document.querySelectorAll("[aria-current]").length], [buttons()[6], 1], "the focus goes with the clock");
});

test("what the step read and chose, in words", () => {
  const { ribbon } = setting();
  ribbon.draw(1, frameOf(), null, false);
  assert.deepEqual(texts("b", ribbon.says), ["␣e", "f"]);
  assert.match(ribbon.says.querySelector(".mri-says-next").textContent, /put in by the calculator/);
  ribbon.draw(0, frameOf({ step: 0, pos0: 0, t_add: 3, chosen_id: 9 }), null, false);
  assert.deepEqual(texts("b", ribbon.says), ["3 prompt tokens", "␣c"], "the prompt goes on");
});

test("a recording grows: the new tokens are added, what was chosen later is not seen yet", () => {
  const of = tokens();
  const { ribbon } = setting({ of });
  const first = buttons()[0];
  of.sequence.push(8);
  ribbon.grow();
  assert.deepEqual([buttons().length, buttons()[0] === first, buttons()[8].textContent], [9, true, "#8"]);
  ribbon.show(1);
  ribbon.draw(1, frameOf(), null, false);
  assert.deepEqual(withClass("is-unseen"), [7, 8]);
});

test("the words scroll with the clock, and say where they stand; all of a word is under the pointer", () => {
  const page = freshPage("<div id='r'></div>");
  const axes = [];
  const influence = { session: "s", version: "", scales: SCALES, onChoose: () => {} };
  const context = { tokens: tokens(), stepOf, numPrompt: 5, onSeek: () => {}, hasAttention: true, influence, onAxis: (axis) => axes.push(axis) };
  const ribbon = new Ribbon(find("#r"), context);
  const list = placed(find(".mri-tokens"), 0, 0, 160, 24);
  page.resized();
  assert.deepEqual([axes.at(-1).columnPx, list.style.getPropertyValue("--column")], [44, "44px"]);
  ribbon.follow(1);
  assert.equal(list.scrollLeft, 5 * 44 - 160 / 3);
  fire(list, "scroll");
  assert.equal(axes.at(-1).xOf(1), 5.5 * 44 - list.scrollLeft);
});

test("influence is offered where there are heads; a training script has no ribbon; closing stops watching", () => {
  const { page, ribbon } = setting();
  assert.ok(find("#mri-influence"));
  ribbon.close();
  assert.equal(page.numWatchers(), 0);
  setting({ hasAttention: false });
  assert.equal(find("#mri-influence"), null);
  const of = tokens();
  of.steps.phase = ["train"];
  setting({ of });
  assert.ok(find("#r").hidden);
});

test("a piece of a character stands as that character over its bytes, also where the rest comes later", () => {
  const of = tokens();
  of.text = { ...of.text, 90: "\\xf0\\x9f", 91: "\\x99\\x82" };
  of.sequence = [...of.sequence.slice(0, 7), 90];
  const { ribbon } = setting({ of });
  assert.equal(buttons()[7].textContent, "\\xf0\\x9f");
  of.sequence = [...of.sequence, 91];
  ribbon.grow();
  assert.deepEqual(texts(".mri-token rt"), ["🙂(1/2)", "🙂(2/2)"]);
  assert.match(buttons()[7].textContent, /xf0/, "its bytes are still there");
});
