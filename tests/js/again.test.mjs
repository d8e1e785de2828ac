import assert from "node:assert/strict";
import { test } from "node:test";

import { Again, untilAnswered } from "../../assets/js/run/again.mjs";
import { SourceError } from "../../assets/js/run/http.mjs";
import { FakeSource, FakeTime, settled } from "./fake_source.mjs";

function againOf() {
  const time = new FakeTime();
  const news = new EventTarget();
  return { time, news, again: new Again({ ...time, news }) };
}

test("the waits grow from one second to thirty, and start anew when something was answered", () => {
  const { time, again } = againOf();
  const waited = () => {
    const begunMs = time.nowMs;
    let ms = 0;
    again.wait(() => (ms = time.nowMs - begunMs));
    while (!ms) time.pass(1000);
    return ms;
  };
  assert.deepEqual(Array.from({ length: 8 }, waited), [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  again.answered();
  assert.equal(waited(), 1000);
});

test("online and the focus end a wait; closed, nothing does", () => {
  const { time, news, again } = againOf();
  let asked = 0;
  for (const name of ["online", "focus"]) {
    again.wait(() => asked++);
    news.dispatchEvent(new Event(name));
  }
  assert.equal(asked, 2);
  assert.equal(time.numTimers, 0);
  news.dispatchEvent(new Event("online"));
  assert.equal(asked, 2, "nobody waits");
  again.wait(() => asked++);
  again.close();
  news.dispatchEvent(new Event("focus"));
  time.pass(60_000);
  assert.equal(asked, 2);
});

test("what fails is asked for until it is answered", async () => {
  const { time, again } = againOf();
  const source = new FakeSource();
  source.fail(3);
  const told = [];
  const answer = untilAnswered(
    () => source.fetchMeta("x"),
    new AbortController().signal,
    (error) => told.push(error.message),
    again,
  );
  for (const ms of [1000, 2000, 4000]) {
    await settled();
    time.pass(ms);
  }
  assert.deepEqual(await answer, { version: "v1" });
  assert.equal(source.requests.length, 4);
  assert.equal(told.length, 3);
});

test("what will not be otherwise the next time, and a fault of our own, are not asked for again", async () => {
  for (const fault of [new SourceError("There is no session “x”.", 404), new TypeError("undefined is not a function")]) {
    const source = new FakeSource();
    source.fault = fault;
    source.fail(Infinity);
    await assert.rejects(
      untilAnswered(() => source.fetchMeta("x"), new AbortController().signal, assert.fail, againOf().again),
      fault,
    );
    assert.equal(source.requests.length, 1);
  }
});

test("aborted while it waits, or while it is answered, it gives nothing", async () => {
  const { time, again } = againOf();
  const source = new FakeSource();
  source.fail(1);
  const waiting = new AbortController();
  const first = untilAnswered(
    () => source.fetchMeta("x"),
    waiting.signal,
    () => {},
    again,
  );
  await settled();
  waiting.abort();
  await assert.rejects(first, { name: "AbortError" });
  assert.equal(source.requests.length, 1);
  assert.equal(time.numTimers, 0);
  source.isLate = true;
  const late = new AbortController();
  const second = untilAnswered(() => source.fetchMeta("x"), late.signal, assert.fail, againOf().again); // this one hears no signal
  late.abort();
  source.answer();
  await assert.rejects(second, { name: "AbortError" });
});
