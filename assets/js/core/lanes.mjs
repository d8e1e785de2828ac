/**
 * Lines over all steps: places, pieces between gaps, exact numbers, and the loop as text.
 *
 * Knows numbers. Refuses to know canvas, the clock and where a series comes from. Pure.
 */

/** @typedef {object} Lane a line over all steps
 *  @property {string} name
 *  @property {string} title what it is
 *  @property {string} says how it was found
 *  @property {string} unit "" where only the script knows
 *  @property {string} colour CSS variable
 *  @property {ArrayLike<number>} values by column; NaN: see `present`
 *  @property {boolean} [isAbout] of the word that follows: it stands there
 *  @property {ArrayLike<number>|null} present by column, 0 where there is no number; null: NaN says that there is none */

/** Lines for which there is room; the table has them all. */
const MOST_EXTRAS = 6;
const EXTRA_COLOURS = ["--amber", "--violet", "--side-b", "--danger", "--side-a", "--muted"];

/** @param {import("./types.mjs").Series|null} series null: not here yet
 *  @param {{key: string, unit: string}} point the selected one
 *  @param {number} row of it in the series
 *  @param {boolean} isTraining a training script predicts no tokens
 *  @returns {Lane[]} top to bottom */
export function lanesOf(series, { key, unit }, row, isTraining) {
  const none = new Float32Array(0);
  const [count, stride] = [series?.surprise.length ?? 0, series?.stride ?? series?.surprise.length ?? 0];
  const [surprise, entropy] = [series?.surprise ?? none, series?.entropy ?? none];
  const l2 = series?.points.subarray(row * stride, row * stride + count) ?? none;
  const why = "derived: surprise = −log₂ p of the token that came next, at temperature 1";
  const whole = "measured: entropy of the whole prediction, at temperature 1";
  const length = "measured: l2 = √(Σx²) of the selected hook point";
  const predicted = [
    { name: "surprise", title: "surprise", says: why, unit: "bits", colour: "--amber", values: surprise, present: null, isAbout: true },
    { name: "entropy", title: "entropy", says: whole, unit: "bits", colour: "--violet", values: entropy, present: null },
  ];
  const extras = (series?.extra ?? []).slice(0, MOST_EXTRAS).map(({ name, values, present }, i) => {
    const says = `measured: ${name}, as the script gave it to rec.step(${name}=…)`;
    return { name, title: name, says, unit: "", colour: EXTRA_COLOURS[i], values, present };
  });
  const last = { name: "l2", title: `l2 of ${key}`, says: length, unit, colour: "--text", values: l2, present: null };
  return [...(isTraining ? [] : predicted), ...extras, last];
}

/** @param {Lane} lane
 *  @param {number} column
 *  @returns {"number"|"nan"|"missing"} what there is */
export function kindOf({ values, present }, column) {
  if (present ? !present[column] : Number.isNaN(values[column]) || values[column] === undefined) return "missing";
  return Number.isNaN(values[column]) ? "nan" : "number";
}

/** @param {number} step
 *  @param {number} width of the lanes, whose first pixel is step 0 and whose last one is the last step
 *  @param {number} numSteps */
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
 *  @param {Lane} lane
 *  @returns {Record<"number"|"nan"|"missing", [number, number][]>} [first, last] of each run, both included */
export function runsOf(lane) {
  const runs = { number: /** @type {[number, number][]} */ ([]), nan: /** @type {[number, number][]} */ ([]), missing: /** @type {[number, number][]} */ ([]) };
  for (let column = 0; column < lane.values.length; column++) {
    const list = runs[kindOf(lane, column)];
    const last = list[list.length - 1];
    if (last && last[1] === column - 1) last[1] = column;
    else list.push([column, column]);
  }
  return runs;
}

/** @param {ArrayLike<number>} values
 *  @returns {[number, number]} the ends of its lane: 0, and the least and the largest finite value if they lie beyond */
export function endsOf(values) {
  const finite = Array.from(values).filter(Number.isFinite);
  return [Math.min(0, ...finite), Math.max(0, ...finite)];
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
