/**
 * Numbers that a training script recorded beside the hook points, such as its loss: a line each, over the columns of a series.
 *
 * Says what the server would say of the same steps (mri/measure/series.py). Pure.
 */

/** @typedef {object} ExtraLine
 *  @property {string} name
 *  @property {ArrayLike<number>} values by column, the largest of its steps; NaN where one of them is, or where there is none
 *  @property {ArrayLike<number>} present 0: no step of the column has one */

const PREFIX = "extra/";

/** @param {import("./wire.mjs").Frame} frame
 *  @returns {[string, number][]} names and numbers; of arrays that are no single number nothing */
export function extrasOf({ arrays }) {
  const found = Object.entries(arrays).filter(([name, { shape }]) => name.startsWith(PREFIX) && shape?.length === 0);
  return found.map(([name, { data }]) => [name.slice(PREFIX.length), data[0]]);
}

/** One more step's numbers.
 *  @param {ExtraLine[]} lines of arrays, the loss first, then by name; added to in place
 *  @param {number} column that the step belongs to
 *  @param {[string, number][]} numbers */
export function appendExtras(lines, column, numbers) {
  for (const [name] of numbers) if (!lines.some((line) => line.name === name)) lines.push({ name, values: [], present: [] });
  lines.sort((a, b) => Number(b.name === "loss") - Number(a.name === "loss") || (a.name < b.name ? -1 : 1));
  const given = new Map(numbers);
  for (const { name, ...line } of lines) {
    const [values, present] = /** @type {number[][]} */ ([line.values, line.present]);
    for (; values.length <= column; present.push(0)) values.push(NaN);
    const value = given.get(name);
    if (value === undefined) continue;
    values[column] = present[column] ? Math.max(values[column], value) : value; // a NaN stays one
    present[column] = 1;
  }
}

/** @param {ExtraLine[]} lines
 *  @returns {ExtraLine[]} with twice as many steps to a column */
export function halvedExtras(lines) {
  return lines.map(({ name, values, present }) => {
    const pairs = Array.from({ length: Math.ceil(values.length / 2) }, (_, i) => [2 * i, 2 * i + 1].filter((column) => present[column]));
    const largest = pairs.map((columns) => (columns.length ? Math.max(...columns.map((column) => values[column])) : NaN));
    return { name, values: largest, present: pairs.map((columns) => Number(columns.length > 0)) };
  });
}
