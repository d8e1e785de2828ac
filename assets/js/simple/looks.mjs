/**
 * Looks back worth a line: heads of attention that put much of their weight on few earlier words. Pure.
 *
 * A look is told by the words that get a tenth of it or more, two of them at most, neither the word that looks nor the first token (where
 * heads rest that have nothing to do) nor a mark of the text. How much of it they get together says how strong it is.
 */

import { attentionSummary } from "../core/layout.mjs";

/** @typedef {object} Look
 *  @property {number} layer
 *  @property {number} head
 *  @property {{position: number, weight: number}[]} at by falling weight
 *  @property {number} strength share of the look that goes there */

const LEAST_WEIGHT = 0.1;
const MOST_WORDS = 2;

/** @param {import("../core/wire.mjs").Frame} frame
 *  @param {import("../core/layout.mjs").Layout} layout
 *  @param {import("../core/types.mjs").Tokens} tokens
 *  @param {number} layer
 *  @returns {Look|null} the strongest of that layer; null: none of its looks goes back, or none was recorded */
export function lookOf(frame, layout, { sequence, special }, layer) {
  const own = frame.header.pos0 + frame.header.t_add - 1;
  let best = null;
  for (let head = 0; head < layout.n_head; head++) {
    const found = attentionSummary(frame, layout, layer, head);
    if (!found) return null;
    const all = Array.from(found.keys, (position, i) => ({ position, weight: found.weights[i] }));
    const isTold = (/** @type {{position: number, weight: number}} */ { position, weight }) =>
      weight >= LEAST_WEIGHT && position > 0 && position < own && !special.includes(sequence[position]);
    const at = all.filter(isTold).slice(0, MOST_WORDS);
    const strength = at.reduce((sum, { weight }) => sum + weight, 0);
    if (at.length && strength > (best?.strength ?? 0)) best = { layer, head, at, strength };
  }
  return best;
}

/** @param {import("../core/wire.mjs").Frame} frame
 *  @param {import("../core/layout.mjs").Layout} layout
 *  @param {import("../core/types.mjs").Tokens} tokens
 *  @returns {Look[]} the two strongest, of different layers */
export function strongestLooks(frame, layout, tokens) {
  const all = Array.from({ length: layout.n_layer }, (_, layer) => lookOf(frame, layout, tokens, layer)).filter((look) => look !== null);
  return all.sort((a, b) => b.strength - a.strength).slice(0, 2);
}
