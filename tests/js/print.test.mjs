import { freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { printed } from "../../assets/js/learn/print.mjs";
import { CONTENT } from "./a_lesson.mjs";

test("on paper: every moment, its task, its numbers with their formulas, questions with answers; nothing of it after", () => {
  freshPage();
  for (let times = 0; times < 2; times++) printed(CONTENT, true);
  assert.deepEqual(texts("#learn-print h1"), ["Lesson 1: A lesson"]);
  assert.deepEqual(texts("#learn-print h2"), ["1. Numbers", "2. Check"]);
  assert.deepEqual(texts("#learn-print h3"), ["Try it", "Question"]);
  assert.deepEqual(texts(".learn-print-numbers li"), ["0.5 = 1 / 2"]);
  assert.deepEqual(texts("#learn-print ol li"), ["this xNot so. No.", "thatRight. Yes."]);
  printed(CONTENT, false);
  assert.equal(document.body.textContent, "");
});
