import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { askEarly, takeEarly, takeScales } from "../../assets/js/run/early.mjs";
import { recordsOf } from "./bytes.mjs";
import { metaOf, tokensOf } from "./fake_source.mjs";

let requests, answers;

beforeEach(() => {
  requests = [];
  answers = { meta: metaOf(100), tokens: tokensOf(100), scales: { viridis: [] } };
  globalThis.location = { search: "?session=x&step=70", href: "http://localhost/" };
  globalThis.document = { querySelector: () => ({ getAttribute: () => "x" }) };
  globalThis.fetch = async (address) => {
    requests.push(String(address));
    const what = Object.keys(answers).find((name) => String(address).includes(name));
    if (what && answers[what] === null) throw new TypeError("no line");
    return new Response(what ? JSON.stringify(answers[what]) : recordsOf(69, 72));
  };
});

const settle = async () => {
  for (let i = 0; i < 20; i++) await new Promise((done) => setImmediate(done));
};

test("what the first picture needs is asked for once, and given once", async () => {
  assert.deepEqual(await askEarly(), answers.scales);
  await settle();
  assert.equal(requests.length, 4);
  assert.match(requests.at(-1), /frames\?start=69&stop=72&v=v1$/);
  assert.deepEqual(await takeEarly("session", "x"), [answers.meta, answers.tokens]);
  assert.deepEqual(await takeScales(), answers.scales);
  assert.equal((await takeEarly("frames", "x 69-72")).byteLength, recordsOf(69, 72).byteLength);
  assert.equal(requests.length, 4);
  assert.equal(await takeEarly("session", "x"), null);
  assert.equal(await takeEarly("frames", "x 69-72"), null);
  await takeScales();
  assert.equal(requests.length, 5, "asked for by who needs them");
});

test("of another session, or of other steps, nothing was asked for", async () => {
  await askEarly();
  assert.equal(await takeEarly("session", "other"), null);
  assert.equal(await takeEarly("frames", "x 0-3"), null);
});

test("what still grows, and what does not come, is asked for by who needs it", async () => {
  answers.meta = { ...metaOf(100), version: "" };
  assert.equal(await askEarly(), null);
  assert.equal(await takeEarly("session", "x"), null);
  answers.meta = null;
  answers.scales = null;
  assert.equal(await askEarly(), null);
  assert.equal(await takeEarly("session", "x"), null);
  await assert.rejects(takeScales(), /does not answer/);
});

test("a page that is about to show nothing asks for nothing", async () => {
  globalThis.document = { querySelector: () => null };
  assert.equal(await askEarly(), null);
  assert.deepEqual(requests, []);
});
