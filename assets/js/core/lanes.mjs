/**
 * Lines over all steps: places, pieces between gaps, exact numbers, and the loop as text.
 *
 * Knows numbers. Refuses to know canvas, the clock and where a series comes from. Pure.
 */

/** @param {number} step
 *  @param {number} width of the lanes, whose first pixel is step 0 and whose last one is the last step
 *  @param {number} numSteps
 *  @returns {number} */
export function xOfStep(step, width, numSteps) {
  return numSteps > 1 ? (step / (numSteps - 1)) * width : width / 2;
}

/** @param {number} x
 *  @param {number} width
 *  @param {number} numSteps
 *  @returns {number} the step nearest to that place */
export function stepOfX(x, width, numSteps) {
  const share = width > 0 ? Math.min(1, Math.max(0, x / width)) : 0;
  return Math.round(share * Math.max(0, numSteps - 1));
}

/** Columns between gaps, each to be drawn as one line.
 *  @param {Float32Array} values NaN: not captured
 *  @returns {{captured: [number, number][], gaps: [number, number][]}} [first, last] of each run, both included */
export function runsOf(values) {
  const runs = { captured: /** @type {[number, number][]} */ ([]), gaps: /** @type {[number, number][]} */ ([]) };
  values.forEach((value, i) => {
    const list = Number.isNaN(value) ? runs.gaps : runs.captured;
    const last = list[list.length - 1];
    if (last && last[1] === i - 1) last[1] = i;
    else list.push([i, i]);
  });
  return runs;
}

/** @param {Float32Array} values
 *  @returns {number} the largest finite value, 0 where there is none: the top of a lane that begins at 0 */
export function topOf(values) {
  return values.reduce((top, value) => (value > top && value < Infinity ? value : top), 0);
}

/** @param {Float32Array} values NaN: not captured
 *  @param {number} most columns
 *  @returns {number[]} at most so many, of each the largest finite value; NaN where there is none */
export function pixelColumns(values, most) {
  const count = Math.min(most, values.length);
  const columns = Array.from({ length: count }, () => NaN);
  values.forEach((value, i) => {
    const column = Math.floor((i * count) / values.length);
    if (value < Infinity && !(value <= columns[column])) columns[column] = value;
  });
  return columns;
}

/** @param {string|null} text like "12-20"
 *  @returns {[number, number]|null} */
export function loopFromText(text) {
  const found = /^(\d+)-(\d+)$/.exec(text ?? "");
  return found ? [Number(found[1]), Number(found[2])] : null;
}

/** @param {readonly [number, number]|null} loop
 *  @returns {string|null} inverse of loopFromText */
export function textFromLoop(loop) {
  return loop ? `${loop[0]}-${loop[1]}` : null;
}
