/**
 * Numbers as text for the screen.
 *
 * Knows digits and signs. Refuses to know units, languages and the page.
 * Three significant digits keep their trailing zeros, so that a number does not jump in width while the clock runs.
 */

import { F16_MAX, MARK } from "./quantization.mjs";

const NOT_CAPTURED = "not captured";

/** @param {number|null|undefined} x null and undefined: not captured
 *  @returns {string} like 0.123, −1.50, 12300, 1.20e−7, NaN, ∞ */
export function formatValue(x) {
  if (x === null || x === undefined) return NOT_CAPTURED;
  if (Number.isNaN(x)) return "NaN";
  const sign = x < 0 ? "−" : "";
  return sign + threeDigits(Math.abs(x), (y) => y);
}

/** An upper bound, rounded up so that it stays one.
 *  @param {number} x not negative; NaN: nothing is known
 *  @returns {string} like ≤ 0.124 */
export function formatBound(x) {
  const roundedUp = (/** @type {number} */ y) => {
    const digits = Number(y.toPrecision(3));
    return digits >= y ? digits : digits + 10 ** (Math.floor(Math.log10(digits)) - 2);
  };
  return Number.isNaN(x) ? "no bound known" : `≤ ${threeDigits(x, roundedUp)}`;
}

/** A cell's reading (layout.reading) in words: "0.123", "clipped at 65504", "not captured, |x| ≤ 0.124".
 *  @param {{mark: number, value: number, bound: number}} reading */
export function formatReading({ mark, value, bound }) {
  if (mark === MARK.clipped) return `clipped at ${value < 0 ? "−" : ""}${F16_MAX}`;
  if (mark !== MARK.notCaptured) return formatValue(value);
  return Number.isNaN(bound) ? NOT_CAPTURED : `${NOT_CAPTURED}, |x| ${formatBound(bound)}`;
}

/** A probability as per cent.
 *  @param {number} p 0…1
 *  @returns {string} like 93.1 %, < 0.1 %, > 99.9 % */
export function formatPercent(p) {
  if (Number.isNaN(p)) return "NaN";
  if (p === 0 || p === 1) return `${100 * p} %`;
  if (p < 0.001) return "< 0.1 %";
  if (p > 0.999) return "> 99.9 %";
  return `${(100 * p).toFixed(1)} %`;
}

/** A probability as per cent, with digits enough to tell it from 0 and from 1.
 *  @param {number} p 0…1
 *  @returns {string} like 93.1 %, 99.90 %, 0.053 %, 99.9996 %, < 0.001 % */
export function formatShare(p) {
  if (!(p > 0 && p < 0.001) && !(p > 0.99 && p < 1)) return formatPercent(p);
  if (p < 0.001) return p < 5e-6 ? "< 0.001 %" : `${(100 * p).toFixed(3)} %`;
  const digits = Math.min(4, Math.max(1, Math.round(-Math.log10(1 - p)) - 1)); // its nines, and what comes behind them
  return p > 1 - 5e-7 ? "> 99.9999 %" : `${(100 * p).toFixed(digits)} %`;
}

/** @param {number} x not negative
 *  @param {(x: number) => number} rounded */
function threeDigits(x, rounded) {
  if (x === Infinity) return "∞";
  if (x === 0) return "0";
  const digits = Number(rounded(x).toPrecision(3));
  if (digits >= 1e6 || digits < 1e-4) return trueMinus(digits.toExponential(2).replace("e+", "e"));
  return digits >= 100 ? String(digits) : digits.toPrecision(3);
}

/** A float32 with as many digits as it takes to tell it from its neighbours.
 *  @param {number} x */
export function exactly(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x < 0 ? "−∞" : "∞";
  const float = Math.fround(x);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === float) return trueMinus(String(short));
  }
  return trueMinus(String(Number(float.toPrecision(9))));
}

/** @param {string} text of a number
 *  @returns {string} with the sign minus before it and in its exponent, not the hyphen that computers type */
export function trueMinus(text) {
  return text.replaceAll("-", "−");
}
