import assert from "node:assert/strict";
import { test } from "node:test";

import { framesFromRecords } from "../../assets/js/core/wire.mjs";
import { Following } from "../../assets/js/pages/following.mjs";
import { recordsOf } from "./bytes.mjs";
import { FakeSource, settled, withoutPage } from "./fake_source.mjs";

withoutPage();
const nobody = () => {};
const BAR = { state: "running", begin: nobody, setLink: nobody, follow: nobody, hear: nobody, count: nobody };
const LAYOUT = { n_layer: 0, n_head: 0, n_kv_head: 0, n_embd: 4, n_vocab: 0, points: [], config: { quantization: "f16", capture_mode: "topk" } };

/** A recording of `numSteps` that is followed from its first step, and the stream's end of it. */
function following(source) {
  const socket = { close: nobody };
  const told = { built: 0, thin: null, end: null, appended: [] };
  const scanner = {
    firstPaint: Promise.resolve(),
    pin: { settle: nobody },
    close: nobody,
    setRunning: nobody,
    append: (frames) => told.appended.push(...frames.map((frame) => frame.header.step)),
    settle: (thin) => (told.thin = [...thin]),
  };
  const of = new Following(
    { session: "x", num_steps: 0, is_steerable: false, limit: 0 },
    {
      scales: {},
      bar: BAR,
      isHere: () => true,
      makeRoom: nobody,
      onScanner: nobody,
      onEnd: (reason) => (told.end = reason),
      source,
      connect: () => socket,
      openScanner: (boot, meta, tokens) => Object.assign(scanner, { tokens, built: told.built++ }),
    },
  );
  const say = (message) => socket.onmessage({ data: JSON.stringify(message) });
  return {
    of,
    told,
    scanner,
    say,
    hello: () => say({ type: "hello", session: { id: "x", layout: LAYOUT, num_prompt_tokens: 1 }, groups: {}, sampled: {} }),
    steps: (start, stop) => socket.onmessage({ data: recordsOf(start, stop) }),
    end: (numSteps) => say({ type: "end", num_steps: numSteps, end_reason: "died" }),
  };
}

/** The window gets the focus: who waits asks again, and is answered. */
async function focus() {
  window.dispatchEvent(new Event("focus"));
  for (let i = 0; i < 4; i++) await settled();
}

test("a recording whose last steps did not come at first still ends", async () => {
  const source = new FakeSource();
  const { hello, steps, end, told } = following(source);
  hello();
  await settled();
  steps(0, 10);
  source.fail(2);
  end(12);
  await settled();
  assert.equal(told.end, null);
  for (let i = 0; i < 2; i++) await focus();
  assert.deepEqual(told.appended, [...Array(12).keys()]);
  assert.deepEqual([told.end, told.thin], ["died", []]);
});

test("a recording whose tokens did not come at first still begins", async () => {
  const source = new FakeSource();
  const { hello, steps, told, of } = following(source);
  source.fail();
  hello();
  await settled();
  steps(0, 3);
  assert.equal(told.built, 0);
  await focus();
  assert.equal(told.built, 1);
  assert.deepEqual(told.appended, [0, 1, 2]);
  of.close();
});

test("texts of tokens that are told while the tokens are under way are kept", async () => {
  const source = new FakeSource();
  source.isLate = true;
  const { hello, steps, say, told, scanner, of } = following(source);
  hello();
  say({ type: "text", text: { 5: "five" } });
  steps(0, 2);
  source.answer();
  await settled();
  say({ type: "text", text: { 6: "six" } });
  assert.deepEqual(told.appended, [0, 1]);
  assert.deepEqual(scanner.tokens.text, { 0: "a", 5: "five", 6: "six" });
  of.close();
});

test("with the steps that the stream left out come the texts of their tokens", async () => {
  const source = new FakeSource();
  const { hello, steps, told, scanner, of } = following(source);
  hello();
  await settled();
  steps(0, 2);
  source.text = { 7: "seven" };
  steps(4, 5);
  await settled();
  await settled();
  assert.deepEqual(told.appended, [0, 1, 2, 3, 4]);
  assert.equal(scanner.tokens.text[7], "seven");
  of.close();
});

test("an answer without the steps that were asked for is waited for, not asked for in a hurry", async () => {
  const source = new FakeSource();
  const { hello, steps, told, of } = following(source);
  hello();
  await settled();
  source.fetchFrames = (id, start) => (source.requests.push(`from ${start}`), Promise.resolve(new ArrayBuffer(0)));
  steps(2, 3);
  for (let i = 0; i < 5; i++) await settled();
  assert.equal(source.requests.filter((request) => request === "from 0").length, 1);
  delete source.fetchFrames;
  source.fetchFrames = (id, start, stop) => Promise.resolve(recordsOf(start, stop));
  await focus();
  assert.deepEqual(told.appended, [0, 1, 2]);
  of.close();
});

test("where the server has no more, the recording ends with what is here", async () => {
  const source = new FakeSource();
  const { hello, steps, end, told } = following(source);
  hello();
  await settled();
  steps(0, 2);
  source.fault = Object.assign(new Error("There is no session “x”."), { isFinal: true });
  source.fail(Infinity);
  end(4);
  for (let i = 0; i < 4; i++) await settled();
  assert.deepEqual([told.appended, told.end], [[0, 1], "died"]);
});

test("closed while something is under way, nothing is built", async () => {
  const source = new FakeSource();
  source.isLate = true;
  const { hello, told, of } = following(source);
  hello();
  of.close();
  source.answer();
  await settled();
  assert.equal(told.built, 0);
});
