/**
 * What this browser remembers from visit to visit, as texts by name.
 *
 * A browser may keep nothing (a sandboxed frame throws, a full one refuses): then it is remembered until the page closes.
 */

/** @type {Map<string, string>} */
const untilClosed = new Map();

/** @param {string} name
 *  @returns {string|null|undefined} null: it was never said; undefined: nor will it be kept if it is */
export function recall(name) {
  try {
    return untilClosed.get(name) ?? localStorage.getItem(name);
  } catch {
    return undefined;
  }
}

/** @param {string} name
 *  @param {string} text */
export function keep(name, text) {
  try {
    localStorage.setItem(name, text);
    untilClosed.delete(name);
  } catch {
    untilClosed.set(name, text);
  }
}
