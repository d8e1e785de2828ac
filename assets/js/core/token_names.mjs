/**
 * What tokens are called on charts, as mri/panels/names.py says it. Pure.
 */

/** @typedef {import("./types.mjs").Tokens} Tokens */
/** @typedef {import("./wire.mjs").Frame} Frame */

/** A token with visible spaces.
 *  @param {Tokens} tokens
 *  @param {number} id */
export function tokenName(tokens, id) {
  return (tokens.text[id] ?? `#${id}`).replace(/ /g, "␣");
}

/** Plotly reads a little HTML in labels.
 *  @param {string} text */
export function escaped(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** @type {WeakMap<Tokens, string[]>} */
const namesOf = new WeakMap();

/** Of the axis of tokens, up to the step's last key, as chart.axis_labels.
 *  @param {Tokens} tokens
 *  @param {Frame} frame */
export function keyNames(tokens, frame) {
  let all = namesOf.get(tokens);
  if (all?.length !== tokens.sequence.length)
    namesOf.set(tokens, (all = tokens.sequence.map((id, position) => `${position} ${escaped(tokenName(tokens, id))}`)));
  return all.slice(0, numKeys(frame));
}

/** @param {Frame} frame
 *  @returns {number} keys that the step's last token can look at */
export function numKeys({ header: { pos0, t_add: added } }) {
  return pos0 + added;
}

/** @param {Tokens} tokens
 *  @returns {number} positions that some step read */
export function numRead({ steps: { pos0, t_add: added } }) {
  return pos0.reduce((most, first, step) => Math.max(most, first + added[step]), 0);
}

/** Why the token after this step stands there.
 *  @param {Frame} frame
 *  @param {number} numPrompt
 *  @returns {string} */
export function howChosen(frame, numPrompt) {
  return numKeys(frame) < numPrompt ? "prompt" : frame.header.forced ? "calculator" : "chosen";
}
