import { find, fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Course } from "../../assets/js/learn/course.mjs";
import { Progress } from "../../assets/js/learn/progress.mjs";

const WORDS = {
  start: "Begin: {title}",
  go_on: "Go on: {title}",
  all_done: "All done",
  begin_button: "Begin",
  go_on_button: "Go on",
  again_button: "Again",
  minutes: "{minutes} minutes",
  left: "{page} of {all}, {minutes} left",
  new_here: "new?",
  first: "First",
  count: "{done} of {all}",
  finished: "{right} of {questions}",
  begun: "page {page} of {all}",
  reset_done: "Forgotten.",
};
const card = (id) =>
  `<li class="learn-card" data-lesson="${id}" data-moments="4" data-minutes="12"><h3><a>${id}</a></h3><div class="learn-card-progress">12 minutes</div></li>`;
const page = (kept) => {
  freshPage(
    `<div id="course-go"></div>${["one", "two", "three"].map(card).join("")}<p class="course-count"></p><button id="learn-reset"></button><div id="mri-toasts"></div>`,
  );
  localStorage.setItem("mri-learn", JSON.stringify(kept));
  return new Course(WORDS);
};
const go = () => [texts("#course-go h2, #course-go p"), find("#course-go .mri-button").getAttribute("href")];

test("each lesson says how far it is, until all of it is forgotten", () => {
  const course = page({ one: { seen: ["a", "b"], finished: { right: 2, questions: 3 } }, two: { seen: ["a", "b"] } });
  assert.deepEqual(texts(".learn-card-progress"), ["2 of 3", "page 2 of 4", "12 minutes"]);
  assert.deepEqual(texts(".is-finished h3"), ["one"]);
  assert.deepEqual(texts(".is-current h3"), ["two"]);
  assert.deepEqual(go(), [["Go on: two", "2 of 4, 9 left · new? First"], "/learn?lesson=two"]);
  assert.equal(document.querySelector("progress").getAttribute("value"), "2");
  assert.deepEqual(texts(".course-count"), ["1 of 3"]);
  fire(find("#learn-reset"), "click");
  assert.deepEqual([texts(".learn-card-progress"), texts(".is-finished h3"), texts(".mri-toast p")], [Array(3).fill("12 minutes"), [], ["Forgotten."]]);
  assert.deepEqual(go(), [["Begin: one", "12 minutes"], "/learn?lesson=one"]);
  assert.deepEqual(JSON.parse(localStorage.getItem("mri-learn")), {});
  course.close();
});

test("one goes on where one was last, and not where all is finished", () => {
  const finished = { right: 3, questions: 3 };
  page({ three: { seen: ["a"] }, two: { seen: ["a"] } }).close();
  assert.deepEqual(texts(".is-current h3"), ["two"]);
  page({ one: { seen: ["a"], finished } }).close();
  assert.deepEqual(go()[0][0], "Begin: two");
  page({ one: { finished }, two: { finished }, three: { finished } }).close();
  assert.deepEqual(go(), [["All done", ""], "/learn?lesson=one"]);
});

test("the lesson that was looked at last is the latest, in whatever order they were begun", () => {
  localStorage.clear();
  const progress = new Progress();
  progress.visit("1-a", "x");
  progress.visit("2-b", "x");
  progress.visit("1-a", "y");
  assert.equal(new Progress().latest(), "1-a");
  progress.finish("1-a", { right: 1, questions: 3 });
  assert.equal(new Progress().latest(), "2-b");
});
