import assert from "node:assert/strict";
import { test } from "node:test";

import { Feed } from "../../assets/js/run/feed.mjs";
import { recordsOf } from "./bytes.mjs";
import { FakeSource, FakeTime, metaOf, settled, withoutPage } from "./fake_source.mjs";

withoutPage();

/** A recording that is followed from step `from` on, and its server's end of the stream. */
function fed(server, from = 0) {
  const socket = { close: () => {} };
  const time = new FakeTime();
  const told = { run: null, numRuns: 0, messages: [], end: null, gaveUp: [] };
  const feed = new Feed(
    { session: "x", num_steps: from, limit: 0 },
    {
      onRun: (run) => Object.assign(told, { run, numRuns: told.numRuns + 1 }),
      onMessage: (message) => told.messages.push(message.type),
      onFrames: () => {},
      onLink: () => {},
      onEnd: (reason) => (told.end = reason),
      onGiveUp: (error) => told.gaveUp.push(error.message),
      server,
      connect: () => socket,
      setTimer: time.setTimer,
    },
  );
  const say = (message) => socket.onmessage({ data: JSON.stringify(message) });
  return {
    feed,
    told,
    time,
    say,
    hello: () => say({ type: "hello", ...metaOf(0), state: "running", from }),
    steps: (start, stop) => socket.onmessage({ data: recordsOf(start, stop) }),
    end: (numSteps) => say({ type: "end", num_steps: numSteps, end_reason: "died" }),
    here: () => Array.from({ length: told.run.numSteps }, (_, step) => step).filter((step) => told.run.frame(step)),
  };
}

/** The window gets the focus: who waits asks again, and is answered. */
async function focus() {
  window.dispatchEvent(new Event("focus"));
  for (let i = 0; i < 4; i++) await settled();
}

const upTo = (numSteps) => [...Array(numSteps).keys()];

test("B4: a recording whose last steps did not come at first still ends", async () => {
  const server = new FakeSource();
  const { hello, steps, end, told, here } = fed(server);
  hello();
  await settled();
  steps(0, 10);
  server.fail(2);
  end(12);
  await settled();
  assert.equal(told.end, null);
  assert.equal(told.run.isGrowing, true);
  for (let i = 0; i < 2; i++) await focus();
  assert.deepEqual(here(), upTo(12));
  assert.equal(told.end, "died");
  assert.deepEqual([told.run.isGrowing, told.run.isRunning], [false, false]);
});

test("B4: a recording whose tokens did not come at first still begins", async () => {
  const server = new FakeSource();
  const { hello, steps, told, feed, here } = fed(server);
  server.fail();
  hello();
  await settled();
  steps(0, 3);
  assert.equal(told.run, null);
  await focus();
  assert.equal(told.numRuns, 1);
  assert.deepEqual(here(), [0, 1, 2]);
  feed.close();
});

test("B5: texts of tokens that are told while the tokens are under way are kept", async () => {
  const server = new FakeSource();
  server.isLate = true;
  const { hello, steps, say, told, feed, here } = fed(server);
  hello();
  say({ type: "text", text: { 5: "five" } });
  steps(0, 2);
  server.answer();
  await settled();
  say({ type: "text", text: { 6: "six" } });
  assert.deepEqual(here(), [0, 1]);
  assert.deepEqual(told.run.tokens.text, { 0: "a", 5: "five", 6: "six" });
  feed.close();
});

test("with the steps that the stream left out come the texts of their tokens", async () => {
  const server = new FakeSource();
  const { hello, steps, told, feed, here } = fed(server);
  hello();
  await settled();
  steps(0, 2);
  server.text = { 7: "seven" };
  steps(4, 5);
  await settled();
  await settled();
  assert.deepEqual(here(), upTo(5));
  assert.deepEqual(told.run.tokens.steps.pos0, upTo(5), "no gap, no step twice");
  assert.equal(told.run.tokens.text[7], "seven");
  feed.close();
});

