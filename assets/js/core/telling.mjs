/**
 * The telling moments of a recording: where it was surprised, looked far back, or began to copy. N goes from one to the next.
 *
 * A surprise: the word that a step chose, or the text went on with, took 2 bits or more, more than those beside it. A long look: a head puts half of its weight or
 * more on one word, 8 or more back, half as far again as any look before. A copy: the model's own word stands behind the same word as
 * before, and the word before it was none.
 * Knows lines, tokens and frames. Refuses to know the page. Pure.
 */

import { attentionSummary } from "./layout.mjs";

/** @typedef {{step: number, says: string}} Moment */

const LEAST_BITS = 2;
const LEAST_WEIGHT = 0.5;
const LEAST_BACK = 8;
const FURTHER = 1.5;

/** @param {ArrayLike<number>} surprise by column, bits; NaN: not captured
 *  @returns {number[]} columns of its peaks */
export function surprisePeaks(surprise) {
  const at = (/** @type {number} */ column) => (surprise[column] >= 0 ? surprise[column] : 0); // NaN and beyond the ends
  return Array.from(surprise, (_, column) => column).filter(
    (column) => at(column) >= LEAST_BITS && at(column) >= at(column - 1) && at(column) > at(column + 1) && surprise[column] < Infinity,
  );
}

/** @param {import("./types.mjs").Tokens} tokens
 *  @param {number} numPrompt tokens of the prompt
 *  @returns {number[]} positions where a copy begins */
export function copies({ sequence }, numPrompt) {
  const seen = new Set();
  const found = [];
  let wasCopy = false;
  for (let position = 1; position < sequence.length; position++) {
    const pair = `${sequence[position - 1]} ${sequence[position]}`;
    const isCopy = seen.has(pair);
    if (isCopy && !wasCopy && position >= numPrompt) found.push(position);
    seen.add(pair);
    wasCopy = isCopy;
  }
  return found;
}

/** @param {import("./wire.mjs").Frame} frame
 *  @param {import("./layout.mjs").Layout} layout
 *  @returns {{back: number, layer: number, head: number}|null} the longest firm look of its last token */
export function longestLook(frame, layout) {
  const own = frame.header.pos0 + frame.header.t_add - 1;
  let best = null;
  for (let layer = 0; layer < layout.n_layer; layer++) {
    for (let head = 0; head < layout.n_head; head++) {
      const found = attentionSummary(frame, layout, layer, head);
      const key = found?.keys[0] ?? 0; // the first token is where heads rest
      if (found && key > 0 && found.weights[0] >= LEAST_WEIGHT && own - key > (best?.back ?? 0)) best = { back: own - key, layer, head };
    }
  }
  return best;
}

/** @param {object} recording
 *  @param {import("./types.mjs").Series|null} recording.series null: not here yet
 *  @param {import("./types.mjs").Tokens} recording.tokens
 *  @param {number} recording.numPrompt
 *  @param {import("./layout.mjs").Layout} recording.layout
 *  @param {(step: number) => import("./wire.mjs").Frame|null} recording.frame null: not in memory
 *  @returns {Moment[]} by step, each step once */
export function tellingMoments({ series, tokens, numPrompt, layout, frame }) {
  const { pos0, t_add: numRead } = tokens.steps;
  /** @type {Map<number, string[]>} */
  const found = new Map();
  const add = (/** @type {number} */ step, /** @type {string} */ says) => found.set(step, [...(found.get(step) ?? []), says]);
  const { surprise = new Float32Array(0), every = 1 } = series ?? {};
  for (const column of surprisePeaks(surprise)) add(column * every, `a surprise of ${surprise[column].toFixed(1)} bits`);
  let furthest = 0;
  for (let step = 0; step < pos0.length && layout.n_head; step++) {
    const here = frame(step);
    const look = here && longestLook(here, layout);
    if (!look || look.back < Math.max(LEAST_BACK, FURTHER * furthest)) continue;
    furthest = look.back;
    add(step, `block ${look.layer}, head ${look.head} looks back ${look.back} tokens`);
  }
  const stepBefore = new Map(pos0.map((start, step) => [start + numRead[step], step]));
  for (const position of copies(tokens, numPrompt)) if (stepBefore.has(position)) add(/** @type {number} */ (stepBefore.get(position)), "it begins to copy");
  return [...found].sort(([a], [b]) => a - b).map(([step, says]) => ({ step, says: says.join("; ") }));
}

/** @param {readonly Moment[]} moments
 *  @param {number} step where the clock stands
 *  @param {1|-1} direction
 *  @returns {Moment|null} from the end on to the beginning; null: there are none */
export function nextTelling(moments, step, direction) {
  if (direction > 0) return moments.find((moment) => moment.step > step) ?? moments[0] ?? null;
  return moments.findLast((moment) => moment.step < step) ?? moments[moments.length - 1] ?? null;
}
