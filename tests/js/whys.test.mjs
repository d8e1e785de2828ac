import "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Whys } from "../../assets/js/run/whys.mjs";
import { freshPage } from "./page.mjs";
import { blob as blobOf } from "./bytes.mjs";
import { LAYOUT, blob, frame, sweep } from "./why_data.mjs";

const NONE = { token: null, against: null };
const bytesOf = ({ header, arrays }) => blobOf(header, arrays);
const pause = (ms = 250) => new Promise((done) => setTimeout(done, ms));

/** A server that answers why and sweep. */
function serverOf(answers) {
  const asked = [];
  globalThis.fetch = async (address, init = {}) => {
    const what = new URL(address, "http://localhost").pathname.split("/").pop();
    asked.push([init.method ?? "GET", what, address, init.body ?? null]);
    const { status = 200, body } = answers[what](asked.filter(([, each]) => each === what).length);
    return new Response(status === 200 ? bytesOf(body) : JSON.stringify(body), { status });
  };
  return asked;
}

function whysOf(run = {}) {
  freshPage();
  const changes = [];
  const whys = new Whys({
    run: { session: "s", layout: LAYOUT, numSteps: 5, source: {}, isGrowing: false, ...run },
    canAsk: async () => true,
    onChange: () => changes.push(1),
  });
  return { whys, changes };
}

test("what is missing is asked for once when the clock has rested, and kept by its step", async () => {
  const asked = serverOf({ why: () => ({ body: blob() }), sweep: () => ({ body: sweep() }) });
  const { whys, changes } = whysOf();
  for (let i = 0; i < 3; i++) whys.want(frame(), NONE, false);
  assert.equal(asked.length, 0, "not while a hand moves the clock");
  assert.equal(whys.at(frame(), NONE).lost, null);
  await pause();
  assert.deepEqual(
    asked.map(([method, , address]) => `${method} ${address}`),
    ["POST /sessions/s/sweep", "GET /sessions/s/why?start=3&stop=5"],
  );
  assert.deepEqual(JSON.parse(asked[0][3]), { step: 3, kind: "ablate" });
  assert.ok(changes.length >= 2);
  const why = whys.at(frame(), NONE);
  assert.equal(why.lost.amounts[2], 12);
  assert.equal(why.answer.token, 5);
  assert.equal(whys.at(frame(), NONE).wrote.length, 8);
  whys.rest();
  whys.want(frame(), NONE, false);
  await pause();
  assert.equal(asked.length, 2, "both are here");
  whys.close();
});

test("other tokens of those kept need no other sweep, and their own answer", async () => {
  const asked = serverOf({ why: () => ({ body: blob() }), sweep: () => ({ body: sweep() }) });
  const { whys } = whysOf();
  whys.want(frame(), { token: 7, against: 5 }, false);
  await pause();
  assert.equal(asked.find(([, what]) => what === "why")[2], "/sessions/s/why?start=3&stop=4&token=7&against=5");
  assert.deepEqual(JSON.parse(asked.find(([, what]) => what === "sweep")[3]), { step: 3, kind: "ablate" });
  assert.equal(whys.at(frame(), { token: 7, against: 5 }).lost.amounts[2], -12);
});

test("a refusal stands in its place and is not asked again, until a person does", async () => {
  const refused = { status: 400, body: { error: "No model with these weights is at hand." } };
  const asked = serverOf({ why: () => refused, sweep: () => refused });
  const { whys } = whysOf();
  whys.want(frame(), NONE, false);
  await pause();
  assert.deepEqual(whys.words(frame(), NONE).lost, { text: "No model with these weights is at hand.", isRefused: true });
  whys.rest();
  whys.want(frame(), NONE, false);
  await pause();
  assert.equal(asked.length, 2);
  whys.again();
  whys.want(frame(), NONE, false);
  await pause();
  assert.equal(asked.length, 4);
});

test("while the server works, it is asked again and says how far it is", async () => {
  const running = { status: 202, body: { status: "running", done: 1, of: 6, message: "1 of 6 parts." } };
  const asked = serverOf({ why: () => ({ body: blob() }), sweep: (n) => (n < 2 ? running : { body: sweep() }) });
  const { whys } = whysOf();
  whys.want(frame(), NONE, false);
  await pause();
  assert.equal(whys.words(frame(), NONE).lost.text, "1 of 6 parts.");
  await pause(400);
  assert.deepEqual(
    asked.filter(([, what]) => what === "sweep").map(([method, , address]) => `${method} ${address}`),
    ["POST /sessions/s/sweep", "GET /sessions/s/sweep?step=3&kind=ablate"],
  );
  assert.ok(whys.at(frame(), NONE).lost);
});

test("nothing is asked of a recording under way, while the clock moves, and of one without a ledger before a person wants it", async () => {
  const asked = serverOf({ why: () => ({ body: blob() }), sweep: () => ({ body: sweep() }) });
  const growing = whysOf({ isGrowing: true }).whys;
  growing.want(frame(), NONE, false);
  const moving = whysOf().whys;
  moving.want(frame(), NONE, false);
  moving.want(frame(), NONE, true);
  const bare = frame({}, { without: "ledger" });
  const old = whysOf({ layout: { ...LAYOUT, config: { ...LAYOUT.config, ledger: "none" } } }).whys;
  old.want(bare, NONE, false);
  await pause();
  assert.equal(asked.length, 0);
  assert.match(growing.words(frame(), NONE).lost.text, /when the recording is over/);
  assert.equal(old.at(bare, NONE), null);
  old.again();
  old.want(bare, NONE, false);
  await pause();
  assert.equal(asked.length, 2);
  assert.equal(old.at(bare, NONE).wrote[4], 9);
});

test("a model without heads has no Why", () => {
  const { whys } = whysOf({ layout: { ...LAYOUT, n_head: 0 } });
  assert.equal(whys.hasParts, false);
  assert.equal(whys.at(frame(), NONE), null);
});
