import assert from "node:assert/strict";
import { test } from "node:test";

import { framesFromRecords } from "../../assets/js/core/wire.mjs";
import { FrameCache } from "../../assets/js/run/cache.mjs";
import { Again } from "../../assets/js/run/again.mjs";
import { SourceError } from "../../assets/js/run/http.mjs";
import { recordsOf } from "./bytes.mjs";
import { FakeSource, FakeTime, settled } from "./fake_source.mjs";

const WINDOW_BYTES = recordsOf(0, 8).byteLength;
const late = () => Object.assign(new FakeSource(), { isLate: true });

function cacheOf(source, { time = new FakeTime(), ...options } = {}) {
  return new FrameCache({ fetchWindow: source.frames, numSteps: 100, windowSteps: 8, again: new Again({ ...time, news: undefined }), ...options });
}

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

test("a failure is told, and asked for again by itself, each time after a longer wait", async () => {
  const [source, time] = [new FakeSource(), new FakeTime()];
  let drawn = 0;
  const cache = cacheOf(source, { time, onFailure: () => drawn++ });
  source.fail(3);
  const failures = await Promise.allSettled([cache.ensure(1), cache.ensure(2), cache.ensure(1)]);
  assert.deepEqual(
    failures.map((failure) => failure.reason),
    Array(3).fill(source.fault),
  );
  await assert.rejects(cache.ensure(3), /does not answer/);
  assert.deepEqual([source.requests.length, drawn], [1, 1], "nothing is asked before it is time");
  assert.equal(cache.failureOf(5), source.fault);
  assert.equal(cache.failureOf(8), null);
  for (const ms of [1000, 2000]) {
    time.pass(ms);
    await assert.rejects(cache.ensure(3), /does not answer/);
    assert.equal(cache.failureOf(3), source.fault, "until it is answered, what failed last is said");
  }
  assert.deepEqual([source.requests.length, drawn], [3, 5]);
  time.pass(4000);
  assert.equal((await cache.ensure(3)).header.step, 3);
  assert.equal(cache.failureOf(3), null);
  assert.equal(time.numTimers, 0);
});

test("a failure is asked for again at once by a person, and where the clock comes anew", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source);
  source.fail();
  await assert.rejects(cache.ensure(20));
  await cache.ensure(3, 0);
  assert.equal((await cache.ensure(20, 0)).header.step, 20, "somewhere else and back");
  source.fail();
  await assert.rejects(cache.ensure(40, 0));
  cache.retry();
  assert.equal((await cache.ensure(40, 0)).header.step, 40);
});

test("what the server refuses for good is asked for again by a person only", async () => {
  const [source, time] = [new FakeSource(), new FakeTime()];
  const cache = cacheOf(source, { time });
  source.fault = new SourceError("There is no session “x”: choose another one from the list.", 404);
  source.fail(Infinity);
  await assert.rejects(cache.ensure(1, 0), source.fault);
  assert.equal(time.numTimers, 0);
  cache.retry();
  await assert.rejects(cache.ensure(1, 0), source.fault);
  assert.equal(source.requests.length, 2);
});

test("an answer that is too thin is a failure like any other", async () => {
  const [source, time] = [new FakeSource(), new FakeTime()];
  const cache = cacheOf(source, { time });
  source.isThin = true;
  await assert.rejects(cache.ensure(1, 0), /sent 7 steps instead of steps 0 to 7/);
  source.isThin = false;
  time.pass(1000);
  assert.equal((await cache.ensure(1, 0)).header.step, 1);
});

test("a look ahead that fails shows nothing where the clock is, and is tried again when the step is needed", async () => {
  const [source, time] = [new FakeSource(), new FakeTime()];
  const cache = cacheOf(source, { time });
  await cache.ensure(0, 1);
  source.fail();
  for (const step of [5, 6, 7]) await cache.ensure(step, 1);
  await settled();
  assert.deepEqual(source.requests, ["0-8", "8-16"]);
  assert.equal(cache.failureOf(7), null);
  assert.equal((await cache.ensure(8, 1)).header.step, 8);
  assert.equal(cache.failureOf(8), null);
});

