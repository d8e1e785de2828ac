import assert from "node:assert/strict";
import { test } from "node:test";

import { SourceError } from "../../assets/js/run/http.mjs";
import { cacheOf } from "./cached.mjs";
import { FakeSource, FakeTime, settled } from "./fake_source.mjs";

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
