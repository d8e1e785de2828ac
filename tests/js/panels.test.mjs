import { find, freshPage, inkOnCanvases, served, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { viewFromUrl } from "../../assets/js/core/address.mjs";
import { validView } from "../../assets/js/core/selection.mjs";
import { Desk } from "../../assets/js/desk/desk.mjs";
import { Player } from "../../assets/js/desk/player.mjs";
import { Panels } from "../../assets/js/panels/panels.mjs";
import { SCALES, lane, layout, series, stepOf, tokens } from "./recording.mjs";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

const IDS = ["ribbon", "transport", "timeline", "says", "next", "layers", "sentence", "facts", "tabs", "watch", "watched"];

function setting({ isGrowing = false } = {}) {
  const page = freshPage(`<aside class="mri-inspector"></aside>${IDS.map((id) => `<div id="mri-${id}"></div>`).join("")}`);
  inkOnCanvases();
  served(() => ({}));
  const meta = { version: "v", session: { model_id: "tiny", end_reason: "length" } };
  const run = { session: "s", limit: 10, layout, meta, tokens: tokens(), stepOf, numPrompt: 5, numSteps: 3, isGrowing, series: series() };
  const player = new Player({ numSteps: 3, now: () => 0, raf: () => {} });
  const asked = viewFromUrl("");
  const view = { ...asked, ...validView(asked, layout, "s", 2), neuron: 0 };
  const desk = new Desk({ view, isHere: () => false });
  const panels = new Panels({
    run,
    scales: SCALES,
    player,
    desk,
    onSelect: () => {},
    onToggle: () => {},
    needFrame: () => {},
    canAsk: async () => true,
    isFollowing: () => false,
  });
  return { page, panels, player, desk, run };
}

test("every panel gets the step that is shown", () => {
  const { panels, player } = setting();
  player.seek(1);
  panels.draw([lane()], false);
  assert.equal(find(".mri-token[aria-current]").textContent, " e");
  assert.equal(find(".mri-clock-at").value, "1");
  assert.ok(texts("#mri-sentence p")[0]);
  assert.equal(find("#mri-layers h3").textContent, "block.1.resid_post");
  assert.match(find("#mri-watch").textContent, /Watch block\.1\.resid_post · 0/);
});

test("a step whose frame is not here moves the clock only", () => {
  const { panels, player } = setting();
  player.seek(1);
  panels.draw([lane()], false);
  const before = find("#mri-sentence").textContent;
  player.seek(2);
  panels.draw([lane({ frame: null })], false);
  assert.deepEqual([find(".mri-clock-at").value, find("#mri-sentence").textContent], ["2", before]);
  assert.equal(find(".mri-token[aria-current]").textContent, " e");
});

test("the line of facts, and what a growing recording adds to it", () => {
  const { panels, player, run } = setting({ isGrowing: true });
  assert.equal(find("#mri-facts").textContent, "tiny · 2 blocks, 2 heads · 3 steps");
  run.tokens.sequence.push(8);
  run.limit = 20;
  panels.draw([lane()], true);
  run.numSteps = 4;
  assert.match(find("#mri-facts").textContent, /3 steps/, "nothing is new until it is said");
  panels.hasGrown = true;
  player.seek(1);
  panels.draw([lane()], true);
  assert.match(find("#mri-facts").textContent, /4 steps/);
  assert.equal(document.querySelectorAll(".mri-token").length, 9);
});

test("the server is asked for what is selected at the step of the clock, and not for what only the browser draws", () => {
  const { panels, player, desk } = setting();
  player.seek(2);
  desk.select({ layer: 1, stat: "mean", camera: "1,2,3" });
  const asked = panels.viewForServer();
  assert.deepEqual([asked.step, asked.layer, asked.stat, asked.theme, asked.session], [2, 1, "mean", "dark", "s"]);
  assert.ok(!("camera" in asked) && !("picture" in asked));
});

test("closed, nothing watches the page any more", () => {
  const { page, panels } = setting();
  assert.ok(page.numWatchers() > 0);
  panels.close();
  assert.equal(page.numWatchers(), 0);
});
