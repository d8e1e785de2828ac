import assert from "node:assert/strict";
import { test } from "node:test";

import { Again } from "../../assets/js/run/again.mjs";
import { Callbacks } from "../../assets/js/run/callbacks.mjs";

const ADDRESS = "/_dash-update-component?x";
const body = (output) => ({ body: JSON.stringify({ output }) });

/** A line that is cut until `up`, and what was said of it. */
function line() {
  const said = [];
  const state = { isUp: false, asked: [] };
  const fetch = async (url, init) => {
    state.asked.push(init?.body ?? url);
    if (!state.isUp) throw new TypeError("cut");
    return "answer";
  };
  const again = new Again({ setTimer: () => 1, clearTimer: () => {}, news: null });
  const callbacks = new Callbacks({ fetch, onAway: () => said.push("away"), onBack: () => said.push("back"), again });
  return { callbacks, said, state };
}

const rest = () => new Promise((done) => setImmediate(done));

test("a callback that met no server is asked again, and answered", async () => {
  const { callbacks, said, state } = line();
  const answer = callbacks.fetch(ADDRESS, body("chart"));
  await rest();
  callbacks.again.now();
  await rest();
  assert.deepEqual(said, ["away", "away"]);
  state.isUp = true;
  callbacks.again.now();
  assert.equal(await answer, "answer");
  assert.deepEqual(said, ["away", "away", "back"]);
  assert.equal(state.asked.length, 3);
});

test("all that wait are asked", async () => {
  const { callbacks, state } = line();
  const answers = ["one", "two"].map((name) => callbacks.fetch(ADDRESS, body(name)));
  await rest();
  state.isUp = true;
  callbacks.again.now();
  assert.deepEqual(await Promise.all(answers), ["answer", "answer"]);
});

test("of one output only the newest is asked again", async () => {
  const { callbacks, state } = line();
  const old = callbacks.fetch(ADDRESS, body("chart"));
  const isGone = assert.rejects(old, /cut/);
  await rest();
  const answer = callbacks.fetch(ADDRESS, body("chart"));
  await rest();
  state.isUp = true;
  callbacks.again.now();
  assert.equal(await answer, "answer");
  await isGone;
  assert.equal(state.asked.length, 3);
});

test("what is no callback fails as ever, and what was given up is not asked again", async () => {
  const { callbacks, said } = line();
  await assert.rejects(callbacks.fetch("/library/rows"), /cut/);
  const given = new Callbacks({
    fetch: async () => Promise.reject(Object.assign(new Error(), { name: "AbortError" })),
    onAway: () => said.push("away"),
    onBack: () => {},
  });
  await assert.rejects(given.fetch(ADDRESS, body("chart")), { name: "AbortError" });
  assert.deepEqual(said, []);
});
