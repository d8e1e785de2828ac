/**
 * The list of sessions as it is held: some of its lines, and what to do with the news of some of them.
 *
 * Knows lines as GET /library/rows has them. Refuses to know the page and the network. Pure.
 */

/** Lines that are fetched and drawn at a time. */
export const PAGE = 50;

/** Most lines in one answer. */
const MOST = 200;

/** @typedef {object} Line
 *  @property {string} id
 *  @property {string} title
 *  @property {string} apart what tells it apart from others of this title, "" where there are none
 *  @property {string} prompt
 *  @property {string} model
 *  @property {string} how temperature, seed and capture, as far as they are known
 *  @property {string} steps
 *  @property {string} size
 *  @property {string} recorded
 *  @property {string} state
 *  @property {string} words
 *  @property {string} meaning
 *  @property {string[]} can what can be done with it: compare, export, rename, delete */

/** The order after a press on a column's head: numbers and times begin with the largest, texts with A.
 *  @param {string} by the order now
 *  @param {string} column */
export function orderAfter(by, column) {
  if (by === column) return `-${column}`;
  if (by === `-${column}`) return column;
  return ["steps", "size", "recorded"].includes(column) ? `-${column}` : column;
}

/** @param {Line[]} lines those held
 *  @param {Line[]} news of the lines from `start` on
 *  @param {number} start
 *  @returns {number[]|null} places that changed; null where the list is another one, to be fetched anew */
export function changedPlaces(lines, news, start) {
  if (news.some((line, i) => lines[start + i]?.id !== line.id)) return null;
  return news.flatMap((line, i) => (JSON.stringify(line) === JSON.stringify(lines[start + i]) ? [] : [start + i]));
}

/** Ranges of at most MOST lines.
 *  @param {number} stop
 *  @returns {[number, number][]} that together are 0 … stop */
export function ranges(stop) {
  return Array.from({ length: Math.ceil(stop / MOST) }, (_, i) => [i * MOST, Math.min((i + 1) * MOST, stop)]);
}
