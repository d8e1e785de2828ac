import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { SourceError, damageOf, fetchAttribution, fetchFrames, fetchMeta, fetchSaliency, fetchSeries, fetchTokens } from "../../assets/js/run/http.mjs";
import { blob } from "./bytes.mjs";

/** Two steps to a column, three hook points. */
const SERIES = blob(
  { stat: "p99", every: 2, num_steps: 4 },
  {
    entropy: { dtype: "F32", shape: [2], data: Float32Array.of(1, NaN) },
    points: { dtype: "F32", shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    surprise: { dtype: "F32", shape: [2], data: Float32Array.of(0.5, 7) },
  },
);

/** What the real server would answer, by address. */
const ANSWERS = {
  "/sessions/demo/meta": [200, '{"num_steps": 3}'],
  "/sessions/demo/tokens": [200, '{"sequence": [1, 2]}'],
  "/sessions/demo/frames?start=0&stop=64": [200, "MRIJ"],
  "/sessions/demo/frames?start=0&stop=64&v=1a-2b": [200, "MRIJ for ever"],
  "/sessions/demo/series?stat=p99": [200, SERIES],
  "/sessions/demo/series?stat=l2&v=1a-2b": [200, SERIES],
  "/sessions/demo/saliency?step=3": [200, '{"weights": [0.5, 0.5], "exact": true, "most_off": 0, "note": ""}'],
  "/sessions/demo/saliency?step=4": [200, '{"weights": null, "exact": false, "most_off": null, "note": "Record rows."}'],
  "/sessions/demo/attribution": [202, '{"status": "running", "message": "Starting…"}'],
  "/sessions/demo/attribution?step=3": [200, '{"status": "finished", "signed": [0.25, -1]}'],
  "/sessions/odd%2Fid/attribution": [200, '{"status": "error", "message": "Other weights: use --model x."}'],
  "/sessions/odd%2Fid/meta": [404, "<h1>not found</h1>"],
  "/sessions/odd%2Fid/series?stat=l2": [404, "<h1>not found</h1>"],
  "/sessions/broken/meta": [409, '{"error": "The session is cut off: record it again."}'],
  "/sessions/bad/meta": [500, "oops"],
  "/sessions/garbled/meta": [200, "{"],
};
const realFetch = globalThis.fetch;
let server;
let origin;

before(async () => {
  server = createServer((request, response) => {
    const answer = ANSWERS[request.url];
    if (!answer) return; // never answers
    response.writeHead(answer[0]);
    response.end(answer[1]);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  origin = `http://127.0.0.1:${server.address().port}`;
  globalThis.fetch = (path, options) => realFetch(origin + path, options); // a page resolves paths by itself
});

after(() => {
  globalThis.fetch = realFetch;
  server.closeAllConnections();
  server.close();
});

test("meta and tokens are JSON, frames are bytes", async () => {
  assert.deepEqual(await fetchMeta("demo"), { num_steps: 3 });
  assert.deepEqual(await fetchTokens("demo"), { sequence: [1, 2] });
  assert.equal(new TextDecoder().decode(await fetchFrames("demo", 0, 64)), "MRIJ");
  assert.equal(new TextDecoder().decode(await fetchFrames("demo", 0, 64, undefined, "1a-2b")), "MRIJ for ever");
});

test("series are lines over all steps", async () => {
  const series = await fetchSeries("demo", "p99");
  assert.equal(series.every, 2);
  assert.deepEqual([...series.surprise], [0.5, 7]);
  assert.deepEqual([...series.entropy], [1, NaN]);
  assert.deepEqual([...series.points], [1, 2, 3, 4, 5, 6]);
  assert.equal((await fetchSeries("demo", "l2", "1a-2b")).every, 2);
  await assert.rejects(fetchSeries("odd/id", "l2"), /There is no session “odd\/id”/);
});

test("influence: attention mass at once, gradients when they are computed", async () => {
  assert.deepEqual((await fetchSaliency("demo", 3)).weights, [0.5, 0.5]);
  await assert.rejects(fetchSaliency("demo", 4), (error) => error instanceof SourceError && error.message === "Record rows.");
  const waits = [];
  const found = await fetchAttribution("demo", 3, undefined, (message) => waits.push(message), 1);
  assert.deepEqual([found.signed, waits], [[0.25, -1], ["Starting…"]]);
  await assert.rejects(fetchAttribution("odd/id", 3), (error) => error instanceof SourceError && error.message === "Other weights: use --model x.");
});

test("failures are sentences, the server's own where it has one", async () => {
  const failures = {
    broken: "The session is cut off: record it again.",
    "odd/id": "There is no session “odd/id”: choose another one from the list.",
    bad: "The server refused with status 500: retry, or look at its log.",
    garbled: "The server's answer broke off: check that it is running, then retry.",
  };
  for (const [id, message] of Object.entries(failures)) {
    await assert.rejects(fetchMeta(id), (error) => error instanceof SourceError && error.message === message, id);
  }
});

test("a server that is gone is said to be", async () => {
  const gone = createServer();
  await new Promise((done) => gone.listen(0, "127.0.0.1", done));
  const { port } = gone.address();
  await new Promise((done) => gone.close(done));
  const before = origin;
  origin = `http://127.0.0.1:${port}`;
  await assert.rejects(fetchMeta("demo"), /does not answer/);
  origin = before;
});

test("damage is what the server finds while it is asked again and again", async () => {
  const asked = ["checking", "checking", "right"];
  ANSWERS["/sessions/whole/integrity"] = {
    get 0() {
      return 200;
    },
    get 1() {
      return JSON.stringify({ integrity: asked.shift() });
    },
  };
  assert.equal(await damageOf("whole", "checking", undefined, 1), "");
  assert.deepEqual(asked, []);
  assert.equal(await damageOf("never asked", "right"), "");
  assert.equal(await damageOf("never asked", "damaged: it is cut off."), "it is cut off.");
  ANSWERS["/sessions/withdrawn/integrity"] = [200, '{"integrity": "damaged: /stats is damaged: restore a copy."}'];
  ANSWERS["/sessions/odd%2Fid/integrity"] = [404, "<h1>not found</h1>"];
  assert.equal(await damageOf("withdrawn", "checking", undefined, 1), "/stats is damaged: restore a copy.");
  assert.equal(await damageOf("odd/id", "checking", undefined, 1), "", "it is gone: others say so");
  const abort = new AbortController();
  abort.abort();
  assert.equal(await damageOf("never-answers", "checking", abort.signal, 1), "");
});

test("an abort stays an abort", async () => {
  const abort = new AbortController();
  const answer = fetchMeta("never-answers", abort.signal);
  abort.abort();
  await assert.rejects(answer, { name: "AbortError" });
});
