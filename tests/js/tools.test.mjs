import { fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { flowChoice, toolButtons } from "../../assets/js/stage/tools.mjs";

const LOOKS = {
  isSigned: false,
  isSingle: false,
  hasStats: false,
  hasGuess: false,
  isDifference: false,
  flow: "attention",
  numLanes: 1,
  top: 1,
  hasBetween: false,
};
const SHOWN = { layout: { n_layer: 2 }, isTower: true, picture: "tower", isGrouped: false, canWhy: false, groupsOf: null };

/** The switches of a picture, what a press of each picks, and how often the view was set back. */
function toolsOf(looks = {}, shown = {}) {
  freshPage("<div id='t'></div>");
  const picked = [];
  let numResets = 0;
  const parts = toolButtons(
    { ...SHOWN, ...shown, looks: { ...LOOKS, ...looks } },
    (fields) => picked.push(fields),
    () => numResets++,
  );
  document.getElementById("t").append(...parts);
  const named = (text) => [...document.querySelectorAll("#t button")].find((each) => each.textContent === text);
  const pick = (text) => (fire(named(text), "click"), picked.at(-1));
  const pressed = () => texts('#t [aria-pressed="true"]');
  return { pick, pressed, names: texts("#t button"), numResets: () => numResets };
}

test("of one recording: its pictures, and what can stand in them", () => {
  const { names, pressed, pick } = toolsOf();
  assert.deepEqual(names, ["tower", "flat", "± sign", "one plate", "statistics", "best guess", "reset view"]);
  assert.deepEqual(pressed(), ["tower"]);
  assert.deepEqual(
    [pick("flat"), pick("± sign"), pick("one plate"), pick("statistics"), pick("best guess")],
    [{ picture: "flat" }, { sign: 1 }, { single: 1 }, { numbers: 1 }, { guess: 1 }],
  );
});

test("what is on is switched off", () => {
  const { pick, pressed } = toolsOf({ isSigned: true, isSingle: true, hasStats: true, hasGuess: true }, { isGrouped: true, groupsOf: "g" });
  assert.deepEqual(pressed(), ["tower", "± sign", "one plate", "groups", "statistics", "best guess"]);
  assert.deepEqual(
    [pick("± sign"), pick("one plate"), pick("groups"), pick("statistics"), pick("best guess")],
    [{ sign: null }, { single: null }, { groups: null }, { numbers: null }, { guess: null }],
  );
});

test("a network of one's own has a sign as usual: without one it is said", () => {
  const small = { layout: { n_layer: 0 } };
  assert.deepEqual([toolsOf({ isSigned: true }, small).pick("± sign"), toolsOf({}, small).pick("± sign")], [{ sign: 0 }, { sign: null }]);
});

test("groups that were switched off come back; the flat picture has no words of the tower's", () => {
  const { names, pick } = toolsOf({}, { isTower: false, picture: "flat", groupsOf: "kmeans" });
  assert.deepEqual(names, ["tower", "flat", "± sign", "one plate", "groups"]);
  assert.deepEqual(pick("groups"), { groups: "kmeans" });
});

test("with parts to show there is a third picture, and in it nothing else to switch", () => {
  assert.deepEqual(toolsOf({}, { canWhy: true }).names.slice(0, 3), ["why", "tower", "flat"]);
  const why = toolsOf({}, { canWhy: true, picture: "why" });
  assert.deepEqual([why.names, why.pressed()], [["why", "activity", "flat", "reset view"], ["why"]]);
  why.pick("reset view");
  assert.equal(why.numResets(), 1);
});

test("of two recordings: three ways to see them, and flat they can be subtracted, too", () => {
  const two = toolsOf({ numLanes: 2 });
  assert.deepEqual([two.names.slice(0, 4), two.pressed()], [["Side by side", "One tower, B − A", "Flat", "± sign"], ["Side by side"]]);
  assert.deepEqual(
    [two.pick("One tower, B − A"), two.pick("Flat")],
    [
      { picture: null, difference: 1 },
      { picture: "flat", difference: null },
    ],
  );
  assert.equal(document.querySelector(".mri-lane-ways").getAttribute("role"), "group");
  assert.deepEqual(toolsOf({ numLanes: 2, isDifference: true }).pressed(), ["One tower, B − A"]);
  const flat = toolsOf({ numLanes: 2 }, { isTower: false, picture: "flat" });
  assert.deepEqual([flat.pressed(), flat.pick("B − A")], [["Flat"], { difference: 1 }]);
  assert.deepEqual(toolsOf({ numLanes: 3 }).names.slice(0, 2), ["Side by side", "Flat"]);
});

test("what particles carry; as usual it is not said", () => {
  const picked = [];
  freshPage();
  const choice = flowChoice("mlp", (fields) => picked.push(fields));
  assert.equal(choice.value, "mlp");
  for (const value of ["none", "attention"]) fire(Object.assign(choice, { value }), "change");
  assert.deepEqual(picked, [{ flow: "none" }, { flow: null }]);
});
