import assert from "node:assert/strict";
import { test } from "node:test";

import { F16_MAX, MARK, dequantized, float32FromFloat16, halfUlpOfFloat16, markOf } from "../../assets/js/core/quantization.mjs";

/** An independent reading of binary16: widen the fields to a binary32 and let the machine read that. */
function float32ByMachine(bits) {
  const sign = (bits & 0x8000) << 16;
  let exponent = (bits >> 10) & 31;
  let fraction = bits & 1023;
  if (exponent === 31) exponent = 255 - 112;
  else if (exponent === 0 && fraction) {
    exponent = 1;
    while (!(fraction & 1024)) {
      fraction <<= 1;
      exponent--;
    }
    fraction &= 1023;
  } else if (exponent === 0) exponent = -112;
  const view = new DataView(new ArrayBuffer(4));
  view.setInt32(0, sign | ((exponent + 112) << 23) | (fraction << 13));
  return view.getFloat32(0);
}

test("all 65 536 float16 numbers are exact", () => {
  const codes = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const values = dequantized(codes, "F16", null);
  for (let bits = 0; bits < 65536; bits++) {
    assert.ok(Object.is(values[bits], float32ByMachine(bits)), `bits ${bits}: ${values[bits]}`);
    assert.ok(Object.is(values[bits], float32FromFloat16(bits)));
  }
});

test("float16 landmarks", () => {
  const numbers = { 0x0001: 2 ** -24, 0x03ff: 1023 * 2 ** -24, 0x0400: 2 ** -14, 0x3c00: 1, 0xc000: -2, 0x7bff: F16_MAX, 0x7c00: Infinity, 0xfc00: -Infinity };
  for (const [bits, value] of Object.entries(numbers)) assert.equal(float32FromFloat16(Number(bits)), value);
  assert.ok(Object.is(float32FromFloat16(0x8000), -0));
  assert.ok(Number.isNaN(float32FromFloat16(0x7e00)));
});

test("half an ulp is half the gap to the next float16", () => {
  for (const bits of [0, 1, 0x03ff, 0x0400, 0x2e66, 0x3bff, 0x3c00, 0x7bfe]) {
    assert.equal(2 * halfUlpOfFloat16(bits), float32FromFloat16(bits + 1) - float32FromFloat16(bits), `bits ${bits}`);
  }
});

test("q8: −128 is NaN, ±127 is ±∞, the rest is code · scale in float32", () => {
  const values = dequantized(Int8Array.from([-128, 127, -127, 126, -126, 0, 3]), "I8", Math.fround(0.1));
  const tenth = Math.fround(0.1);
  assert.deepEqual([...values], [NaN, Infinity, -Infinity, Math.fround(126 * tenth), Math.fround(-126 * tenth), 0, Math.fround(3 * tenth)]);
  assert.throws(() => dequantized(new Int8Array(1), "I8", null), /scale/);
});

test("attention rows in uint8 are 255ths; float32 is the same view", () => {
  assert.deepEqual([...dequantized(Uint8Array.from([0, 51, 255]), "U8", null)], [0, Math.fround(0.2), 1]);
  const data = new Float32Array(3);
  assert.equal(dequantized(data, "F32", null), data);
  assert.throws(() => dequantized(new Uint32Array(1), "U32", null), /U32/);
});

test("a row in uint8 that no softmax gives is NaN: 255 for each of several keys; 0 for each of fewer than 510", () => {
  const read = (/** @type {number[]} */ codes) => [...dequantized(Uint8Array.from(codes), "U8", null)];
  const all = (/** @type {number} */ code, /** @type {number} */ length) => read(Array(length).fill(code));
  for (const row of [all(255, 2), all(255, 3000), all(0, 1), all(0, 509)]) assert.ok(row.every(Number.isNaN));
  for (const row of [all(255, 1), all(0, 510), read([255, 255, 0]), read([0, 1])]) assert.ok(!row.some(Number.isNaN));
});

test("marks: only float16 clips", () => {
  assert.equal(markOf(NaN, "f32"), MARK.nan);
  assert.equal(markOf(Infinity, "q8"), MARK.plusInfinity);
  assert.equal(markOf(-Infinity, "f16"), MARK.minusInfinity);
  assert.equal(markOf(-F16_MAX, "f16"), MARK.clipped);
  assert.equal(markOf(F16_MAX, "f32"), MARK.value);
  assert.equal(markOf(0, "f16"), MARK.value);
});
