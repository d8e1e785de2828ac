/**
 * Recordings that were asked for here and not yet looked at: how their first look begins. Told once.
 */

/** @type {Map<string, boolean>} id -> its clock stands at the first step until somebody lets it go */
const begun = new Map();

/** @param {string} id
 *  @param {boolean} startsPaused */
export function noteBegun(id, startsPaused) {
  begun.set(id, startsPaused);
}

/** @param {string|null} id
 *  @returns {{startsPaused: boolean}|null} null: it was begun elsewhere, or was looked at before */
export function takeBegun(id) {
  if (id === null || !begun.has(id)) return null;
  const startsPaused = /** @type {boolean} */ (begun.get(id));
  begun.delete(id);
  return { startsPaused };
}
