import assert from "node:assert/strict";
import { test } from "node:test";

import { BadFrames, frameFromBlob, framesFromRecords } from "../../assets/js/core/wire.mjs";
import { blob, golden, headerOf, joined, record, recordsOf } from "./bytes.mjs";

for (const name of ["frame", "frame-q8", "frame-prefill"]) {
  test(`golden ${name}: header, dtypes, shapes and bytes, without a copy`, () => {
    const { buffer, expected } = golden(name);
    const frame = frameFromBlob(buffer);
    assert.deepEqual(frame.header, expected.header);
    assert.equal(frame.numBytes, expected.num_bytes);
    const types = Object.fromEntries(Object.entries(frame.arrays).map(([key, { dtype, shape }]) => [key, { dtype, shape }]));
    assert.deepEqual(types, expected.arrays);
    for (const { data } of Object.values(frame.arrays)) assert.equal(data.buffer, buffer);
  });
}

test("records of odd length are padded, so that views into the run stay aligned", () => {
  const odd = blob(headerOf(0), { "extra/b": { dtype: "U8", shape: [5], data: new Uint8Array([1, 2, 3, 4, 5]) } });
  const wide = blob(headerOf(1), { "extra/x": { dtype: "F64", shape: [2], data: new Float64Array([0.5, -2]) } });
  assert.notEqual((16 + odd.length + 4) % 8, 0);
  const buffer = joined(record(odd, { step: 0 }), record(wide, { step: 1 }));
  const [first, second] = framesFromRecords(buffer);
  assert.deepEqual([...first.arrays["extra/b"].data], [1, 2, 3, 4, 5]);
  assert.deepEqual([...second.arrays["extra/x"].data], [0.5, -2]);
  assert.equal(second.arrays["extra/x"].data.buffer, buffer);
});

test("a golden frame reads the same in the middle of a run", () => {
  const { buffer, expected } = golden("frame");
  const odd = blob(headerOf(0), { "extra/b": { dtype: "U8", shape: [3], data: new Uint8Array(3) } });
  const frame = framesFromRecords(joined(record(odd), record(new Uint8Array(buffer), { step: 3 })))[1];
  assert.deepEqual(frame.header, expected.header);
  assert.deepEqual([...frame.arrays["logits/values"].data], [6.5, 4, 3.25, -1, -Infinity]);
  assert.deepEqual(frame.arrays["logits/entropy"].shape, []);
  assert.equal(frame.arrays["logits/entropy"].data[0], 0.875);
});

test("an empty run has no frames, and the end mark is none", () => {
  assert.deepEqual(framesFromRecords(new ArrayBuffer(0)), []);
  const end = record(new TextEncoder().encode('{"end_reason":"stopped"}'), { step: 2, kind: 2 });
  const frames = framesFromRecords(joined(new Uint8Array(recordsOf(0, 2)), end));
  assert.deepEqual(
    frames.map((frame) => frame.header.step),
    [0, 1],
  );
});

test("a run cut off at any byte is refused or whole, never shortened in silence", () => {
  const whole = recordsOf(0, 3);
  const ends = new Set([0, whole.byteLength / 3, (2 * whole.byteLength) / 3]);
  for (let length = 0; length < whole.byteLength; length++) {
    if (ends.has(length)) assert.equal(framesFromRecords(whole.slice(0, length)).length, (3 * length) / whole.byteLength);
    else assert.throws(() => framesFromRecords(whole.slice(0, length)), BadFrames);
  }
});

test("foreign bytes, another version, unknown types and wrong sizes are refused", () => {
  assert.throws(() => framesFromRecords(new TextEncoder().encode("<!doctype html><p>no</p>").buffer), BadFrames);
  const one = blob(headerOf(0), { "extra/x": { dtype: "F32", shape: [1], data: new Float32Array(1) } });
  assert.throws(() => framesFromRecords(joined(record(one, { version: 2 }))), BadFrames);
  const strange = blob(headerOf(0), { "extra/x": { dtype: "BF16", shape: [1], data: new Uint16Array(1) } });
  assert.throws(() => framesFromRecords(joined(record(strange))), /BF16/);
  const long = blob(headerOf(0), { "extra/x": { dtype: "F32", shape: [3], data: new Float32Array(2) } });
  assert.throws(() => framesFromRecords(joined(record(long))), BadFrames);
  const shifted = blob(headerOf(0), { a: { dtype: "U8", shape: [1], data: new Uint8Array(1) }, b: { dtype: "F32", shape: [1], data: new Float32Array(1) } });
  assert.throws(() => framesFromRecords(joined(record(shifted))), BadFrames);
  assert.throws(() => framesFromRecords(joined(record(new Uint8Array(4)))), BadFrames);
  assert.throws(() => framesFromRecords(joined(record(new Uint8Array(64).fill(9)))), BadFrames);
});
