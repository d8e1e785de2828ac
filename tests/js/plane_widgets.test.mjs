import { find, fire, texts } from "./page.mjs";
import { mounted, slide, written } from "./widget.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import halfPlanes from "../../assets/js/learn/widgets/half-planes.mjs";
import perceptron from "../../assets/js/learn/widgets/perceptron.mjs";
import plane from "../../assets/js/learn/widgets/plane.mjs";

const press = (selector) => fire(find(selector), "click");

test("a perceptron sums what its switches and sliders say, and says what was found", () => {
  const words = {
    perceptron: { input: "x{i} = {value}", w1: "w1", w2: "w2", b: "b", says: "sum {sum}", sum: "sum", output: "out", bias: "bias", threshold: "" },
  };
  const { widget, announced } = mounted(perceptron, { words, state: { controls: ["w1"] } });
  assert.equal(written("[data-part=sum]"), "1 · 0 + 0.5 · 0 + −0.25 = −0.25 ≤ 0 → 0");
  for (const part of ["x1", "x2"]) press(`[data-part=${part}]`);
  assert.deepEqual([written("[data-part=sum]"), written("[data-part=x2]")], ["1 · 1 + 0.5 · 1 + −0.25 = 1.25 > 0 → 1", "x2 = 1"]);
  slide("[data-part=w1]", -2);
  for (const part of ["x1", "x2"]) press(`[data-part=${part}]`);
  slide("[data-part=b]", 1);
  assert.deepEqual(announced, ["both", "both", "against", "bias"]);
  assert.deepEqual([find("[data-part=w1]").hidden, find("[data-part=w2]").hidden], [false, true]);
  widget.set({ b: -1 });
  assert.deepEqual([find("svg").getAttribute("aria-label"), find("[data-part=b]").hidden], ["sum −1", false]);
});

const CASES = { wanted: "wanted", right: "right", wrong: "wrong" };
const marks = () => texts("tbody td:last-child");

test("the plane: what the sliders' line answers in four cases, and the weights of a recording", () => {
  const says = { title: "{task}", followed: "step {step}", count: "{right} right", best: "best {best}", says: "{on}", none: "none", derived: "derived" };
  const words = { plane: { ...CASES, ...says, w1: "w1", w2: "w2", b: "b", sum: "sum", output: "output", tasks: { and: "AND", xor: "XOR" } } };
  const data = { run: { task: "xor", case: [3, 2], weights: [[1, 1, -1.5], [1, 1, -0.5]] } }; // prettier-ignore
  const { widget, announced, stepTo } = mounted(plane, { words, data, state: { task: "and" } });
  assert.deepEqual([written("h3"), marks()], ["AND", ["✗", "✗", "✗", "✓"]]);
  slide("[data-part=b]", -0.75);
  assert.deepEqual([written("[role=status]"), find("svg").getAttribute("aria-label"), announced], ["4 right", "1 1", ["and"]]);
  widget.set({ follow: "run" });
  assert.deepEqual([written("h3"), written("[data-part=weights]"), marks()], ["step 0", "w₁ = 1   w₂ = 1   b = −1.5", ["✓", "✗", "✗", "✗"]]);
  stepTo(1);
  assert.deepEqual([marks(), texts(".is-here td:first-child")], [["✓", "✓", "✓", "✗"], ["1"]]);
});

test("half-planes: what the recorded weights answer, and the unit that is chosen, here or in the Scanner", () => {
  const up = [1, 1];
  const net = { power: 1, loss: [1, 0.1], w1: [[up, up, [-1, -1]], [up, up, up]], b1: [[0, -1, 0], [0, 0, 0]], w2: [[1, -2, 5], [1, 1, 1]], b2: [[0], [0]] }; // prettier-ignore
  const says = {
    title: "update {update}",
    unit_text: "{w1} {w2} {b} {v}",
    dead_text: "{i} is dead",
    pick: "pick one",
    loss: "{loss}",
    says: "{answers}",
    answer: "answer",
  };
  const words = { half_planes: { ...CASES, ...says, dead_unit: "dead {i}", unit: "unit {i}", units: "units", derived: "derived" } };
  const selected = [];
  let view = () => {};
  const scanner = () => ({ desk: { select: (fields) => selected.push(fields) } });
  const { widget, announced, stepTo } = mounted(halfPlanes, { words, data: { relu2: net }, scanner, onView: (hear) => (view = hear) });
  assert.deepEqual([marks(), written("[data-part=unit]")], [["✓", "✓", "✓", "✓"], "pick one"]);
  assert.deepEqual(texts(".widget-unit.is-dead"), ["2"]);
  for (const i of [0, 1, 2]) fire(document.querySelectorAll(".widget-unit")[i], "click");
  assert.deepEqual([written("[data-part=unit]"), selected.length, selected[2], announced], ["2 is dead", 3, { point: "mlp_act", neuron: 2 }, ["units"]]);
  view({ point: "mlp_act", neuron: 1 });
  assert.equal(written("[data-part=unit]"), "1 1 −1 −2");
  stepTo(4);
  assert.deepEqual([written("h3"), texts(".widget-unit.is-dead"), marks()], ["update 1", [], ["✓", "✓", "✓", "✗"]]);
  widget.close();
});
