import { find, fire, freshPage, inkOnCanvases, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { viewFromUrl } from "../../assets/js/core/address.mjs";
import { Desk } from "../../assets/js/desk/desk.mjs";
import { Player } from "../../assets/js/desk/player.mjs";
import { PairPanels } from "../../assets/js/panels/pair.mjs";
import { SCALES, lane, layout, series, stepOf, tokens } from "./recording.mjs";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

/** The prompts are the same, the seventh token is not: B has one step more there. */
const ALIGNMENT = {
  strategy: "mapping",
  positions: [0, 1, 2, 3, 4, 5, 7].map((at) => [at, at]),
  divergence: 6,
  steps: [
    [0, 0],
    [1, 1],
    [-1, 2],
  ],
  matched: [true, true, false],
  whole: [true, true, false],
  keys: [],
  notes: ["Other weights."],
};
const POINT = "block.1.resid_post";

function setting() {
  const hosts = [
    "compare-words",
    "compare-map-says",
    "compare-transport",
    "mri-timeline",
    "mri-layers",
    "compare-list",
    "compare-parting",
    "compare-says",
    "compare-notes",
    "compare-headline",
  ];
  const page = freshPage(`<div class="compare-panels"></div>${hosts.map((id) => `<div id="${id}"></div>`).join("")}`);
  inkOnCanvases();
  const run = (session) => ({ session, layout, tokens: tokens(), stepOf, numPrompt: 5, numSteps: 3, limit: 10 });
  const player = new Player({ numSteps: 3, now: () => 0, raf: () => {} });
  const desk = new Desk({ view: { ...viewFromUrl(""), point: POINT, neuron: 1 }, isHere: () => false });
  const selected = [];
  const panels = new PairPanels({
    runs: [run("A"), run("B")],
    alignment: ALIGNMENT,
    scales: SCALES,
    player,
    desk,
    wanted: () => ({ pair: {}, view: {}, map: {} }),
    onSelect: (fields) => selected.push(fields),
    needsRedraw: () => {},
  });
  return { page, panels, player, selected };
}
const words = (side) => [...document.querySelectorAll(`.compare-columns [data-side=${side}]`)];
const at = (side, name) => words(side).flatMap((each, i) => (each.closest(`.${name}`) ? [i] : []));

test("what the alignment says: a sentence, what cannot be compared, the columns of words", () => {
  setting();
  assert.match(find("#compare-says").textContent, /first 6 tokens/);
  assert.deepEqual(texts("#compare-notes li"), ["Other weights."]);
  for (const side of ["a", "b"]) assert.deepEqual([at(side, "is-apart"), at(side, "is-parting")], [[6], [6]]);
});

test("a token leads to the moment of its side's step", () => {
  const { player } = setting();
  fire(words("b")[6], "click");
  assert.equal(player.step, 2);
  fire(words("a")[5], "click");
  assert.equal(player.step, 1);
});

test("a moment that one side does not have marks the other one's word", () => {
  const { panels, player } = setting();
  player.seek(2);
  panels.draw([lane({ step: -1, frame: null }), lane({ step: 2 })], false);
  assert.deepEqual([at("a", "is-current"), at("b", "is-current"), at("b", "is-now")], [[], [6], [6]]);
  assert.deepEqual([at("a", "is-next"), at("b", "is-next")], [[], [7]]);
  assert.match(find("#compare-list").textContent, /tokens are matched/);
  assert.equal(find(".mri-step-note").textContent, "apart");
});

test("the lines of both are drawn over the moments when both are here", () => {
  const { panels } = setting();
  panels.draw([lane(), lane()], false);
  assert.deepEqual(texts(".mri-lane-labels b"), ["…", "…", "…"]);
  for (const run of panels.runs) run.series = series();
  panels.draw([lane(), lane()], false);
  assert.deepEqual(texts(".mri-lane-labels b")[0], "1.00 · 1.00 bits");
  fire(find(".mri-lanes"), "pointermove", { clientX: 0 });
  assert.deepEqual(texts(".mri-timeline-tip > div").slice(0, 3), ["moment 0 · matched", "A surprise 1 bits = 0.693 nats", "B surprise 1 bits = 0.693 nats"]);
});

test("where both are there: numbers side by side, and the neurons that differ; a click picks one", () => {
  const { panels, player, selected } = setting();
  const b = lane();
  const values = b.frame.arrays["topk/8/values"].data;
  values.set(values.map((value) => value + 1));
  player.seek(1);
  panels.draw([lane(), b], false);
  assert.match(texts("#mri-layers dd")[0], / · /);
  assert.equal(find(".mri-mark-other").hidden, false, "the legend has B's mark");
  assert.ok(document.querySelectorAll("#compare-list tbody tr").length > 0);
  fire(find("#compare-list tbody button"), "click");
  assert.equal(typeof selected[0].neuron, "number");
});

test("aligned otherwise, the same panels say so; closed, nothing watches", () => {
  const { page, panels, player } = setting();
  panels.align({
    ...ALIGNMENT,
    divergence: 8,
    positions: [...Array(8).keys()].map((i) => [i, i]),
    steps: [
      [0, 0],
      [1, 1],
      [2, 2],
    ],
    matched: [true, true, true],
    notes: [],
  });
  assert.match(find("#compare-says").textContent, /same 8 tokens/);
  assert.deepEqual([at("a", "is-apart"), texts("#compare-notes li")], [[], []]);
  fire(words("a")[6], "click");
  assert.equal(player.step, 2);
  panels.close();
  assert.equal(page.numWatchers(), 0);
});
