/**
 * Watched neurons by name: a short list, in the order in which they were chosen.
 *
 * Knows names and how many there may be. Refuses to know frames and the page. Pure.
 */

/** A name tells a line from its neighbours by colour and dash: there are so many of both (mri/panels/watched.py). */
export const MOST_WATCHED = 6;

/** @param {string} point hook point
 *  @param {number} neuron
 *  @returns {string} "<hook point>:<neuron>" */
export function watchName(point, neuron) {
  return `${point}:${neuron}`;
}

/** @param {string} name */
export function watchFromName(name) {
  const colon = name.lastIndexOf(":");
  return { point: name.slice(0, colon), neuron: Number(name.slice(colon + 1)) };
}

/** The list without the neuron if it is there, with it at the end if it is not.
 *  @param {readonly string[]} watched
 *  @param {string} name
 *  @returns {readonly string[]|null} null: the list is full */
export function toggled(watched, name) {
  if (watched.includes(name)) return watched.filter((each) => each !== name);
  return watched.length < MOST_WATCHED ? [...watched, name] : null;
}

/** Those of the names that this session has.
 *  @param {readonly string[]|null} watched
 *  @param {import("./layout.mjs").Layout} layout
 *  @returns {readonly string[]} */
export function watchedHere(watched, layout) {
  return (watched ?? []).filter((name) => {
    const { point, neuron } = watchFromName(name);
    const row = layout.rows.get(point);
    return row !== undefined && neuron < layout.points[row].width;
  });
}
