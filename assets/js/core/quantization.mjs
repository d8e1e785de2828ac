/**
 * Stored codes -> float32, and what a decoded value means: exact, clipped, NaN, infinite or not captured.
 *
 * Knows the number formats of mri/format/events.py. Refuses to know frames, hook points, colours and text.
 * float16 goes through a table rather than Float16Array, so that every browser gives the same numbers.
 */

/** @typedef {Float64Array|Float32Array|Uint32Array|Int32Array|Uint16Array|Int16Array|Uint8Array|Int8Array} TypedArray */

/** Largest float16; captured values beyond it were clipped to it. */
export const F16_MAX = 65504;

/** What is at most this in magnitude float16 keeps as 0. */
export const F16_ZERO = 2 ** -25;

const Q8_NAN = -128;
const Q8_INF = 127;

/** Attention weights with q8: weight = code / 255. */
const WEIGHT_MAX = 255;

/** A softmax row over fewer keys has a weight whose code is not 0. */
const FEWEST_ZEROS = 510;

/** What one cell shows, as a small number for textures. */
export const MARK = Object.freeze({ value: 0, notCaptured: 1, nan: 2, plusInfinity: 3, minusInfinity: 4, clipped: 5 });

/** @type {Float32Array|null} all 65 536 float16 values by their bits, made on first use */
let float16Table = null;

/** One IEEE 754 binary16 number from its bits; exact, subnormals, ±∞ and NaN included.
 *  @param {number} bits 0…65535 */
export function float32FromFloat16(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Half the gap to the next float16: how far the number that was rounded to these bits can lie above them.
 *  @param {number} bits of a finite float16 */
export function halfUlpOfFloat16(bits) {
  const exponent = (bits >> 10) & 31;
  return 2 ** (Math.max(exponent, 1) - 26);
}

/** Codes as float32. float32 comes back as the same view, without a copy.
 *  @param {TypedArray} codes
 *  @param {string} dtype safetensors name: F32, F16 (codes are its bits), I8 (q8) or U8 (one attention row, 1/255)
 *  @param {number|null} scale q8 only: value = code · scale, −128 is NaN, ±127 is ±∞
 *  @returns {Float32Array} */
export function dequantized(codes, dtype, scale) {
  if (dtype === "F32") return /** @type {Float32Array} */ (codes);
  const values = new Float32Array(codes.length);
  if (dtype === "F16") {
    const lookup = (float16Table ??= Float32Array.from({ length: 65536 }, (_, bits) => float32FromFloat16(bits)));
    for (let i = 0; i < codes.length; i++) values[i] = lookup[codes[i]];
  } else if (dtype === "U8") {
    if (isRowOfNaN(codes)) return values.fill(NaN);
    for (let i = 0; i < codes.length; i++) values[i] = codes[i] / WEIGHT_MAX;
  } else if (dtype === "I8" && scale !== null) {
    for (let i = 0; i < codes.length; i++) values[i] = valueOfQ8(codes[i], scale);
  } else {
    throw new TypeError(`Values of type ${dtype}${dtype === "I8" ? " without a scale" : ""} cannot be decoded.`);
  }
  return values;
}

/** A row that sums to 1 gives 255 to one key at most, and 0 to all of many only (mri/format/events.py).
 *  @param {TypedArray} codes of one attention row */
function isRowOfNaN(codes) {
  const [first, n] = [codes[0], codes.length];
  const isMark = (first === WEIGHT_MAX && n > 1) || (first === 0 && n < FEWEST_ZEROS);
  return isMark && codes.every((/** @type {number} */ code) => code === first);
}

/** @param {number} code −128…127
 *  @param {number} scale */
function valueOfQ8(code, scale) {
  if (code === Q8_NAN) return NaN;
  if (code === Q8_INF) return Infinity;
  if (code === -Q8_INF) return -Infinity;
  return code * scale;
}

/** Which mark a *captured* value carries.
 *  @param {number} value
 *  @param {string} quantization of the recording: f32, f16 or q8
 *  @returns {number} one of MARK */
export function markOf(value, quantization) {
  if (Number.isNaN(value)) return MARK.nan;
  if (value === Infinity) return MARK.plusInfinity;
  if (value === -Infinity) return MARK.minusInfinity;
  return quantization === "f16" && Math.abs(value) === F16_MAX ? MARK.clipped : MARK.value;
}
