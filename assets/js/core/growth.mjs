/**
 * A session that is being recorded, as far as it has come: tokens, lines over all steps, scales. Grows by a frame.
 *
 * The objects given out (`tokens`, `stepOf`, `fullScale`) stay the same ones and are added to, so that whoever holds them
 * sees the newest. Says what the server would say of the same steps (mri/measure/series.py). Pure.
 */

import { appendExtras, extrasOf, halvedExtras } from "./extras.mjs";
import { STATS, rowInArray } from "./layout.mjs";

/** @typedef {import("./wire.mjs").Frame} Frame */
/** @typedef {import("./types.mjs").Series} Series */

const MOST_COLUMNS = 4096; // there is room for all of them from the beginning
const QUANTILE = 0.9;
const COLUMN = Object.freeze(Object.fromEntries(STATS.map((name, i) => [name, i])));

export class Growth {
  /** @type {number[][]} p99 of every step so far by hook point, ascending */
  #p99s;
  /** @type {number[]} largest magnitude so far by hook point */
  #most;

  /** @param {object} begun what was recorded before, of the same steps throughout
   *  @param {import("./layout.mjs").Layout} begun.layout
   *  @param {import("./types.mjs").Tokens} begun.tokens
   *  @param {Series} [begun.l2]
   *  @param {Series} [begun.p99]
   *  @param {number} [begun.limit] largest magnitude of any value so far */
  constructor({ layout, tokens, l2, p99, limit = 0 }) {
    this.layout = layout;
    this.tokens = tokens;
    this.numSteps = tokens.steps.pos0.length;
    this.stepOf = stepsOfPositions(tokens);
    this.limit = limit;
    /** @type {{step: number, point: string}|null} where NaN or ±∞ began */
    this.firstOdd = l2?.firstOdd && l2.firstOdd.step < this.numSteps ? l2.firstOdd : null;
    this.series = begunSeries(this.numSteps, layout.points.length, l2);
    this.#most = layout.points.map(() => 0);
    this.#p99s = layout.points.map((_, row) => {
      if (!p99) return [];
      const count = Math.min(p99.surprise.length, Math.ceil(this.numSteps / p99.every));
      return [...p99.points.subarray(row * p99.surprise.length, row * p99.surprise.length + count)].filter(Number.isFinite).sort((a, b) => a - b);
    });
    /** @type {Record<string, number>} hook point -> magnitude at the top of the colour scale */
    this.fullScale = {};
    layout.points.forEach((_, row) => this.#setScale(row));
  }

  /** @param {Frame} frame of the step that comes next
   *  @throws {RangeError} on any other step */
  append(frame) {
    if (frame.header.step !== this.numSteps) throw new RangeError(`Step ${frame.header.step} cannot follow ${this.numSteps} steps.`);
    const rows = this.layout.points.map(({ key }, row) => (frame.header.dropped_layers.length ? rowInArray(frame, this.layout, "stats", key) : row));
    this.#appendTokens(frame);
    this.#appendColumn(frame, rows);
    this.numSteps++;
    const data = frame.arrays.stats?.data;
    this.layout.points.forEach(({ key }, row) => {
      const here = rows[row];
      if (here === null || !data) return;
      const at = (/** @type {string} */ name) => data[here * STATS.length + COLUMN[name]];
      if (!Number.isFinite(at("l2"))) this.firstOdd ??= { step: frame.header.step, point: key };
      for (const end of [Math.abs(at("min")), Math.abs(at("max"))]) {
        if (end > this.limit && end < Infinity) this.limit = end;
        if (end > this.#most[row] && end < Infinity) this.#most[row] = end;
      }
      insert(this.#p99s[row], at("p99"));
      this.#setScale(row);
    });
  }

  /** @param {Frame} frame */
  #appendTokens({ header, arrays }) {
    const { sequence, steps } = this.tokens;
    const { pos0, t_add: numRead, chosen_id: chosen } = header;
    const ids = arrays.tokens?.data ?? [];
    for (let i = 0; i < ids.length; i++) {
      sequence[pos0 + i] = ids[i];
      this.stepOf[pos0 + i] = this.numSteps;
    }
    if (ids.length && chosen >= 0) {
      sequence[pos0 + numRead] = chosen;
      this.stepOf[pos0 + numRead] = -1; // until the next step reads it
    }
    steps.pos0.push(pos0);
    steps.t_add.push(numRead);
    steps.phase.push(header.phase);
    steps.chosen_id.push(chosen);
    steps.forced.push(header.forced);
  }

  /** @param {Frame} frame
   *  @param {(number|null)[]} rows of the hook points in its statistics */
  #appendColumn(frame, rows) {
    const { arrays } = frame;
    if (this.numSteps >= MOST_COLUMNS * this.series.every) this.series = halved(this.series);
    const column = Math.floor(this.numSteps / this.series.every);
    if (column >= this.series.surprise.length) this.series = withColumns(this.series, column + 1);
    const { surprise, entropy, points } = this.series;
    const scalar = (/** @type {string} */ name) => arrays[name]?.data[0] ?? NaN;
    surprise[column] = larger(surprise[column], Math.fround(scalar("logits/chosen_logprob") * Math.fround(-1 / Math.LN2)));
    entropy[column] = larger(entropy[column], scalar("logits/entropy"));
    appendExtras(this.series.extra, column, extrasOf(frame));
    const stats = arrays.stats?.data;
    rows.forEach((here, row) => {
      const l2 = here === null || !stats ? NaN : stats[here * STATS.length + COLUMN.l2];
      points[row * MOST_COLUMNS + column] = larger(points[row * MOST_COLUMNS + column], l2);
    });
  }

  /** @param {number} row */
  #setScale(row) {
    const p99s = this.#p99s[row];
    const at = (p99s.length - 1) * QUANTILE;
    const low = Math.floor(at);
    const scale = p99s.length ? p99s[low] + (at - low) * ((p99s[low + 1] ?? p99s[low]) - p99s[low]) : 0;
    this.fullScale[this.layout.points[row].key] = scale > 0 ? scale : this.#most[row] || 1;
  }
}

