import assert from "node:assert/strict";
import { test } from "node:test";

import { PACES, Player } from "../../assets/js/desk/player.mjs";

/** A clock that stands until `run(ms)`, which draws a picture every 10 ms. */
class FakeClock {
  constructor() {
    this.ms = 1000;
    this.callback = null;
    this.pictures = 0;
    this.now = () => this.ms;
    this.raf = (callback) => {
      assert.equal(this.callback, null, "two loops at once");
      this.callback = callback;
    };
  }

  run(ms, tickMs = 10) {
    for (const end = this.ms + ms; this.ms < end;) {
      this.ms += tickMs;
      const callback = this.callback;
      this.callback = null;
      if (callback) this.pictures++;
      callback?.();
    }
  }
}

function setUp(options = {}) {
  const clock = new FakeClock();
  const player = new Player({ numSteps: 20, now: clock.now, raf: clock.raf, ...options });
  const seen = [];
  player.subscribe(({ step, mode }) => seen.push(`${mode} ${step}`));
  return { clock, player, seen };
}

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
