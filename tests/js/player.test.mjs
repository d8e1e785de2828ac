import assert from "node:assert/strict";
import { test } from "node:test";

import { setUp } from "./fake_clock.mjs";

test("it stands at step 0, and a standing clock asks for no pictures", () => {
  const { clock, player } = setUp();
  assert.deepEqual([player.step, player.mode, player.speed, player.loop, player.waiting], [0, "paused", 1, null, false]);
  clock.run(1000);
  assert.equal(clock.pictures, 0);
});

test("seek is clamped and told once; seeking where it stands is not told", () => {
  const { player, seen } = setUp();
  player.seek(7);
  player.seek(7);
  player.seek(99);
  player.seek(-3);
  assert.deepEqual(seen, ["paused 7", "paused 19", "paused 0"]);
  assert.equal(player.direction, -1);
});

test("playing shows four steps a second at speed 1, each of them", () => {
  const { clock, player, seen } = setUp();
  player.play();
  clock.run(1000);
  assert.deepEqual(seen, ["playing 0", "playing 1", "playing 2", "playing 3", "playing 4"]);
});

test("speed scales the clock and stays within ¼ and 8", () => {
  const { clock, player } = setUp({ numSteps: 1000 });
  player.setSpeed(8);
  player.play();
  clock.run(1000);
  assert.equal(player.step, 32);
  player.setSpeed(0.25);
  player.seek(0);
  clock.run(4000);
  assert.equal(player.step, 4);
  player.setSpeed(100);
  assert.equal(player.speed, 8);
  player.setSpeed(0);
  assert.equal(player.speed, 0.25);
});

test("it ends paused at the last step and asks for no more pictures; play starts over", () => {
  const { clock, player, seen } = setUp({ numSteps: 3 });
  player.play();
  clock.run(2000);
  assert.deepEqual(seen, ["playing 0", "playing 1", "paused 2"]);
  assert.equal(clock.callback, null);
  player.toggle();
  assert.deepEqual([player.mode, player.step], ["playing", 0]);
});

test("a session of one step or none cannot run away", () => {
  for (const numSteps of [0, 1]) {
    const { clock, player } = setUp({ numSteps, ready: (step) => step < numSteps });
    player.play();
    clock.run(1000);
    assert.equal(player.step, 0);
    player.seek(5);
    assert.equal(player.step, 0);
  }
});

test("in a loop it wraps, with both ends shown, and starts inside", () => {
  const { clock, player, seen } = setUp();
  player.setLoop([6, 4]);
  assert.deepEqual(player.loop, [4, 6]);
  player.play();
  clock.run(1250);
  assert.deepEqual(seen.slice(1), ["playing 4", "playing 5", "playing 6", "playing 4", "playing 5", "playing 6"]);
  player.seek(12);
  clock.run(250);
  assert.equal(player.step, 4);
  player.setLoop(null);
  clock.run(1000);
  assert.equal(player.step, 8);
});

test("a loop is set end by end, and its ends may cross", () => {
  const { player } = setUp();
  player.loopFrom(5);
  assert.deepEqual(player.loop, [5, 19]);
  player.loopTo(8);
  assert.deepEqual(player.loop, [5, 8]);
  player.loopFrom(12);
  assert.deepEqual(player.loop, [12, 12]);
  player.loopTo(3);
  assert.deepEqual(player.loop, [3, 3]);
  player.setLoop(null);
  player.loopTo(7);
  assert.deepEqual(player.loop, [0, 7]);
});

test("a loop to the last step goes on, a loop of one step stays", () => {
  const { clock, player } = setUp();
  player.setLoop([18, 99]);
  player.play();
  clock.run(5000);
  assert.equal(player.mode, "playing");
  player.setLoop([3, 3]);
  clock.run(1000);
  assert.deepEqual([player.mode, player.step, player.waiting], ["playing", 3, false]);
});

test("it waits for a missing frame, says so, and skips none afterwards", () => {
  let loaded = 3;
  const { clock, player } = setUp({ ready: (step) => step < loaded });
  const shown = [];
  player.subscribe(({ step }) => shown.push(step));
  player.play();
  clock.run(3000);
  assert.deepEqual([player.step, player.mode, player.waiting, player.wanted], [2, "playing", true, 3]);
  loaded = 20;
  clock.run(10);
  assert.deepEqual([player.step, player.waiting], [3, false]);
  clock.run(500);
  assert.equal(player.step, 5); // the second spent waiting is not caught up
  assert.deepEqual([...new Set(shown)], [0, 1, 2, 3, 4, 5]);
});

test("played from a step that is not there, it waits for that one and shows it for its whole time", () => {
  let loaded = false;
  const { clock, player } = setUp({ ready: () => loaded });
  player.seek(10);
  player.play();
  clock.run(2000);
  assert.deepEqual([player.step, player.waiting, player.wanted], [10, true, 10]);
  loaded = true;
  clock.run(240);
  assert.deepEqual([player.step, player.waiting], [10, false]);
  clock.run(10);
  assert.equal(player.step, 11);
});

test("pausing while it waits ends the wait", () => {
  const { clock, player } = setUp({ ready: () => false });
  player.play();
  clock.run(500);
  player.pause();
  assert.deepEqual([player.mode, player.waiting], ["paused", false]);
  clock.run(100);
  assert.equal(clock.callback, null);
});

test("slow pictures lose no time, a hidden tab does not leap", () => {
  const { clock, player } = setUp({ numSteps: 1000 });
  player.setSpeed(8);
  player.play();
  clock.run(1000, 100); // ten pictures a second
  assert.equal(player.step, 32);
  clock.run(60_000, 60_000);
  assert.equal(player.step, 40); // a quarter of a second
});

test("stepBy pauses and moves, seek plays on", () => {
  const { clock, player } = setUp();
  player.play();
  player.seek(5);
  assert.equal(player.mode, "playing");
  clock.run(240);
  assert.equal(player.step, 5); // a full step's time from the seek
  player.stepBy(10);
  assert.deepEqual([player.mode, player.step, player.direction], ["paused", 15, 1]);
  player.stepBy(-1);
  assert.deepEqual([player.step, player.direction], [14, -1]);
});

test("unsubscribing stops the calls, also from inside one", () => {
  const { player } = setUp();
  let calls = 0;
  const unsubscribe = player.subscribe(() => {
    calls++;
    unsubscribe();
  });
  player.seek(1);
  player.seek(2);
  assert.equal(calls, 1);
});
