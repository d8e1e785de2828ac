/**
 * The sum of what parts wrote, as rows that a person can read: few, in the model's order, and adding up as they are printed.
 *
 * Knows a Why. Refuses to know the page. Pure.
 */

/** @typedef {import("./why.mjs").Why} Why */

/** @typedef {object} Row
 *  @property {string} name
 *  @property {number[]} parts of the sum, one of them where it stands alone
 *  @property {number} wrote
 *  @property {number} lost NaN: not measured, or of several parts, whose losses do not add up
 *  @property {number} from where its bar begins: the sum of all rows before
 *  @property {number} tenths what is printed: these add up to the difference
 *  @property {boolean} isDim less than 3 % of the difference */

const MOST_OWN = 8;
const MOST_RESTS = 5;
const OWN_SHARE = 0.05;

/** A part with less of the difference than this is dim. */
export const DIM_SHARE = 0.03;

/** What shares are of: of a small difference every part would be a large one.
 *  @param {Why} why
 *  @returns {number} */
export function yardstick({ difference }) {
  return Math.max(1, Math.abs(difference));
}

/** How much a part matters: the larger of what it wrote and what is lost without it.
 *  @param {Why} why
 *  @returns {number[]} by part */
export function weights({ wrote, lost }) {
  return Array.from(wrote, (amount, i) => Math.max(Math.abs(amount), lost && !Number.isNaN(lost.amounts[i]) ? Math.abs(lost.amounts[i]) : 0));
}

/** @param {Why} why
 *  @param {number} count
 *  @param {(part: number) => boolean} [isAsked]
 *  @returns {number[]} of heads and MLPs those that matter most, the strongest first */
export function strongestParts(why, count, isAsked = () => true) {
  const by = weights(why);
  const inside = why.parts.filter(({ block, index }) => block >= 0 && isAsked(index)).map(({ index }) => index);
  return inside.sort((a, b) => by[b] - by[a]).slice(0, count);
}

/** @param {Why} why
 *  @param {number[]} [opened] parts that have a row of their own in any case
 *  @returns {Row[]} embedding, the parts that wrote or cost most, sums of the others, and what is left over */
export function waterfall(why, opened = []) {
  const { parts } = why;
  const by = weights(why);
  const own = new Set([...strongestParts(why, MOST_OWN).filter((part) => by[part] >= OWN_SHARE * yardstick(why)), ...opened]);
  const last = parts.length - 1;
  const groups = [[0], ...grouped(why, own), [last]];
  let from = 0;
  const rows = groups.map((group) => {
    const wrote = group.reduce((total, part) => total + why.wrote[part], 0);
    const lost = group.length === 1 && why.lost ? why.lost.amounts[group[0]] : NaN;
    const row = { name: nameOf(group, why, own), parts: group, wrote, lost, from, tenths: 0, isDim: Math.abs(wrote) < DIM_SHARE * yardstick(why) };
    from += wrote;
    return row;
  });
  return printed(rows, why.difference);
}

/** @param {Why} why
 *  @param {Set<number>} own
 *  @returns {number[][]} the parts of each row: own ones, and the rest of each run of blocks where its last part stands */
function grouped({ parts, wrote }, own) {
  const numBlocks = Math.max(...parts.map(({ block }) => block)) + 1;
  const runs = Array.from({ length: numBlocks }, (_, block) => [block]);
  const restOf = (/** @type {number[]} */ blocks) => parts.filter(({ block, index }) => blocks.includes(block) && !own.has(index)).map(({ index }) => index);
  const size = (/** @type {number[]} */ blocks) => Math.abs(restOf(blocks).reduce((total, part) => total + wrote[part], 0));
  while (runs.length > 1) {
    const pairs = runs.slice(1).map((run, i) => ({ i, size: Math.max(size(runs[i]), size(run)) }));
    const { i, size: least } = pairs.reduce((best, pair) => (pair.size < best.size ? pair : best));
    const whole = Math.max(1, Math.abs(wrote.reduce((total, x) => total + x, 0)));
    if (least >= DIM_SHARE * whole && runs.length <= MOST_RESTS) break;
    runs.splice(i, 2, [...runs[i], ...runs[i + 1]]);
  }
  const groups = [...[...own].map((part) => [part]), ...runs.map(restOf).filter(({ length }) => length)];
  return groups.sort((a, b) => a[a.length - 1] - b[b.length - 1]);
}

/** @param {number[]} group
 *  @param {Why} why
 *  @param {Set<number>} own
 *  @returns {string} like "head 3.1", "heads 5.2, 5.3", "rest of blocks 0–3" */
function nameOf(group, { parts }, own) {
  const [first] = group.map((part) => parts[part]);
  if (group.length === 1) return first.name;
  if (group.every((part) => parts[part].head >= 0) && group.length < 4) return `heads ${group.map((part) => parts[part].short).join(", ")}`;
  const [from, to] = [first.block, parts[group[group.length - 1]].block];
  const hasOwn = parts.some(({ block, index }) => block >= from && block <= to && own.has(index));
  const blocks = from === to ? `block ${from}` : `blocks ${from}–${to}`;
  return hasOwn ? `rest of ${blocks}` : blocks;
}

/** Rounded to tenths so that the column adds up: sums of several parts give way first, by a tenth each, then what is left over.
 *  @param {Row[]} rows
 *  @param {number} difference
 *  @returns {Row[]} */
function printed(rows, difference) {
  for (const row of rows) row.tenths = Math.round(10 * row.wrote);
  let missing = Math.round(10 * difference) - rows.reduce((total, { tenths }) => total + tenths, 0);
  const sign = Math.sign(missing);
  const sums = rows.filter(({ parts }) => parts.length > 1).sort((a, b) => sign * (10 * b.wrote - b.tenths - (10 * a.wrote - a.tenths)));
  for (const row of sums) {
    if (!missing) break;
    row.tenths += sign;
    missing -= sign;
  }
  rows[rows.length - 1].tenths += missing;
  return rows;
}
