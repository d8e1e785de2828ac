/**
 * One clock for two sessions: which step of each a moment shows, and what of it is said in words.
 *
 * Knows the answer of /compare/alignment. Refuses to know frames and the page. Pure.
 */

import { numKeys } from "./token_names.mjs";

/** @typedef {Wire.Alignment} Alignment */

/** @param {Alignment} alignment
 *  @returns {Record<"a"|"b", Map<number, number>>} step of each side -> moment */
export function momentsOfSteps({ steps }) {
  const [a, b] = [0, 1].map((side) => new Map(steps.map((pair, moment) => [pair[side], moment])));
  for (const of of [a, b]) of.delete(-1); // moments without a step of it
  return { a, b };
}

/** The first moment worth looking at: where the two first differ although their tokens do not.
 *  @param {Alignment} alignment
 *  @returns {number} the first matched moment behind the divergence, else the last matched one, else 0 */
export function firstMoment({ steps, matched, whole, divergence, positions }) {
  const shared = positions.filter(([a, b]) => a === b && a < divergence).length;
  const after = whole.findIndex((isWhole, moment) => isWhole && Math.max(...steps[moment]) >= shared);
  return after >= 0 ? after : Math.max(0, matched.lastIndexOf(true));
}

/** Where plates part that were alike at the matched moment before.
 *  @param {readonly (readonly (number|null)[])[]} values relative difference, plate × moment; null: not matched
 *  @param {number} parted from which on a plate has parted
 *  @returns {number[]} moments */
export function partingsOf(values, parted) {
  const moments = [...(values[0] ?? []).keys()].filter((moment) => values.some((row) => row[moment] !== null));
  const has = (/** @type {readonly (number|null)[]} */ row, /** @type {number|undefined} */ at) => at !== undefined && (row[at] ?? 0) >= parted;
  return moments.filter((moment, i) => values.some((row) => has(row, moment) && !has(row, moments[i - 1])));
}

/** @param {readonly number[]} moments rising
 *  @param {number} now
 *  @param {number} by 1: the next one, −1: the one before; beyond an end the other end
 *  @returns {number|undefined} undefined where there are none */
export function partingBeside(moments, now, by) {
  return by > 0 ? (moments.find((moment) => moment > now) ?? moments[0]) : (moments.findLast((moment) => moment < now) ?? moments.at(-1));
}

/** @param {Alignment} alignment
 *  @param {Record<"a"|"b", string[]>} tokens names by position
 *  @returns {string} one sentence */
export function alignmentWords({ strategy, positions, divergence, steps, matched }, { a, b }) {
  if (!a.length || !b.length) return "There are no tokens to align by: at least one of the two reads none.";
  const count = (/** @type {number} */ n, /** @type {string} */ word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  const named = (/** @type {string[]} */ names, /** @type {string} */ side) =>
    divergence < names.length ? `${side} goes on with “${names[divergence]}”` : `${side} ends`;
  const isSame = divergence === a.length && divergence === b.length;
  const parts = isSame
    ? `Both read the same ${count(divergence, "token")}.`
    : `They share their first ${count(divergence, "token")}, then ${named(a, "A")}, ${named(b, "B")}.`;
  if (strategy === "pooled") return `${parts} Pooled: means over all steps are compared, no single ones.`;
  const others = positions.length - divergence;
  const more = strategy === "mapping" && others > 0 ? ` Behind that, ${count(others, "equal token")} ${others === 1 ? "stands" : "stand"} for each other.` : "";
  const numMatched = matched.filter(Boolean).length;
  return `${parts}${more} ${numMatched} of ${count(steps.length, "moment")} ${numMatched === 1 ? "is" : "are"} matched.`;
}

/** A place of the words: a token of each, or of one only.
 *  @typedef {object} Column
 *  @property {number} a position, −1: none
 *  @property {number} b
 *  @property {boolean} isMatched they stand for each other
 *  @property {number} moment at which both were read last and may be subtracted, −1: none */

/** One place for two tokens that stand for each other; between two such those of both side by side, as the clock has their steps.
 *  @param {Alignment} alignment
 *  @param {readonly import("./types.mjs").Tokens[]} tokens of A and B
 *  @returns {Column[]} */
export function columnsOf({ positions, steps, whole }, [{ sequence: ofA, steps: readA }, { sequence: ofB }]) {
  const momentOf = new Map(steps.map(([a], moment) => [whole[moment] ? readA.pos0[a] + readA.t_add[a] - 1 : -1, moment]));
  /** @type {Column[]} */
  const columns = [];
  let [nextA, nextB] = [0, 0];
  for (const [a, b] of [...positions, [ofA.length, ofB.length]]) {
    for (; nextA < a || nextB < b; nextA++, nextB++) columns.push({ a: nextA < a ? nextA : -1, b: nextB < b ? nextB : -1, isMatched: false, moment: -1 });
    columns.push({ a, b, isMatched: true, moment: momentOf.get(a) ?? -1 });
    [nextA, nextB] = [a + 1, b + 1];
  }
  return columns.slice(0, -1); // nothing stands at the ends themselves
}

/** Lines of one side over the moments, as lines over its steps.
 *  @param {import("./types.mjs").Series} series of its recording
 *  @param {ArrayLike<number>} steps of it by moment, −1: none
 *  @param {readonly number[]} rows of the hook points, −1: it has none
 *  @returns {import("./types.mjs").Series} */
export function seriesOfMoments({ surprise, entropy, points, every, stride = surprise.length }, steps, rows) {
  const line = (/** @type {Float32Array} */ values, from = 0) =>
    Float32Array.from(steps, (step) => (step >= 0 ? (values[from + Math.floor(step / every)] ?? NaN) : NaN));
  const all = new Float32Array(rows.length * steps.length).fill(NaN);
  rows.forEach((row, i) => row >= 0 && all.set(line(points, row * stride), i * steps.length));
  return { surprise: line(surprise), entropy: line(entropy), points: all, every: 1, extra: [] };
}

/** @param {import("./types.mjs").Lane} a
 *  @param {import("./types.mjs").Lane} b
 *  @returns {boolean} whether both steps have read the same text, so that one may be taken from the other */
export function readTheSame(a, b) {
  if (!a.frame || !b.frame) return false;
  const [one, other] = [a.frame.header, b.frame.header];
  if (one.pos0 !== other.pos0 || one.t_add !== other.t_add) return false;
  return a.run.tokens.sequence.slice(0, numKeys(a.frame)).every((id, position) => id === b.run.tokens.sequence[position]);
}
