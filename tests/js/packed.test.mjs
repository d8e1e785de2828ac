import assert from "node:assert/strict";
import { test } from "node:test";

import { Packed } from "../../assets/js/postcard/packed.mjs";
import { Run } from "../../assets/js/run/run.mjs";
import { recordsOf } from "./bytes.mjs";
import { metaOf, tokensOf } from "./fake_source.mjs";

/** A page of 40 steps in windows of 16; says which blocks were unpacked. */
function page() {
  const unpacked = [];
  const source = new Packed({ meta: metaOf(40), tokens: tokensOf(40), window: 16 }, (block) => {
    unpacked.push(block);
    const first = Number(block.split("-").pop());
    return new Response(recordsOf(first, Math.min(first + 16, 40)));
  });
  return { source, unpacked };
}

test("steps that lie in several windows are the records themselves", async () => {
  const { source, unpacked } = page();
  assert.deepEqual(await source.frames(14, 35), recordsOf(14, 35));
  assert.deepEqual(unpacked, ["mri-frames-0", "mri-frames-16", "mri-frames-32"]);
});

test("a window is unpacked once, when one of its steps is wanted", async () => {
  const { source, unpacked } = page();
  const run = new Run(source, { isFilling: false });
  assert.equal((await run.want(20, 0))?.header.step, 20);
  assert.equal((await run.want(23, 0))?.header.step, 23);
  assert.deepEqual(unpacked, ["mri-frames-16"]);
  assert.match(source.alone, /Not in this file/);
});
