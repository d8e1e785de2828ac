import assert from "node:assert/strict";
import { test } from "node:test";

import { framesFromRecords } from "../../assets/js/core/wire.mjs";
import { recordsOf } from "./bytes.mjs";
import { WINDOW_BYTES, cacheOf, late } from "./cached.mjs";
import { FakeSource, settled } from "./fake_source.mjs";

const framesOf = (start, stop) => framesFromRecords(recordsOf(start, stop));

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
