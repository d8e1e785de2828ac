import { freshPage } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { holds, nothing } from "../../assets/js/learn/conditions.mjs";
import { actualParts, formulaText } from "../../assets/js/learn/formula.mjs";
import { halfPlane, lineIn, sumOf } from "../../assets/js/learn/half_plane.mjs";
import { Progress, score } from "../../assets/js/learn/progress.mjs";
import { filled } from "../../assets/js/learn/text.mjs";

test("each condition holds when it is so, and all of them must", () => {
  const now = { ...nothing(), step: 7, visited: new Set([1, 7]), view: { point: "sum", neuron: 0, tab: "neurons", watched: ["sum:0"] }, token: 3 };
  const yes = [
    { step_at: 7 },
    { step_at_least: 6 },
    { visited: 2 },
    { selected: { point: "sum", neuron: 0 } },
    { selected: { token: 3 } },
    { tab: "neurons" },
    { picture: "tower" },
    { watched: "sum:0" },
    { step_at: 7, tab: "neurons" },
  ];
  const no = [
    { step_at: 6 },
    { step_at_least: 8 },
    { visited: 3 },
    { selected: { point: "sum", neuron: 1 } },
    { picture: "flat" },
    { played: true },
    { opened: "a" },
    { widget: "and" },
    { step_at: 7, tab: "attention" },
  ];
  for (const each of yes) assert.ok(holds(each, now), JSON.stringify(each));
  for (const each of no) assert.ok(!holds(each, now), JSON.stringify(each));
  assert.ok(holds({ played: true, opened: "a", widget: "and" }, { ...now, played: true, opened: new Set("a"), announced: new Set(["and"]) }));
  assert.ok(!holds({ step_at_least: 0 }, nothing()), "no scan, no step");
});

test("progress is kept, resumed and forgotten", () => {
  freshPage();
  const progress = new Progress();
  progress.visit("1", "a");
  progress.visit("1", "b");
  progress.visit("1", "a");
  progress.finishTask("1", "a");
  progress.answer("1", "b", 2);
  progress.answer("1", "b", 0);
  const again = new Progress().of("1");
  assert.deepEqual(again, { at: "a", seen: ["a", "b"], done: ["a"], answers: { b: [2, 0] }, finished: null });
  new Progress().forget("1");
  assert.deepEqual(new Progress().of("1").seen, []);
});

test("progress that was kept broken begins anew", () => {
  freshPage();
  localStorage.setItem("mri-learn", "{not json");
  assert.deepEqual(new Progress().of("1").seen, []);
});

test("the score counts first tries of the check", () => {
  const moment = (id, check = true) => ({ id, check, ask: { answers: [{ right: false }, { right: true }] } });
  assert.deepEqual(score([moment("a"), moment("b"), moment("c"), moment("d", false)], { a: [1], b: [0, 1], d: [1] }), { right: 1, questions: 3 });
});

test("a half-plane is cut where the sum is zero", () => {
  const weights = [1, 1, -1];
  assert.deepEqual(
    lineIn(weights, 0, 1)?.map((point) => sumOf(weights, point)),
    [0, 0],
  );
  const corners = halfPlane(weights, 0, 1);
  assert.ok(corners.every((corner) => sumOf(weights, corner) >= 0));
  assert.equal(corners.length, 3);
  assert.equal(halfPlane([0, 0, 1], 0, 1).length, 4);
  assert.equal(halfPlane([0, 0, -1], 0, 1).length, 0);
  assert.equal(lineIn([0, 0, 1], 0, 1), null);
});

test("a formula is shown with the numbers that went in", () => {
  const numbers = [
    { text: "0.91", formula: "", inputs: {}, source: "a" },
    { text: "0.83", formula: "relu({z})² + {k}", inputs: { z: { at: 0 }, k: { text: "0" } } },
  ];
  assert.deepEqual(actualParts(numbers[1]), ["relu(", { name: "z", at: 0 }, ")² + ", { name: "k", text: "0" }]);
  assert.equal(formulaText(numbers[1], numbers), "0.83 = relu(0.91)² + 0");
  assert.equal(filled("{a} of {b}", { a: 1 }), "1 of {b}");
});
