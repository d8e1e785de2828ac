/**
 * The ways to see several recordings at once: side by side, two of them in one tower as what they differ by, or flat. Pure.
 */

/** @typedef {import("./address.mjs").View} View */

/** @typedef {object} Way
 *  @property {string} name
 *  @property {string} says
 *  @property {Partial<View>} view what it is of a view */

/** @type {readonly Way[]} */
const WAYS = Object.freeze([
  { name: "Side by side", says: "A tower for each, on one colour scale", view: { picture: null, difference: null } },
  { name: "One tower, B − A", says: "What the two differ by, neuron by neuron", view: { picture: null, difference: 1 } },
  { name: "Flat", says: "All plates face on, for work", view: { picture: "flat", difference: null } },
]);

/** @param {number} numLanes
 *  @returns {readonly Way[]} only two can be subtracted */
export function waysOf(numLanes) {
  return numLanes === 2 ? WAYS : WAYS.filter(({ view }) => !view.difference);
}

/** @param {string} picture that is wanted
 *  @param {boolean} isDifference
 *  @returns {Way} */
export function wayOf(picture, isDifference) {
  return WAYS[picture === "flat" ? 2 : isDifference ? 1 : 0];
}

/** @param {string} picture
 *  @param {boolean} isDifference
 *  @param {number} numLanes
 *  @returns {Way} the one after this one, and behind the last the first */
export function nextWay(picture, isDifference, numLanes) {
  const ways = waysOf(numLanes);
  return ways[(ways.indexOf(wayOf(picture, isDifference)) + 1) % ways.length];
}
