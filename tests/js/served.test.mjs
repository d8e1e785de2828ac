import assert from "node:assert/strict";
import { test } from "node:test";

import { Served } from "../../assets/js/run/served.mjs";
import { FakeSource, metaOf, tokensOf } from "./fake_source.mjs";

const served = (server) => new Served("x", metaOf(100), tokensOf(100), server);

test("frames are asked for by the file's version, and tell how large the whole is", async () => {
  const server = new FakeSource();
  const asked = [];
  server.fetchFrames = (...all) => (asked.push(all), server.frames(all[1], all[2]));
  const source = served(server);
  const bytes = await source.frames(0, 10);
  assert.deepEqual(asked, [["x", 0, 10, undefined, "v1"]]);
  assert.equal(source.pin.aboutBytes, bytes.byteLength * 10);
});

test("what the server does not answer is the pinned copy's to answer", async () => {
  const server = new FakeSource();
  server.fail(Infinity);
  const source = served(server);
  await assert.rejects(source.frames(0, 10), server.fault);
  await assert.rejects(source.series("l2"), server.fault);
  const kept = { frames: new ArrayBuffer(8), series: { every: 1 } };
  source.pin.frames = async () => kept.frames;
  source.pin.series = async () => kept.series;
  assert.equal(await source.frames(0, 10), kept.frames);
  assert.equal(await source.series("l2"), kept.series);
  await assert.rejects(source.series("p99"), server.fault, "only l2 is pinned");
});

test("a recording that became one file is that file from then on", async () => {
  const server = new FakeSource();
  const source = new Served("x", { ...metaOf(2), version: "" }, tokensOf(2), server);
  source.settle(metaOf(2));
  assert.equal(source.meta.version, "v1");
});
