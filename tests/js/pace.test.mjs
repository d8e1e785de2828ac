import assert from "node:assert/strict";
import { test } from "node:test";

import { Player } from "../../assets/js/desk/player.mjs";
import { Pace, paceChoice, rememberedPace } from "../../assets/js/shell/pace.mjs";
import { fire, freshPage } from "./page.mjs";

const player = (numSteps) => new Player({ numSteps, now: () => 0, raf: () => {} });

function choose(select, value) {
  select.value = value;
  fire(select, "change");
}

test("a pace is remembered; one that there is not is forgotten", () => {
  freshPage();
  assert.equal(rememberedPace(), 3);
  const chosen = [];
  choose(paceChoice((pace) => chosen.push(pace)).querySelector("select"), "Infinity");
  assert.deepEqual([chosen, rememberedPace()], [[Infinity], Infinity]);
  localStorage.setItem("mri-pace", "7");
  assert.equal(rememberedPace(), 3);
});

test("the choice is the player's pace, whoever changes it", () => {
  freshPage();
  let numChanges = 0;
  const [pace, of] = [new Pace(() => numChanges++), player(3)];
  pace.follow(of);
  choose(pace.select, "10");
  assert.deepEqual([of.pace, numChanges], [10, 1]);
  of.setPace(1);
  pace.draw(false);
  assert.equal(pace.select.value, "1");
});

test("how far the picture is behind, and again from the start once it is over and all was seen", () => {
  freshPage();
  const [pace, of] = [new Pace(() => {}), player(5)];
  pace.follow(of);
  of.setPace(3);
  pace.draw(true);
  assert.equal(pace.numBehind, 4);
  assert.match(pace.behind.textContent, /4/);
  assert.ok(pace.again.hidden, "the last step was not shown yet");
  of.seek(4);
  pace.draw(false);
  assert.ok(pace.again.hidden, "the model goes on");
  pace.draw(true);
  assert.ok(!pace.again.hidden);
  fire(pace.again, "click");
  assert.deepEqual([of.step, of.mode], [0, "playing"]);
});

test("with no recording there is nothing behind and nothing to see again", () => {
  freshPage();
  const pace = new Pace(() => {});
  pace.follow(null);
  pace.draw(true);
  assert.deepEqual([pace.numBehind, pace.again.hidden, pace.select.value], [0, true, "3"]);
});
