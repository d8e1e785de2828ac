/** Player and cache together, wired as a page wires them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FrameCache } from "../../assets/js/run/cache.mjs";
import { Player } from "../../assets/js/desk/player.mjs";
import { recordsOf } from "./bytes.mjs";

const WINDOW_BYTES = recordsOf(0, 8).byteLength;
const settled = () => new Promise((done) => setImmediate(done));

/** Plays 40 steps in windows of 8 for at most `ticks` pictures, 50 ms apart, at eight times the speed. */
async function played({ maxBytes, loop = null, ticks = 200, fetchWindow = async (start, stop) => recordsOf(start, stop) }) {
  let ms = 0;
  let picture = null;
  let requests = 0;
  const fetchCounted = (...range) => {
    requests++;
    return fetchWindow(...range);
  };
  const cache = new FrameCache({ fetchWindow: fetchCounted, numSteps: 40, windowSteps: 8, maxBytes });
  const player = new Player({ numSteps: 40, ready: (step) => cache.get(step) !== null, now: () => ms, raf: (callback) => (picture = callback) });
  const shown = new Set();
  player.subscribe(({ step, wanted, direction }) => {
    cache.ensure(wanted, direction).catch(() => {});
    if (cache.get(step)) shown.add(step);
  });
  player.setSpeed(8);
  player.setLoop(loop);
  player.play();
  for (let tick = 0; tick < ticks && picture; tick++) {
    await settled();
    ms += 50;
    const callback = picture;
    picture = null;
    callback();
  }
  return { cache, player, requests, shown };
}

test("a session plays through with one request per window", async () => {
  const { player, requests } = await played({ maxBytes: 100 * WINDOW_BYTES });
  assert.deepEqual([player.mode, player.step, requests], ["paused", 39, 5]);
});

test("it plays through even where only one window fits", async () => {
  const { player, requests, cache } = await played({ maxBytes: 1 });
  assert.deepEqual([player.mode, player.step, requests], ["paused", 39, 5]);
  assert.equal(cache.numBytes, WINDOW_BYTES);
});

test("a loop over the edge of two windows needs each of them once", async () => {
  const { player, requests, shown } = await played({ maxBytes: 100 * WINDOW_BYTES, loop: [6, 10], ticks: 100 });
  assert.equal(player.mode, "playing");
  assert.deepEqual(
    [...shown].sort((a, b) => a - b),
    [6, 7, 8, 9, 10],
  );
  assert.equal(requests, 2);
});

test("it waits at a window that cannot be had, and asks for it no more than twice", async () => {
  const broken = async (start, stop) => {
    if (start === 16) throw new Error("broken");
    return recordsOf(start, stop);
  };
  const { cache, player, requests } = await played({ maxBytes: 100 * WINDOW_BYTES, fetchWindow: broken });
  assert.deepEqual([player.mode, player.step, player.wanted, player.waiting], ["playing", 15, 16, true]);
  assert.equal(requests, 4); // two windows, a look ahead that failed, and once more when it was needed
  await assert.rejects(cache.ensure(16), /broken/);
});

test("who plays from a first picture of three steps at 10 steps a second never waits, where an answer takes a tenth of a second", async () => {
  let [ms, picture, waits] = [0, null, 0];
  const late = [];
  const fetchWindow = (start, stop) => new Promise((done) => late.push({ atMs: ms + 100, answer: () => done(recordsOf(start, stop)) }));
  const pass = async (byMs) => {
    ms += byMs;
    for (const each of late.splice(0)) each.atMs <= ms ? each.answer() : late.push(each);
    await settled();
  };
  const cache = new FrameCache({ fetchWindow, numSteps: 40, windowSteps: 8, isFilling: false });
  const player = new Player({ numSteps: 40, ready: (step) => cache.get(step) !== null, now: () => ms, raf: (callback) => (picture = callback) });
  player.seek(12);
  const first = cache.ensure(12, 1);
  await pass(100);
  await first;
  player.subscribe(({ wanted, direction, waiting }) => {
    waits += Number(waiting);
    cache.fill(wanted);
    cache.ensure(wanted, direction);
  });
  player.setSpeed(2.5);
  player.play();
  while (picture && player.mode === "playing") {
    const callback = picture;
    picture = null;
    await pass(25);
    callback();
  }
  assert.deepEqual([player.step, waits], [39, 0]);
});
