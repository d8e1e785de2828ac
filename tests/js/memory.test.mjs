import assert from "node:assert/strict";
import { test } from "node:test";

import { Memory } from "./memory.mjs";
import { Run } from "../../assets/js/run/run.mjs";
import { recordsOf } from "./bytes.mjs";
import { metaOf, tokensOf } from "./fake_source.mjs";

test("a session in memory is a run like any other, without a server", async () => {
  const run = new Run(new Memory(metaOf(100), tokensOf(100), recordsOf(0, 100)));
  for (const step of [0, 63, 64, 99]) assert.equal((await run.want(step)).header.step, step);
  await run.wantSeries();
  assert.equal(run.series.surprise.length, 100);
  assert.equal(run.series.firstOdd, null);
  assert.equal(run.tokens.sequence.length, 100, "the lines are made without touching its tokens");
});

test("the bytes that are given out are the records themselves", async () => {
  const records = recordsOf(0, 20);
  assert.deepEqual(await new Memory(metaOf(20), tokensOf(20), records).frames(3, 7, new AbortController().signal), recordsOf(3, 7));
});
