/**
 * The words as the axis of time: every word has a column, a step stands where the last word that it read stands.
 *
 * Knows tokens, steps and pixels. Refuses to know canvas and the page. Pure.
 */

/** From more steps on the words scroll with the clock. */
const MOST_FIT = 30;
const LEAST_PX = 40;
const [NARROW_PX, WIDE_PX] = [44, 76]; // of a column, where words scroll
const MOST_PX = 120;
const CHAR_PX = 7.9;
const SMALL_CHAR_PX = 5.9; // in the smallest letters that can be read: the style sheet makes a long word's as small as it must
const ROOM_PX = 8;

/** @typedef {object} Axis in CSS pixels of what is in sight
 *  @property {number} columnPx
 *  @property {(step: number) => number} xOf where a step stands: at the last word that it read
 *  @property {(step: number) => number} xAbout where the word stands that it chose, or the text went on with
 *  @property {(x: number) => number} stepAt the step that read what stands there; of a word that none read, the last one */

/** @param {number} width of what is in sight, CSS pixels
 *  @param {readonly string[]} names of the words
 *  @returns {number} width of a column: as wide as they all fit, else so that most words can be read in full size, and the longest small */
export function columnPxOf(width, names) {
  const fits = width / Math.max(1, names.length);
  const lengths = names.map((name) => name.trim().length).sort((a, b) => a - b);
  const longest = Math.min(MOST_PX, (lengths[lengths.length - 1] ?? 0) * SMALL_CHAR_PX + ROOM_PX);
  if (names.length <= MOST_FIT + 1 && fits >= Math.max(LEAST_PX, longest)) return fits;
  const most = lengths[Math.floor(0.9 * (lengths.length - 1))] ?? 0;
  return Math.max(longest, Math.min(WIDE_PX, Math.max(NARROW_PX, most * CHAR_PX + ROOM_PX)));
}

/** @param {object} words
 *  @param {{pos0: number[], t_add: number[]}} words.steps
 *  @param {ArrayLike<number>} words.stepOf which step read each position, −1: none
 *  @param {number} words.columnPx
 *  @param {number} words.scrollPx how far they are scrolled
 *  @returns {Axis} */
export function wordAxis({ steps: { pos0, t_add: numRead }, stepOf, columnPx, scrollPx }) {
  const middle = (/** @type {number} */ position) => (Math.max(0, position) + 0.5) * columnPx - scrollPx;
  const after = (/** @type {number} */ step) => pos0[step] + numRead[step];
  return {
    columnPx,
    xOf: (step) => middle(after(step) - 1),
    xAbout: (step) => middle(after(step)),
    stepAt: (x) => {
      const position = Math.min(stepOf.length - 1, Math.max(0, Math.floor((x + scrollPx) / columnPx)));
      return stepOf[position] >= 0 ? stepOf[position] : pos0.length - 1;
    },
  };
}

/** How far the words are to be scrolled so that a position and the one behind it are in sight.
 *  @param {number} position
 *  @param {number} columnPx
 *  @param {number} scrollPx now
 *  @param {number} width of what is in sight
 *  @returns {number} the same where they are */
export function scrollTo(position, columnPx, scrollPx, width) {
  const left = position * columnPx;
  if (left >= scrollPx && left + 2 * columnPx <= scrollPx + width) return scrollPx;
  return Math.max(0, left - width / 3);
}
