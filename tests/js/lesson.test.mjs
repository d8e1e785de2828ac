import { find, fire, freshPage, settled, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Lesson } from "../../assets/js/learn/lesson.mjs";
import { CONTENT } from "./a_lesson.mjs";
import { SCALES } from "./recording.mjs";

const lessons = [];

/** The lesson, opened at an address. */
async function opened(address = "/learn?lesson=1-l") {
  for (const lesson of lessons.splice(0)) lesson.close();
  freshPage('<div id="learn"><div id="learn-text"></div><div id="learn-widget"></div><div id="mri-stage"></div></div>', address);
  const lesson = new Lesson(CONTENT, SCALES);
  lessons.push(lesson);
  await lesson.ready;
  return lesson;
}
const kept = () => JSON.parse(localStorage.getItem("mri-learn"))["1-l"];
const press = (selector, i = 0) => fire(document.querySelectorAll(selector)[i], "click");

test.after(() => lessons[0].close());

test("it opens at its first moment, or where the address says, and the address says where it is", async () => {
  await opened();
  assert.deepEqual([find("#learn").dataset.ready, texts(".learn-title"), new URLSearchParams(location.search).get("moment")], ["first", ["Numbers"], "1"]);
  await opened("/learn?lesson=1-l&moment=2");
  assert.deepEqual([find("#learn").dataset.ready, texts(".learn-title")], ["last", ["Check"]]);
  await opened("/learn?lesson=1-l&moment=99");
  assert.equal(find("#learn").dataset.ready, "end");
});

test("a task is done when what it asks for happens: here, a number that opens", async () => {
  await opened();
  assert.deepEqual(kept().done, []);
  press(".learn-number");
  assert.deepEqual([texts(".learn-formula .learn-symbolic"), texts(".learn-done"), kept().done], [["a / 2"], ["You did."], ["first"]]);
});

test("page by page to the end, with the score; what is kept is gone when one begins anew", async () => {
  const lesson = await opened();
  press(".learn-next");
  await settled();
  press(".learn-answer", 1);
  assert.deepEqual([texts(".learn-reply"), kept().answers], [["Right. Yes."], { last: [1] }]);
  press(".learn-next");
  await settled();
  assert.deepEqual([find("#learn").dataset.ready, texts(".learn-score"), kept().finished], ["end", ["1 of 1"], { right: 1, questions: 1 }]);
  lesson.go(7);
  assert.equal(lesson.at, 2);
  press(".learn-ends button", 1);
  await settled();
  assert.deepEqual([lesson.at, kept().answers, kept().finished], [0, {}, null]);
});

test("back in the history is back in the lesson; elsewhere it closes", async () => {
  const lesson = await opened();
  lesson.go(1);
  await settled();
  history.replaceState(null, "", "/learn?lesson=1-l&moment=1");
  dispatchEvent(new Event("popstate"));
  await settled();
  assert.deepEqual(texts(".learn-title"), ["Numbers"]);
  history.replaceState(null, "", "/sessions");
  dispatchEvent(new Event("popstate"));
  history.replaceState(null, "", "/learn?lesson=1-l&moment=2");
  dispatchEvent(new Event("popstate"));
  await settled();
  assert.equal(lesson.at, 0);
});

test("for print all of it is on the page, and no longer than that", async () => {
  await opened();
  dispatchEvent(new Event("beforeprint"));
  assert.deepEqual(texts("#learn-print h2"), ["1. Numbers", "2. Check"]);
  dispatchEvent(new Event("afterprint"));
  assert.equal(find("#learn-print"), null);
});
