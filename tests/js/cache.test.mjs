import assert from "node:assert/strict";
import { test } from "node:test";

import { FrameCache } from "../../assets/js/run/cache.mjs";
import { recordsOf } from "./bytes.mjs";
import { WINDOW_BYTES, cacheOf, late } from "./cached.mjs";
import { FakeSource, FakeTime, settled } from "./fake_source.mjs";

test("one request brings an aligned window, its steps are then in memory", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source);
  assert.equal(cache.get(10), null);
  const frame = await cache.ensure(10, 0);
  assert.equal(frame.header.step, 10);
  assert.deepEqual(source.requests, ["8-16"]);
  for (let step = 8; step < 16; step++) assert.equal(cache.get(step).header.step, step);
  assert.equal(cache.get(7), null);
  assert.equal(cache.get(16), null);
  assert.equal((await cache.ensure(15, 0)).header.step, 15);
  assert.equal(source.requests.length, 1);
});

test("everybody who waits for a window shares its one request", async () => {
  const source = late();
  const cache = cacheOf(source);
  const waiting = Promise.all([cache.ensure(1, 0), cache.ensure(2, 0), cache.ensure(1, 0)]);
  source.answer();
  assert.deepEqual(
    (await waiting).map((frame) => frame.header.step),
    [1, 2, 1],
  );
  assert.deepEqual(source.requests, ["0-8"]);
});

test("past the middle of a window the next one is fetched, in the direction of play", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source);
  await cache.ensure(16, 1);
  assert.deepEqual(source.requests, ["16-24"]);
  await cache.ensure(20, 1);
  await cache.ensure(21, 1);
  assert.deepEqual(source.requests, ["16-24", "24-32"]);
  await settled();
  await cache.ensure(23, 1);
  await cache.ensure(17, -1);
  assert.deepEqual(source.requests, ["16-24", "24-32", "8-16"]);
  await settled();
  assert.equal(cache.get(15).header.step, 15);
});

test("nothing is fetched before the first or after the last step", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source, { numSteps: 12 });
  await cache.ensure(0, -1);
  await cache.ensure(11, 1);
  assert.deepEqual(source.requests, ["0-8", "8-12"]);
  await assert.rejects(cache.ensure(12), /There is no step 12/);
  await assert.rejects(cache.ensure(-1), RangeError);
  await assert.rejects(cache.ensure(NaN), RangeError);
});

test("playing a hundred steps through costs one request per window", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source);
  for (let step = 0; step < 100; step++) {
    await cache.ensure(step, 1);
    await settled();
  }
  assert.equal(source.requests.length, 13);
  assert.equal(new Set(source.requests).size, 13);
});

test("in windows of the usual size, either way, a hundred steps cost two requests at most", async () => {
  for (const direction of [1, -1]) {
    const source = new FakeSource();
    const cache = new FrameCache({ fetchWindow: source.frames, numSteps: 1000 });
    for (let played = 0; played < 1000; played++) {
      await cache.ensure(direction > 0 ? played : 999 - played, direction);
      await settled();
    }
    assert.equal(source.requests.length, 16);
    assert.equal(new Set(source.requests).size, 16);
  }
});

test("before it may fill, a step comes with its neighbours and nothing is fetched ahead", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source, { numSteps: 22, isFilling: false });
  assert.equal((await cache.ensure(14, 1)).header.step, 14);
  assert.deepEqual(
    [12, 13, 14, 15].map((step) => cache.get(step) !== null),
    [false, true, true, true],
  );
  assert.equal((await cache.ensure(0, 1)).header.step, 0);
  assert.equal((await cache.ensure(8, 1)).header.step, 8);
  assert.equal((await cache.ensure(21, 1)).header.step, 21);
  assert.deepEqual(source.requests, ["13-16", "0-2", "8-10", "20-22"]);
});

test("a step of the same window that is asked for meanwhile gets a request of its own", async () => {
  const source = late();
  const cache = cacheOf(source, { isFilling: false });
  const all = [1, 5, 7].map((step) => cache.ensure(step, 1));
  for (let i = 0; i < 3; i++) (source.answer(), await settled());
  assert.deepEqual(
    (await Promise.all(all)).map((frame) => frame.header.step),
    [1, 5, 7],
  );
  assert.deepEqual(source.requests, ["0-3", "4-7", "6-8"]);
});

