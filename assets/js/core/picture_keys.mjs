/**
 * The keys of the picture while the keyboard's focus is on it: what the dialog of keys and the picture itself say of them.
 *
 * Words only; stage/hand.mjs does what they say.
 */

/** @type {readonly (readonly [label: string, does: string])[]} */
export const PICTURE_KEYS = Object.freeze([
  ["← →", "neuron"],
  ["↑ ↓", "plate"],
  ["Page ↑ ↓", "row"],
  ["Home", "strongest"],
  ["Enter", "select"],
  ["W", "watch"],
  ["Shift ← → ↑ ↓", "turn"],
  ["+ − 0", "zoom"],
  ["Esc", "leave"],
]);
