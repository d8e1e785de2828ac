import { find, fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Course } from "../../assets/js/learn/course.mjs";

const WORDS = {
  finished: "{right} of {questions}",
  begun: "{seen} of {all}",
  not_begun: "new",
  again: "Again",
  go_on: "Go on",
  begin: "Begin",
  reset_done: "Forgotten.",
};
const card = (id) => `<li class="learn-card" data-lesson="${id}" data-moments="4"><h2>${id}</h2><div class="learn-card-progress"></div></li>`;

test("each lesson says how far it is, until all of it is forgotten", () => {
  freshPage(`${["one", "two", "three"].map(card).join("")}<button id="learn-reset"></button><div id="mri-toasts"></div>`);
  const kept = { one: { seen: ["a", "b"], finished: { right: 2, questions: 3 } }, two: { seen: ["a"] } };
  localStorage.setItem("mri-learn", JSON.stringify(kept));
  const course = new Course(WORDS);
  assert.deepEqual(texts(".learn-card-progress span"), ["2 of 3", "1 of 4", "new"]);
  assert.deepEqual(texts(".learn-card-progress a"), ["Again", "Go on", "Begin"]);
  assert.equal(find(".learn-card-progress a").getAttribute("href"), "/learn?lesson=one");
  assert.deepEqual(texts(".is-finished h2"), ["one"]);
  assert.equal(document.querySelectorAll("progress")[1].getAttribute("value"), "1");
  fire(find("#learn-reset"), "click");
  assert.deepEqual([texts(".learn-card-progress span"), texts(".is-finished h2"), texts(".mri-toast p")], [["new", "new", "new"], [], ["Forgotten."]]);
  assert.deepEqual(JSON.parse(localStorage.getItem("mri-learn")), {});
  course.close();
});
