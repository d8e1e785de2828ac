import assert from "node:assert/strict";
import { test } from "node:test";

import { PACES } from "../../assets/js/desk/player.mjs";
import { setUp } from "./fake_clock.mjs";

test("following stays at the newest step, as soon as its frame is there", () => {
  let loaded = 20;
  const { clock, player } = setUp({ ready: (step) => step < loaded });
  player.setGrowing(true);
  player.follow();
  assert.deepEqual([player.mode, player.step, player.waiting], ["following", 19, false]);
  player.setNumSteps(22);
  assert.deepEqual([player.step, player.waiting, player.wanted], [19, true, 21]);
  clock.run(50);
  assert.equal(player.step, 19);
  loaded = 22;
  clock.run(10);
  assert.deepEqual([player.step, player.waiting], [21, false]);
  assert.equal(clock.callback, null);
  player.seek(3);
  assert.equal(player.mode, "paused");
  player.setNumSteps(30);
  assert.equal(player.step, 3);
});

test("a recording that has not begun can be followed", () => {
  const { player } = setUp({ numSteps: 0 });
  player.setGrowing(true);
  player.follow();
  assert.equal(player.waiting, true);
  player.setNumSteps(1);
  assert.deepEqual([player.step, player.waiting], [0, false]);
});

test("toggle pauses what follows; a closed player is silent and still", () => {
  const { clock, player, seen } = setUp();
  player.setGrowing(true);
  player.follow();
  player.toggle();
  assert.equal(player.mode, "paused");
  player.play();
  const count = seen.length;
  player.close();
  clock.run(1000);
  assert.equal(seen.length, count);
  assert.equal(clock.callback, null);
});

test("only a recording under way can be followed; when it ends the clock stands at its last step", () => {
  const { player } = setUp();
  player.follow();
  assert.equal(player.mode, "paused");
  player.setGrowing(true);
  player.follow();
  player.setNumSteps(25);
  player.setGrowing(false);
  assert.deepEqual([player.mode, player.step, player.waiting], ["paused", 24, false]);
  player.seek(3);
  player.setGrowing(true);
  player.setGrowing(false);
  assert.deepEqual([player.mode, player.step], ["paused", 3]);
});

test("playing that reaches the newest step of a recording follows it from there", () => {
  const { clock, player } = setUp();
  player.setGrowing(true);
  player.seek(18);
  player.play();
  clock.run(600);
  assert.deepEqual([player.mode, player.step], ["following", 19]);
  player.pause();
  player.play();
  assert.equal(player.mode, "following");
});

/** A recording of `numSteps` so far, shown at three steps a second. */

function paced(numSteps = 1, pace = 3) {
  const all = setUp({ numSteps });
  all.player.setPace(pace);
  all.player.setGrowing(true);
  all.player.play();
  return all;
}

test("at a pace a recording that is faster is shown no faster, and how far it is behind is known", () => {
  const { clock, player } = paced();
  player.setNumSteps(40);
  clock.run(2010);
  assert.deepEqual([player.step, player.mode, player.behind], [6, "following", 33]);
});

test("at a pace a recording that is slower is shown as it comes, however late", () => {
  const { clock, player } = paced();
  for (let numSteps = 2; numSteps < 6; numSteps++) {
    clock.run(5000);
    player.setNumSteps(numSteps);
    assert.deepEqual([player.step, player.behind], [numSteps - 1, 0]);
  }
  const { pictures } = clock;
  clock.run(5000);
  assert.equal(clock.pictures, pictures, "who waits for the model asks for no pictures");
});

test("time that was spent waiting for the model is not caught up", () => {
  const { clock, player } = paced();
  clock.run(5000);
  player.setNumSteps(20);
  assert.equal(player.step, 1);
  clock.run(1000);
  assert.equal(player.step, 4);
});

test("a recording that is over is shown to its end at the pace, and again from the start", () => {
  const { clock, player, seen } = paced();
  player.setNumSteps(4);
  player.setGrowing(false);
  clock.run(500);
  assert.deepEqual([player.step, player.mode], [1, "following"]);
  clock.run(2000);
  assert.deepEqual([player.step, player.mode, player.behind], [3, "paused", 0]);
  player.again();
  assert.deepEqual([player.step, player.furthest], [0, 0]);
  seen.length = 0;
  clock.run(1010);
  assert.deepEqual(seen, ["playing 1", "playing 2", "paused 3"]);
});

test("at a pace pausing holds the words, playing goes on with the next, and looking back loses none", () => {
  const { clock, player } = paced();
  player.setNumSteps(40);
  clock.run(1010);
  player.toggle();
  clock.run(3000);
  assert.deepEqual([player.step, player.mode], [3, "paused"]);
  player.stepBy(1);
  assert.equal(player.step, 4);
  player.seek(1);
  assert.equal(player.furthest, 4);
  player.toggle();
  clock.run(1010);
  assert.deepEqual([player.step, player.mode], [4, "following"]);
});

test("to follow is to be at the newest step; whoever comes late begins there", () => {
  const { clock, player } = paced(30);
  player.follow();
  assert.deepEqual([player.step, player.mode, player.behind], [29, "following", 0]);
  player.setNumSteps(40);
  clock.run(1010);
  assert.equal(player.step, 32);
});

test("full speed takes up what was held back, also of a recording that is over", () => {
  const { player } = paced();
  player.setNumSteps(40);
  player.setPace(Infinity);
  assert.deepEqual([player.step, player.mode, player.behind], [39, "following", 0]);
  player.setNumSteps(50);
  assert.equal(player.step, 49);
  player.setPace(1);
  player.setNumSteps(60);
  player.setGrowing(false);
  assert.equal(player.step, 49);
  player.setPace(Infinity);
  assert.deepEqual([player.step, player.mode], [59, "paused"]);
});

test("the keys of the speed go through the paces where there are any", () => {
  const { player } = paced();
  const faster = PACES.map(() => (player.scaleSpeed(2), player.pace));
  assert.deepEqual(faster, [10, Infinity, Infinity, Infinity]);
  const slower = PACES.map(() => (player.scaleSpeed(0.5), player.pace));
  assert.deepEqual(slower, [10, 3, 1, 1]);
  player.setPace(null);
  player.scaleSpeed(2);
  assert.equal(player.speed, 2);
});