test("an answer without the steps that were asked for is waited for, not asked for in a hurry", async () => {
  const server = new FakeSource();
  const { hello, steps, feed, here } = fed(server);
  hello();
  await settled();
  server.fetchFrames = (id, start) => (server.requests.push(`from ${start}`), Promise.resolve(new ArrayBuffer(0)));
  steps(2, 3);
  for (let i = 0; i < 5; i++) await settled();
  assert.equal(server.requests.filter((request) => request === "from 0").length, 1);
  server.fetchFrames = (id, start, stop) => Promise.resolve(recordsOf(start, stop));
  await focus();
  assert.deepEqual(here(), [0, 1, 2]);
  feed.close();
});

test("where the server has no more, the recording ends with what is here", async () => {
  const server = new FakeSource();
  const { hello, steps, end, told, here } = fed(server);
  hello();
  await settled();
  steps(0, 2);
  server.fault = Object.assign(new Error("There is no session “x”."), { isFinal: true });
  server.fail(Infinity);
  end(4);
  for (let i = 0; i < 4; i++) await settled();
  assert.deepEqual([here(), told.end, told.gaveUp], [[0, 1], "died", ["There is no session “x”."]]);
});

test("who comes late has what was recorded before over HTTP, and the stream from there", async () => {
  const server = new FakeSource();
  server.fetchTokens = async () => new FakeSource(6).tokens;
  server.fetchSeries = async () => ({ surprise: new Float32Array(6), entropy: new Float32Array(6), points: new Float32Array(0), every: 1 });
  const { hello, steps, told, feed } = fed(server, 6);
  hello();
  await settled();
  assert.equal(told.run.numSteps, 6, "there is something to show before the stream goes on");
  steps(6, 8);
  assert.equal(told.run.numSteps, 8);
  assert.deepEqual([told.run.frame(5), told.run.frame(7).header.step], [null, 7]);
  assert.equal((await told.run.want(5)).header.step, 5);
  assert.deepEqual(server.requests, ["0-6"]);
  feed.close();
});

test("steps that came without their payloads are asked for again when it is over", async () => {
  const server = new FakeSource();
  const { hello, steps, say, end, told } = fed(server);
  hello();
  await settled();
  say({ type: "dropped", payloads: 2, frames: 0, payload_steps: [[1, 2]], frame_steps: [] });
  steps(0, 4);
  const thin = told.run.frame(1);
  end(4);
  assert.equal(told.run.frame(1), null);
  assert.equal(told.run.frame(3).header.step, 3);
  assert.notEqual(await told.run.want(1), thin);
  assert.deepEqual(server.requests, ["tokens", "1-3"]);
});

test("a pause is told, and steps that were sent twice are one", async () => {
  const { hello, steps, say, told, feed } = fed(new FakeSource());
  hello();
  await settled();
  steps(0, 3);
  let numTold = 0;
  told.run.subscribe(() => numTold++);
  say({ type: "state", state: "paused" });
  assert.deepEqual([told.run.isRunning, told.run.isGrowing, numTold], [false, true, 1]);
  steps(2, 4); // after another connection
  assert.equal(told.run.tokens.steps.pos0.length, 4);
  feed.close();
});

test("of the seal it is told when the recording is one file", async () => {
  const { hello, steps, say, told, time } = fed(new FakeSource());
  hello();
  await settled();
  steps(0, 1);
  assert.equal(told.run.meta.version, "");
  say({ type: "end", num_steps: 1, end_reason: "stop_token" });
  time.pass(500);
  await settled();
  assert.equal(told.run.meta.version, "v1");
});

test("closed while something is under way, nothing is given out", async () => {
  const server = new FakeSource();
  server.isLate = true;
  const { hello, told, feed } = fed(server);
  hello();
  feed.close();
  server.answer();
  await settled();
  assert.deepEqual([told.run, told.gaveUp], [null, []]);
});
