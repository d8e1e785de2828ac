import { find, fire, freshPage, inkOnCanvases, placed, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { viewFromUrl } from "../../assets/js/core/address.mjs";
import { strongestOf } from "../../assets/js/stage/lanes.mjs";
import { Stage } from "../../assets/js/stage/stage.mjs";
import { SCALES, frameOf, lane, layout } from "./recording.mjs";

const KEY = "block.0.mlp_out"; // kept: neurons 6, 1, 7, 0 with 4, −3, 2, −1

/** A stage of 800 × 500 in a browser without WebGL2. */
function setting() {
  const page = freshPage("<div id='stage'></div>");
  inkOnCanvases();
  const picked = [];
  let [numRedraws, numRetries] = [0, 0];
  const stage = new Stage(placed(find("#stage"), 0, 0, 800, 500), {
    layout,
    scales: SCALES,
    onPick: (fields) => picked.push(fields),
    onRetry: () => numRetries++,
    needsRedraw: () => numRedraws++,
    willRedraw: () => false,
  });
  placed(find(".mri-view"), 0, 0, 800, 480);
  const draw = (view = {}, lanes = [lane()], pair) => stage.draw(lanes, { ...viewFromUrl(""), point: KEY, neuron: 6, ...view }, false, pair);
  return { page, stage, draw, picked, numRedraws: () => numRedraws, numRetries: () => numRetries };
}
const tools = () => texts(".mri-tools button");
const tool = (text) => [...document.querySelectorAll(".mri-tools button")].find((each) => each.textContent === text);
const choice = (label) => document.querySelector(`.mri-tools select[aria-label="${label}"]`);
const choose = (label, value) => {
  choice(label).value = value;
  fire(choice(label), "change");
};
const COLOUR = "What the colour of a dot says";
const at = ([clientX, clientY], more = {}) => ({ clientX, clientY, buttons: 0, ...more });

test("without WebGL2 the flat picture shows the same, and it says why", () => {
  const { stage, draw } = setting();
  draw();
  assert.deepEqual([stage.flat.canvas.hidden, stage.tower.canvas.hidden], [false, true]);
  assert.match(find(".mri-stage-note").textContent, /no WebGL2/);
  assert.ok(!find(".mri-stage-note").hidden && find("#stage").classList.contains("is-flat"));
  draw({ picture: "flat" });
  assert.ok(find(".mri-stage-note").hidden, "it was asked for");
});

test("the strongest captured neuron; 0 where nothing was captured", () => {
  assert.equal(strongestOf(lane(), KEY), 6);
  assert.equal(strongestOf(lane(), "block.0.ln1"), 0);
  assert.equal(strongestOf(lane({ frame: null }), KEY), 0);
});

test("a click picks what is drawn there, with Shift it is watched; beside the plates nothing", () => {
  const { stage, draw, picked } = setting();
  draw();
  const place = stage.locate(KEY, 1);
  fire(find(".mri-view"), "click", at(place));
  fire(find(".mri-view"), "click", at(place, { shiftKey: true }));
  fire(find(".mri-view"), "click", at([1, 1]));
  assert.deepEqual(picked, [
    { point: KEY, neuron: 1 },
    { point: KEY, neuron: 1, watch: true },
  ]);
});

test("under the pointer stands the value of the step that is drawn, until it leaves", () => {
  const { stage, draw } = setting();
  draw();
  fire(find(".mri-view"), "pointermove", at(stage.locate(KEY, 1)));
  const tip = find("#stage > .mri-tip");
  assert.ok(!tip.hidden);
  assert.match(tip.textContent, /neuron 1/);
  draw({}, [lane({ frame: null, none: "on its way" })]);
  stage.write();
  assert.match(tip.textContent, /on its way/);
  fire(find(".mri-view"), "pointerleave");
  assert.ok(tip.hidden);
});

test("each tool says what it would make otherwise", () => {
  const { draw, picked } = setting();
  draw();
  assert.deepEqual(tools(), ["tower", "flat", "one plate"]);
  for (const text of ["flat", "one plate"]) fire(tool(text), "click");
  choose(COLOUR, "sign");
  choose("What the plates show", "mlp_act");
  draw({ sign: 1, single: 1, picture: "flat" });
  assert.deepEqual([choice(COLOUR).value, tool("flat").getAttribute("aria-pressed")], ["sign", "true"]);
  choose(COLOUR, "magnitude");
  fire(tool("one plate"), "click");
  assert.deepEqual(picked, [{ picture: "flat" }, { single: 1 }, { sign: 1 }, { point: "block.0.mlp_act" }, { sign: null }, { single: null }]);
});

test("the plates' choice names what is shown, also what stands alone", () => {
  const { draw } = setting();
  const shown = (point) => (draw({ point }), choice("What the plates show").querySelector("[selected]").value);
  assert.deepEqual(["block.1.ln1", "embed.resid0", "final.ln_f", "final.logits"].map(shown), ["ln1", "resid_post", "resid_post", "final.logits"]);
});

test("two lanes can be subtracted, where their steps stand for each other", () => {
  const { stage, draw, picked } = setting();
  const lanes = [lane({ name: "A" }), lane({ name: "B", frame: frameOf() })];
  draw({}, lanes);
  assert.ok(find("#stage").classList.contains("has-lanes"));
  fire(tool("One tower, B − A"), "click");
  assert.deepEqual([stage.lanes.length, picked], [2, [{ picture: null, difference: 1 }]]);
  draw({ difference: 1 }, lanes, { isMatched: true, between: null });
  assert.deepEqual([stage.lanes.length, stage.lanes[0].name, stage.lanes[0].frame !== null], [1, "B − A", true]);
  draw({ difference: 1 }, lanes, { isMatched: false, between: null });
  assert.equal(stage.lanes[0].frame, null);
  draw();
  assert.ok(!find("#stage").classList.contains("has-lanes"));
});

test("a step that did not come is a state with a button; one that is on its way is waited for", () => {
  const { stage, numRetries } = setting();
  const { classList } = find("#stage");
  stage.wait("Step 3", true, false, null);
  assert.deepEqual([classList.contains("is-waiting"), find(".mri-failed").hidden], [true, true]);
  stage.wait("Step 3", true, false, new Error("The server does not answer."));
  assert.deepEqual([classList.contains("is-waiting"), classList.contains("is-failed"), texts(".mri-failed h2")], [false, true, ["Step 3 did not come"]]);
  fire(find(".mri-failed button"), "click");
  assert.equal(numRetries(), 1);
  stage.wait("Step 3", false, true, null);
  assert.ok(find(".mri-failed").hidden && !classList.contains("is-failed"));
});

test("another size is another picture, until it is closed", () => {
  const { page, stage, draw, numRedraws } = setting();
  draw();
  const before = stage.flat.canvas.width;
  placed(find(".mri-view"), 0, 0, 400, 300);
  draw();
  assert.equal(stage.flat.canvas.width, before, "not measured in every frame");
  page.resized();
  draw();
  assert.deepEqual([numRedraws(), stage.flat.canvas.width], [1, 400]);
  stage.close();
  page.resized();
  assert.equal(numRedraws(), 1);
});