/** Which step read each position; −1 for a token that no step read (the last chosen one).
 *  @param {import("./types.mjs").Tokens} tokens
 *  @returns {number[]} (sequence length,) */
export function stepsOfPositions({ sequence, steps }) {
  const out = new Array(sequence.length).fill(-1);
  steps.pos0.forEach((pos0, step) => out.fill(step, pos0, pos0 + steps.t_add[step]));
  return out;
}

/** @param {number} one
 *  @param {number} other
 *  @returns {number} of a number and NaN, the number */
function larger(one, other) {
  return one >= other || Number.isNaN(other) ? one : other; // one NaN: the comparison is false
}

/** @param {number[]} sorted ascending
 *  @param {number} value put where it belongs, if it is finite */
function insert(sorted, value) {
  if (!Number.isFinite(value)) return;
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  sorted.splice(low, 0, value);
}

/** The series of a later moment, as it was after `numSteps` steps, NaN behind. Where a column stands for several steps, its last
 *  may hold one that comes: its largest value does not change by that.
 *  @param {number} numSteps
 *  @param {number} numRows
 *  @param {Series} [later]
 *  @returns {Series} with room for MOST_COLUMNS in every line */
function begunSeries(numSteps, numRows, later) {
  const none = new Float32Array(0);
  const { surprise, entropy, points, every, stride = surprise.length, extra = [] } = later ?? { surprise: none, entropy: none, points: none, every: 1 };
  const count = Math.min(surprise.length, Math.ceil(numSteps / every));
  const roomy = (/** @type {Float32Array} */ lines, numLines = 1) => {
    const room = new Float32Array(numLines * MOST_COLUMNS).fill(NaN);
    for (let row = 0; row < numLines; row++) room.set(lines.subarray(row * stride, row * stride + count), row * MOST_COLUMNS);
    return room;
  };
  const begun = extra.map(({ name, values, present }) => ({ name, values: Array.from(values).slice(0, count), present: Array.from(present).slice(0, count) }));
  const series = { surprise: roomy(surprise), entropy: roomy(entropy), points: roomy(points, numRows), every, stride: MOST_COLUMNS, extra: begun };
  return withColumns(series, count);
}

/** @param {Series} series with room behind its columns
 *  @param {number} count
 *  @returns {Series} with so many columns */
function withColumns({ surprise, entropy, ...series }, count) {
  const [longer, other] = [surprise, entropy].map(({ buffer }) => new Float32Array(buffer, 0, count));
  return { ...series, surprise: longer, entropy: other };
}

/** Twice as many steps to a column, in the same place.
 *  @param {Series} series with as many columns as there may be
 *  @returns {Series} */
function halved({ surprise, entropy, points, every, extra = [], ...series }) {
  for (const lines of [surprise, entropy, points]) {
    for (let start = 0; start < lines.length; start += MOST_COLUMNS) {
      const line = lines.subarray(start, start + MOST_COLUMNS);
      for (let i = 0; i < MOST_COLUMNS / 2; i++) line[i] = larger(line[2 * i], line[2 * i + 1]);
      line.fill(NaN, MOST_COLUMNS / 2);
    }
  }
  return withColumns({ ...series, surprise, entropy, points, every: 2 * every, extra: halvedExtras(extra) }, MOST_COLUMNS / 2);
}
