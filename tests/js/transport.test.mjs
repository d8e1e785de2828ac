import { find, fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Player } from "../../assets/js/desk/player.mjs";
import { Transport } from "../../assets/js/panels/transport.mjs";

const STEPS = { phase: ["prefill", ...Array(8).fill("decode")], forced: Array.from({ length: 9 }, (_, i) => i === 4) };

function setting({ steps = STEPS } = {}) {
  freshPage("<div id='t'></div>");
  const player = new Player({ numSteps: steps.phase.length, now: () => 0, raf: () => {} });
  const transport = new Transport(find("#t"), { player, steps });
  transport.draw();
  player.subscribe(() => transport.draw());
  return { player, transport };
}

function type(text) {
  find("#t-at").value = text;
  fire(find("#t-at"), "change");
}

test("the buttons and the scrubber are the player's commands", () => {
  const { player } = setting();
  const steps = [".mri-last", ".mri-back", ".mri-first", ".mri-on"].map((button) => (fire(find(button), "click"), player.step));
  assert.deepEqual(steps, [8, 7, 0, 1]);
  find("#mri-scrubber").value = "5";
  fire(find("#mri-scrubber"), "input");
  assert.equal(player.step, 5);
  fire(find(".mri-play"), "click");
  assert.deepEqual([player.mode, find(".mri-play").getAttribute("aria-label")], ["playing", "Pause (space)"]);
  find(".mri-speed").value = "4";
  fire(find(".mri-speed"), "change");
  assert.equal(player.speed, 4);
});

test("a number goes to the nearest step there is, anything else is forgotten", () => {
  const { player } = setting();
  type(" 3 ");
  assert.equal(player.step, 3);
  type("99");
  assert.equal(player.step, 8);
  type("two");
  assert.deepEqual([player.step, find("#t-at").value], [8, "8"]);
});

test("who types a number is not interrupted; arrows in the field step", () => {
  const { player } = setting();
  const field = find("#t-at");
  field.focus();
  field.value = "12";
  player.seek(2);
  assert.equal(field.value, "12");
  assert.ok(fire(field, "keydown", { key: "ArrowUp" }).defaultPrevented);
  assert.deepEqual([player.step, field.value], [3, "3"]);
  assert.ok(!fire(field, "keydown", { key: "7" }).defaultPrevented);
});

test("what it says of the step: phase, forced, loading, the end, the loop", () => {
  const { player, transport } = setting();
  const note = () => find(".mri-step-note").textContent;
  assert.equal(note(), "prefill");
  player.seek(4);
  assert.equal(note(), "forced");
  assert.ok(find(".mri-ending").hidden);
  player.seek(8);
  assert.ok(!find(".mri-ending").hidden);
  player.setLoop([2, 5]);
  assert.deepEqual([find(".mri-ending").hidden, find(".mri-loop-clear").textContent], [true, "loop 2–5 · clear"]);
  fire(find(".mri-loop-clear"), "click");
  assert.deepEqual([player.loop, find(".mri-loop-clear").hidden], [null, true]);
  Object.assign(player, { waiting: true });
  transport.draw();
  assert.equal(note(), "loading");
});

test("of a recording under way: the button that follows, no ending, and a longer line of phases", () => {
  const steps = { phase: [...STEPS.phase], forced: [...STEPS.forced] };
  const { player, transport } = setting({ steps });
  assert.ok(find(".mri-follow").hidden);
  player.setGrowing(true);
  player.seek(8);
  assert.ok(!find(".mri-follow").hidden && find(".mri-ending").hidden);
  fire(find(".mri-follow"), "click");
  assert.deepEqual([player.mode, find(".mri-follow").getAttribute("aria-pressed")], ["following", "true"]);
  const line = () => find(".mri-phases").getAttribute("aria-label");
  assert.equal(line(), "1 prefill, then 3 decode, then 1 forced, then 4 decode");
  steps.phase.push("decode");
  transport.grow();
  assert.match(line(), /then 5 decode$/);
  assert.deepEqual(texts(".mri-clock label"), ["step"]);
});
