import { fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { toolsOf as madeOf } from "../../assets/js/stage/tools.mjs";

const LOOKS = { isSigned: false, isSingle: false, hasStats: false, isDifference: false, flow: "attention", numLanes: 1, top: 1, hasBetween: false };
const KEYS = ["embed.resid0", "block.0.mlp_act", "block.0.resid_post", "block.1.mlp_act", "block.1.resid_post"];
const POINTS = KEYS.map((key) => ({ key, layer_index: key.startsWith("block.") ? Number(key[6]) : 2 }));
const LAYOUT = { n_layer: 2, points: POINTS, rows: new Map(KEYS.map((key, i) => [key, i])) };
const SHOWN = { layout: LAYOUT, point: "block.1.resid_post", isTower: true, picture: "tower", isGrouped: false, canWhy: false, groupsOf: null, hasFlow: true };

/** The tools of a picture, what a press or a choice of each picks, and how often the view was set back. */
function toolsOf(looks = {}, shown = {}) {
  freshPage("<div id='t'></div>");
  const picked = [];
  let numResets = 0;
  const parts = madeOf(
    { ...SHOWN, ...shown, looks: { ...LOOKS, ...looks } },
    (fields) => picked.push(fields),
    () => numResets++,
  );
  document.getElementById("t").append(...parts);
  const named = (text) => [...document.querySelectorAll("#t button")].find((each) => each.textContent === text);
  const choice = (name) => [...document.querySelectorAll("#t label")].find((each) => each.textContent.startsWith(name)).querySelector("select");
  const pick = (text) => (fire(named(text), "click"), picked.at(-1));
  const choose = (name, value) => (fire(Object.assign(choice(name), { value }), "change"), picked.at(-1));
  const pressed = () => texts('#t [aria-pressed="true"]');
  const options = (name) => [...choice(name).querySelectorAll("option")].map((each) => each.textContent);
  return { pick, choose, options, pressed, chosen: (name) => choice(name).value, names: texts("#t button"), numResets: () => numResets };
}

test("of one recording: its pictures, and what can stand in them", () => {
  const { names, pressed, pick, choose, options } = toolsOf();
  assert.deepEqual(names, ["tower", "flat", "one plate", "statistics", "⟲"]);
  assert.deepEqual(pressed(), ["tower"]);
  assert.deepEqual(
    [pick("flat"), pick("one plate"), pick("statistics"), choose("colour", "sign"), choose("plates", "mlp_act"), choose("particles", "none")],
    [{ picture: "flat" }, { single: 1 }, { numbers: 1 }, { sign: 1 }, { point: "block.1.mlp_act" }, { flow: "none" }],
  );
  assert.deepEqual(options("colour"), ["magnitude", "± sign"]);
});

test("what is on is switched off, and what is as usual is not said", () => {
  const { pick, choose, pressed, chosen } = toolsOf({ isSigned: true, isSingle: true, hasStats: true, flow: "mlp" });
  assert.deepEqual(pressed(), ["tower", "one plate", "statistics"]);
  assert.deepEqual([chosen("colour"), chosen("particles")], ["sign", "mlp"]);
  assert.deepEqual(
    [choose("colour", "magnitude"), pick("one plate"), pick("statistics"), choose("particles", "attention")],
    [{ sign: null }, { single: null }, { numbers: null }, { flow: null }],
  );
});

test("a network of one's own has a sign as usual: without one it is said, and it has no plates to choose", () => {
  const small = { layout: { ...LAYOUT, n_layer: 0 }, hasFlow: false };
  const { choose, names } = toolsOf({ isSigned: true }, small);
  assert.deepEqual([choose("colour", "magnitude"), choose("colour", "sign")], [{ sign: 0 }, { sign: null }]);
  assert.equal(document.querySelectorAll("#t label").length, 1);
  assert.deepEqual(names, ["tower", "flat", "one plate", "statistics", "⟲"]);
});

test("groups that were switched off come back; the flat picture has no words of the tower's", () => {
  const { names, choose } = toolsOf({}, { isTower: false, picture: "flat", groupsOf: "kmeans" });
  assert.deepEqual(names, ["tower", "flat", "one plate"]);
  assert.deepEqual(choose("colour", "groups"), { groups: "kmeans" });
});

test("with parts to show there is a third picture, and in it nothing else to switch", () => {
  assert.deepEqual(toolsOf({}, { canWhy: true }).names.slice(0, 3), ["why", "tower", "flat"]);
  const why = toolsOf({}, { canWhy: true, picture: "why" });
  assert.deepEqual([why.names, why.pressed()], [["why", "activity", "flat", "⟲"], ["why"]]);
  why.pick("⟲");
  assert.equal(why.numResets(), 1);
});

test("of two recordings: three ways to see them, and flat they can be subtracted, too", () => {
  const two = toolsOf({ numLanes: 2 });
  assert.deepEqual([two.names.slice(0, 4), two.pressed()], [["Side by side", "One tower, B − A", "Flat", "one plate"], ["Side by side"]]);
  assert.deepEqual(
    [two.pick("One tower, B − A"), two.pick("Flat")],
    [
      { picture: null, difference: 1 },
      { picture: "flat", difference: null },
    ],
  );
  assert.equal(document.querySelector(".mri-pictures").getAttribute("aria-label"), "Ways to see them");
  assert.deepEqual(toolsOf({ numLanes: 2, isDifference: true }).pressed(), ["One tower, B − A"]);
  const flat = toolsOf({ numLanes: 2 }, { isTower: false, picture: "flat" });
  assert.deepEqual([flat.pressed(), flat.choose("colour", "difference")], [["Flat"], { difference: 1 }]);
  assert.deepEqual(toolsOf({ numLanes: 3 }).names.slice(0, 2), ["Side by side", "Flat"]);
});
