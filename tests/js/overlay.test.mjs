import { find, fire, freshPage, placed } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Overlay, common, cut } from "../../assets/js/learn/overlay.mjs";
import { CONTENT } from "./a_lesson.mjs";

test("a target's name has a kind and an argument, which may have colons", () => {
  assert.deepEqual(cut("stage"), ["stage", ""]);
  assert.deepEqual(cut("neuron:hidden:2"), ["neuron", "hidden:2"]);
});

test("what two boxes have in common", () => {
  const window = { left: 0, top: 40, right: 390, bottom: 800 };
  assert.deepEqual(common({ left: -10, top: 0, right: 100, bottom: 60 }, window), { left: 0, top: 40, right: 100, bottom: 60 });
  const above = common({ left: 0, top: 0, right: 100, bottom: 30 }, window);
  assert.ok(above.bottom < above.top, "nothing of it is seen");
});

test("a ring around what a page is about, a glow at what a word means, and a sentence; nothing of it when it closes", () => {
  freshPage('<main><p><span data-term="stage">the picture</span></p><div id="mri-stage"></div></main>');
  const { words, targets } = CONTENT;
  const overlay = new Overlay({ host: find("main"), text: find("p"), targets, words, scanner: () => null });
  for (const whole of [document.documentElement, find("main")]) placed(whole, 0, 0, 1280, 800);
  placed(find("#mri-stage"), 100, 50, 300, 200);
  const boxOf = ({ hidden, style }) => !hidden && [style.left, style.top, style.width, style.height];
  overlay.point("stage");
  assert.deepEqual([boxOf(overlay.ring), boxOf(overlay.glow)], [["96px", "46px", "308px", "208px"], false]);
  fire(find("[data-term]"), "pointerover");
  assert.deepEqual([boxOf(overlay.glow), find("[data-term]").className], [["100px", "50px", "300px", "200px"], "is-lit"]);
  fire(find("[data-term]"), "click");
  assert.deepEqual([overlay.says.hidden, overlay.says.textContent], [false, "The picture: shows a step."]);
  assert.deepEqual([overlay.reason("stage"), overlay.reason("other")], ["The picture is locked", "locked"]);
  overlay.point(null);
  assert.equal(boxOf(overlay.ring), false);
  overlay.close();
  assert.equal(document.body.children.length, 1);
});
