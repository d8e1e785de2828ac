import { find, fire, freshPage, placed, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Page } from "../../assets/js/learn/page.mjs";
import { Progress } from "../../assets/js/learn/progress.mjs";
import { CONTENT } from "./a_lesson.mjs";

/** The text of the lesson at a moment, and what was pressed in it. */
function setting(at) {
  freshPage('<div id="text"></div>');
  const pressed = [];
  const note = (name) => (given) => pressed.push([name, given]);
  const about = (name) => ({ name: name && "The picture", what: name && "shows a step." });
  const [go, answer, restart, print, lead, onNumber] = ["go", "answer", "restart", "print", "lead", "number"].map(note);
  const progress = new Progress();
  const page = new Page(find("#text"), { content: CONTENT, progress, go, answer, restart, print, about, lead, onNumber });
  page.show(at, true);
  return { page, progress, pressed };
}
const press = (selector, i = 0) => fire(document.querySelectorAll(selector)[i], "click");

test("a moment: its prose, its task, what the screen's part is, and the way on", () => {
  const { page, progress, pressed } = setting(0);
  assert.deepEqual(
    [texts(".learn-title"), texts(".learn-prose"), texts(".learn-note")],
    [["Numbers"], ["It is 0.5 of the picture"], ["The picture shows a step."]],
  );
  assert.deepEqual([texts(".learn-task"), texts(".learn-page"), texts(".learn-next")], [["Try itPress it."], ["1 of 2"], ["Skip"]]);
  placed(find(".learn-stay"), 0, 100, 300, 80); // the text was not scrolled away
  for (const each of [".learn-number", ".learn-dots button", ".learn-next", ".learn-way"]) press(each);
  assert.deepEqual(pressed.slice(0, 3), [["number", "half"], ["go", 0], ["go", 1]]); // prettier-ignore
  assert.equal(pressed[3][0], "lead");
  progress.finishTask("1-l", "first");
  page.drawTask();
  assert.deepEqual([texts(".learn-task.is-done .learn-done"), texts(".learn-next.is-ready")], [["You did."], ["Next"]]);
});

test("a question: an answer has words only, its reply comes when it was given, and it is not given twice", () => {
  const { page, progress, pressed } = setting(1);
  assert.deepEqual([texts(".learn-answer"), texts(".learn-reply"), texts(".learn-next")], [["this x", "that"], [], ["Finish"]]);
  assert.equal(find(".learn-answer").innerHTML, "this <code>x</code>");
  progress.answer("1-l", "last", 0);
  page.drawQuestion();
  assert.deepEqual([texts(".learn-answer.is-wrong"), texts(".learn-reply")], [["this x"], ["Not so. No."]]);
  press(".learn-answer", 0);
  press(".learn-answer", 1);
  assert.deepEqual(pressed, [["answer", 1]]);
});

test("the end: the score, what can be done now, and where to go", () => {
  const { page, progress, pressed } = setting(0);
  progress.answer("1-l", "last", 1);
  page.show(2, false);
  assert.deepEqual([texts(".learn-title"), texts(".learn-score"), texts(".learn-can li")], [["A lesson is over"], ["1 of 1"], ["say what a number is"]]);
  assert.equal(document.activeElement, find(".learn-title"));
  assert.deepEqual([find(".learn-go").getAttribute("href"), find(".learn-next")], ["/learn?lesson=2-l", null]);
  for (const i of [0, 1]) press(".learn-ends button", i);
  assert.deepEqual(
    pressed.map(([name]) => name),
    ["print", "restart"],
  );
});
