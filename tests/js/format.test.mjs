import assert from "node:assert/strict";
import { test } from "node:test";

import { exactly, formatBound, formatPercent, formatReading, formatValue } from "../../assets/js/core/format.mjs";
import { ticksOf } from "../../assets/js/core/hook_list.mjs";
import { valueText } from "../../assets/js/core/influence.mjs";
import { MARK } from "../../assets/js/core/quantization.mjs";
import { numberText } from "../../assets/js/learn/widgets/parts.mjs";

test("values have three significant digits", () => {
  const texts = {
    0.5: "0.500",
    0.12345: "0.123",
    1.005: "1.00",
    12.34: "12.3",
    123.4: "123",
    999.6: "1000",
    12345: "12300",
    999999: "1.00e6",
    0.000123: "0.000123",
    0.0000123: "1.23e−5",
    0.00009999: "0.000100",
    1e9: "1.00e9",
  };
  for (const [x, text] of Object.entries(texts)) assert.equal(formatValue(Number(x)), text);
  assert.equal(formatValue(-1.5), "−1.50");
  assert.equal(formatValue(0), "0");
  assert.equal(formatValue(-0), "0");
});

test("what is no number says what it is", () => {
  assert.equal(formatValue(NaN), "NaN");
  assert.equal(formatValue(Infinity), "∞");
  assert.equal(formatValue(-Infinity), "−∞");
  assert.equal(formatValue(null), "not captured");
  assert.equal(formatValue(undefined), "not captured");
});

test("a bound is rounded up, never down", () => {
  assert.equal(formatBound(0.12301), "≤ 0.124");
  assert.equal(formatBound(0.123), "≤ 0.123");
  assert.equal(formatBound(9.991), "≤ 10.0");
  assert.equal(formatBound(1234.5), "≤ 1240");
  assert.equal(formatBound(0), "≤ 0");
  assert.equal(formatBound(Infinity), "≤ ∞");
  assert.equal(formatBound(NaN), "no bound known");
  for (let x = 1.0001e-6; x < 1e7; x *= 1.37) {
    const shown = Number(formatBound(x).slice(2).replace("−", "-"));
    assert.ok(shown >= x && shown <= x * 1.0101, `${x} shown as ${shown}`);
  }
});

test("a reading says its mark and its bound", () => {
  assert.equal(formatReading({ mark: MARK.value, value: -2, bound: NaN }), "−2.00");
  assert.equal(formatReading({ mark: MARK.nan, value: NaN, bound: NaN }), "NaN");
  assert.equal(formatReading({ mark: MARK.minusInfinity, value: -Infinity, bound: NaN }), "−∞");
  assert.equal(formatReading({ mark: MARK.clipped, value: -65504, bound: NaN }), "clipped at −65504");
  assert.equal(formatReading({ mark: MARK.notCaptured, value: NaN, bound: 0.1231 }), "not captured, |x| ≤ 0.124");
  assert.equal(formatReading({ mark: MARK.notCaptured, value: NaN, bound: NaN }), "not captured");
});

test("a probability is per cent and never rounds to certainty", () => {
  const texts = { 0: "0 %", 1: "100 %", 0.931: "93.1 %", 0.0004: "< 0.1 %", 0.9999: "> 99.9 %", 0.5: "50.0 %" };
  for (const [p, text] of Object.entries(texts)) assert.equal(formatPercent(Number(p)), text);
  assert.equal(formatPercent(NaN), "NaN");
});

test("the sign minus is one sign, before a number and in its exponent", () => {
  assert.equal(exactly(-1e-7), "−1e−7");
  assert.equal(exactly(1e-7), "1e−7");
  assert.equal(formatValue(-1.2e-7), "−1.20e−7");
  assert.equal(valueText("gradient", -1e-7).match(/−/g)?.length, 2);
  assert.equal(numberText(-0.001, 9), "−0.001");
  for (const text of [
    exactly(-1.5e-12),
    formatValue(-1e-9),
    valueText("attention", 2e-9),
    numberText(-3e-8, 12),
    ...ticksOf("linear", 3e-8, 400).map((tick) => tick.text),
  ])
    assert.doesNotMatch(text, /-/);
});

test("float32 exactly: the digits lead back to the number", () => {
  assert.deepEqual(
    [0.1, 1 / 3, 16777217, -0.5, 0].map((x) => exactly(Math.fround(x))),
    ["0.1", "0.33333334", "16777216", "−0.5", "0"],
  );
  for (let i = 0; i < 200; i++) {
    const x = Math.fround(Math.sin(i) * 10 ** ((i % 20) - 10));
    assert.equal(Math.fround(Number(exactly(x).replaceAll("−", "-"))), x);
  }
  assert.deepEqual([NaN, Infinity, -Infinity].map(exactly), ["NaN", "∞", "−∞"]);
});