test("filling on asks for the whole window at the address that every visit uses, once, and counts no byte twice", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source, { numSteps: 22, isFilling: false });
  const first = await cache.ensure(11, 1);
  await Promise.all([cache.fill(11), cache.fill(3)]);
  await settled();
  assert.deepEqual(source.requests, ["10-13", "8-16"]);
  assert.equal(cache.get(11), first);
  assert.equal(cache.numBytes, WINDOW_BYTES);
  await cache.ensure(14, 1);
  await settled();
  assert.deepEqual(source.requests, ["10-13", "8-16", "16-22"]);
});

test("filling on waits for what is under way, and where the clock has gone", async () => {
  const source = late();
  const cache = cacheOf(source, { isFilling: false });
  const first = cache.ensure(2, 1);
  const filled = cache.fill(2);
  await settled();
  assert.deepEqual(source.requests, ["1-4"]);
  source.answer();
  await first;
  await filled;
  assert.deepEqual(source.requests, ["1-4", "0-8"]);
  source.answer();
  await settled();
  const other = cacheOf(new FakeSource(), { isFilling: false });
  other.close();
  await other.fill(3);
});

test("jumping to and fro costs one request for each place, and none where it was before", async () => {
  const source = new FakeSource();
  const cache = new FrameCache({ fetchWindow: source.frames, numSteps: 1000 });
  for (const step of [10, 900, 500, 12, 905, 510]) await cache.ensure(step, 1);
  await settled();
  assert.deepEqual(source.requests, ["0-64", "896-960", "448-512", "512-576"]); // 510 looks ahead
});

test("a jump far costs one request", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source);
  await cache.ensure(0, 1);
  await cache.ensure(80, 1);
  assert.deepEqual(source.requests, ["0-8", "80-88"]);
});

test("bytes are bounded: the least recently used window goes, the current one never", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source, { maxBytes: 3 * WINDOW_BYTES });
  for (const step of [0, 8, 16]) await cache.ensure(step, 0);
  assert.equal(cache.numBytes, 3 * WINDOW_BYTES);
  cache.get(0); // used again: now window 8 is the oldest
  await cache.ensure(24, 0);
  assert.equal(cache.numBytes, 3 * WINDOW_BYTES);
  assert.deepEqual(
    [0, 8, 16, 24].map((step) => cache.get(step) !== null),
    [true, false, true, true],
  );
  await cache.ensure(0, 0);
  for (const step of [16, 24]) cache.get(step); // 0 is the least recently used, but current
  cache.ensure(4, 1); // fetches window 8 ahead
  await settled();
  assert.deepEqual(
    [0, 8, 16, 24].map((step) => cache.get(step) !== null),
    [true, true, false, true],
  );
});

test("a window larger than the bound is kept while it is current, and none is fetched ahead", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source, { maxBytes: WINDOW_BYTES - 1 });
  for (let step = 0; step < 8; step++) await cache.ensure(step, 1);
  assert.deepEqual(source.requests, ["0-8"]);
  await cache.ensure(8, 1);
  assert.equal(cache.get(0), null);
  assert.equal(cache.numBytes, WINDOW_BYTES);
});

test("two windows that cannot both stay are still both delivered", async () => {
  const source = late();
  const cache = cacheOf(source, { maxBytes: 1 });
  const both = Promise.all([cache.ensure(3, 0), cache.ensure(50, 0)]);
  source.answer();
  assert.deepEqual(
    (await both).map((frame) => frame.header.step),
    [3, 50],
  );
  assert.equal(source.requests.length, 2);
  assert.equal(cache.get(3), null);
});

test("steps other than those asked for are refused", async () => {
  const cache = new FrameCache({ fetchWindow: async () => recordsOf(0, 3), numSteps: 64, windowSteps: 8 });
  await assert.rejects(cache.ensure(0), /sent 3 steps instead of steps 0 to 7/);
  const shifted = new FrameCache({ fetchWindow: async () => recordsOf(1, 9), numSteps: 64, windowSteps: 8 });
  await assert.rejects(shifted.ensure(0), /instead of steps 0 to 7/);
});

test("another session: requests under way are aborted, nothing is told or kept", async () => {
  const source = late();
  const [told, time] = [[], new FakeTime()];
  const cache = cacheOf(source, { time, onFailure: () => told.push("failed") });
  const stale = cache.ensure(0);
  cache.close();
  await assert.rejects(stale, { name: "AbortError" });
  await assert.rejects(cache.ensure(0), { name: "AbortError" });
  assert.equal(cache.get(0), null);
  assert.equal(cache.numBytes, 0);
  assert.deepEqual(source.requests, ["0-8"]);
  assert.deepEqual(told, []);
});
