import { find, fire, freshPage, inkOnCanvases, placed, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Player } from "../../assets/js/desk/player.mjs";
import { Timeline } from "../../assets/js/panels/timeline.mjs";
import { layout, series, tokens } from "./recording.mjs";

const POINT = layout.points[1].key;

/** 200 px wide, from 100 px on: step 1 of 0 … 2 stands in the middle. */
function setting() {
  const page = freshPage("<div id='t'></div>");
  const ink = inkOnCanvases();
  const player = new Player({ numSteps: 3, now: () => 0, raf: () => {} });
  const line = new Timeline(find("#t"), { player, layout, tokens: tokens() });
  placed(find(".mri-lanes"), 100, 300, 200, 66).setPointerCapture = () => {};
  page.resized();
  line.setSeries(series());
  const draw = () => line.draw(player.step, POINT);
  draw();
  player.subscribe(draw);
  const point = (name, clientX) => fire(find(".mri-lanes"), `pointer${name}`, { clientX, button: 0, pointerType: "mouse" });
  return { page, ink, player, line, point };
}
const values = () => texts(".mri-lane-labels b");

test("a click goes to the step nearest to it", () => {
  const { player, point } = setting();
  for (const x of [290, 205, 90]) {
    point("down", x);
    point("up", x + 3);
    assert.equal(player.step, { 290: 2, 205: 1, 90: 0 }[x]);
  }
  assert.equal(player.loop, null);
});

test("a drag makes a loop and plays it; a second button and a lost pointer make none", () => {
  const { player, point } = setting();
  point("down", 205);
  point("move", 240);
  assert.ok(!find(".mri-timeline-loop").hidden);
  point("cancel", 0);
  assert.deepEqual([player.loop, find(".mri-timeline-loop").hidden], [null, true]);
  fire(find(".mri-lanes"), "pointerdown", { clientX: 205, button: 2 });
  point("up", 300);
  assert.equal(player.loop, null);
  point("down", 205);
  point("move", 260);
  point("up", 300);
  assert.deepEqual([player.loop, player.step, player.mode], [[1, 2], 1, "playing"]);
  assert.deepEqual([find(".mri-timeline-loop").style.left, find(".mri-timeline-loop").style.width], ["100px", "100px"]);
});

test("the cursor and each line's number follow the step; what was not captured is a dash", () => {
  const { player } = setting();
  player.seek(1);
  assert.equal(find(".mri-timeline-cursor").style.transform, "translateX(100px)");
  assert.deepEqual(values(), ["2.00 bits", "—", "2.00"]);
  player.seek(2);
  assert.deepEqual(values(), ["4.00 bits", "1.00 bits", "3.00"]);
});

test("under the pointer: the step, what it read, and every number with its unit", () => {
  const { point } = setting();
  point("move", 200);
  const words = texts(".mri-timeline-tip > div");
  assert.equal(words[0], "step 1 · forced");
  assert.match(words[1], /read “␣e”, then came “f”/);
  assert.match(words[2], /surprise 2(\.0+)? bits = 1\.39 nats/);
  assert.match(words[3], /not captured/);
  point("leave", 0);
  assert.ok(find(".mri-timeline-tip").hidden);
});

test("lines are painted once a point and theme, with a gap where there is no number; closing stops watching", () => {
  const { ink, player, line, page } = setting();
  assert.ok(ink.filter(([what]) => what === "stroke").length >= 4, "entropy is two pieces");
  ink.length = 0;
  player.seek(2);
  assert.equal(ink.length, 0, "only the cursor moves");
  line.draw(2, layout.points[2].key);
  assert.ok(ink.length);
  line.close();
  assert.equal(page.numWatchers(), 0);
});

test("before the lines are there, the places of them; of a training script no predictions", () => {
  freshPage("<div id='t'></div>");
  inkOnCanvases();
  const of = tokens();
  of.steps.phase = ["train", "train", "train"];
  const line = new Timeline(find("#t"), { player: new Player({ numSteps: 3, raf: () => {} }), layout, tokens: of });
  line.draw(0, POINT);
  assert.deepEqual([texts(".mri-lane-labels span"), values()], [["l2"], ["…"]]);
});