test("steps other than those asked for are refused", async () => {
  const cache = new FrameCache({ fetchWindow: async () => recordsOf(0, 3), numSteps: 64, windowSteps: 8 });
  await assert.rejects(cache.ensure(0), /sent 3 steps instead of steps 0 to 7/);
  const shifted = new FrameCache({ fetchWindow: async () => recordsOf(1, 9), numSteps: 64, windowSteps: 8 });
  await assert.rejects(shifted.ensure(0), /instead of steps 0 to 7/);
});

test("while a recording grows the partial last window is completed", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source, { numSteps: 3 });
  await cache.ensure(2, 1);
  cache.numSteps = 6;
  assert.equal(cache.get(5), null);
  assert.equal((await cache.ensure(5, 0)).header.step, 5);
  assert.equal(cache.get(0).header.step, 0);
  cache.numSteps = 20;
  assert.equal((await cache.ensure(7, 0)).header.step, 7);
  assert.deepEqual(source.requests, ["0-3", "3-6", "6-8"]);
  assert.equal(cache.numBytes, recordsOf(0, 3).byteLength + recordsOf(3, 6).byteLength + recordsOf(6, 8).byteLength);
});

test("a step that was recorded while its window was under way is asked for once more", async () => {
  const source = late();
  const cache = cacheOf(source, { numSteps: 3 });
  const old = cache.ensure(2, 0);
  cache.numSteps = 5;
  const recent = cache.ensure(4, 0);
  source.answer();
  await old;
  await settled();
  source.answer();
  assert.equal((await recent).header.step, 4);
  assert.deepEqual(source.requests, ["0-3", "3-5"]);
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

const framesOf = (start, stop) => framesFromRecords(recordsOf(start, stop));

test("what is pushed is there, asks for nothing, and the recording grows to it", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source, { numSteps: 0 });
  for (const frame of framesOf(0, 20)) cache.push(frame);
  assert.equal(cache.numSteps, 20);
  for (let step = 0; step < 20; step++) assert.equal((await cache.ensure(step, 1)).header.step, step);
  assert.deepEqual(source.requests, []);
  assert.equal(cache.numBytes, recordsOf(0, 20).byteLength);
});

test("who comes late fetches what lies before, and no step twice", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source, { numSteps: 13 });
  for (const frame of framesOf(13, 15)) cache.push(frame);
  assert.equal(cache.get(12), null);
  assert.equal((await cache.ensure(12, 0)).header.step, 12);
  assert.deepEqual(source.requests, ["8-13"]);
  assert.equal(cache.get(14).header.step, 14);
});

test("a step pushed while its window is under way is kept", async () => {
  const source = late();
  const cache = cacheOf(source, { numSteps: 3 });
  const waiting = cache.ensure(0, 0);
  const [pushed] = framesOf(3, 4);
  cache.push(pushed);
  source.answer();
  await waiting;
  assert.equal(cache.get(3), pushed);
  assert.equal(cache.get(2).header.step, 2);
});

test("a step that is forgotten is asked for again, alone", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source, { numSteps: 0 });
  for (const frame of framesOf(0, 8)) cache.push(frame);
  const thin = cache.get(4);
  cache.forget(4);
  assert.equal(cache.get(4), null);
  assert.notEqual(await cache.ensure(4, 0), thin);
  assert.deepEqual(source.requests, ["4-5"]);
  cache.forget(999);
});

test("B8: a step that is forgotten gives its bytes back", async () => {
  const source = new FakeSource();
  const cache = cacheOf(source);
  await cache.ensure(4, 0);
  for (let i = 0; i < 50; i++) {
    cache.forget(4);
    await cache.ensure(4, 0);
  }
  assert.equal(cache.numBytes, WINDOW_BYTES);
});

test("a step that is pushed anew counts once", () => {
  const cache = cacheOf(new FakeSource(), { numSteps: 0 });
  const [frame] = framesOf(0, 1);
  cache.push(frame);
  const { numBytes } = cache;
  cache.push(framesOf(0, 1)[0]);
  assert.equal(cache.numBytes, numBytes);
});
