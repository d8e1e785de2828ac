/**
 * Shares and best guesses as plain numbers: percent with enough digits in a column that adds up, and odds. Pure.
 */

import { logits } from "../core/layout.mjs";

/** @typedef {{id: number, share: number, percent: string, odds: string, isChosen: boolean}} Share id −1: all others together */

const NUM_SHARES = 4;
const MOST_DIGITS = 4;

/** @param {number} p 0…1
 *  @returns {string} "1 in 1,900": two digits that count; "" from one in two on */
export function oddsOf(p) {
  if (!(p > 0) || p >= 0.5) return "";
  const one = Number((1 / p).toPrecision(2));
  return one < 1e9 ? `1 in ${one.toLocaleString("en")}` : "less than 1 in a thousand million";
}

/** Percent, as few digits as are right for a number that stands alone.
 *  @param {number} p 0…1
 *  @returns {string} like 99.9 %, 99.97 %, 8 %, 0.05 % */
export function percentOf(p) {
  if (Number.isNaN(p)) return "no number";
  if (p === 0 || p === 1) return `${100 * p} %`;
  let digits = Math.min(MOST_DIGITS, Math.max(0, Math.ceil(-Math.log10(100 * p))));
  while (digits < MOST_DIGITS && Number((100 * p).toFixed(digits)) === 100) digits++;
  const shown = 100 * p;
  const last = 10 ** -digits;
  if (shown < last / 2) return `under ${last.toFixed(digits)} %`;
  return shown > 100 - last / 2 ? `over ${(100 - last).toFixed(digits)} %` : `${shown.toFixed(digits)} %`;
}

/** What comes next, the likeliest first, then the word that was taken if it is none of these, then all others.
 *  @param {import("../core/wire.mjs").Frame} frame
 *  @param {number} numWords of the vocabulary
 *  @param {number} taken id of the word that follows, −1: none
 *  @param {number} [most] rows
 *  @returns {{rows: Share[], numOthers: number}|null} percents are rounded so that they add up to 100; null: not recorded, or no numbers */
export function sharesOf(frame, numWords, taken, most = NUM_SHARES) {
  const found = logits(frame);
  if (!found || !found.ids.length || !Number.isFinite(found.probs[0])) return null;
  const picked = [...found.ids.subarray(0, most)].map((id, i) => ({ id, share: found.probs[i] }));
  if (taken >= 0 && !picked.some(({ id }) => id === taken)) {
    const at = found.ids.indexOf(taken);
    const share = at >= 0 ? found.probs[at] : taken === frame.header.chosen_id ? Math.exp(found.chosenLogprob) : NaN;
    if (Number.isFinite(share)) picked.splice(-1, 1, { id: taken, share });
  }
  const rest = Math.max(0, 1 - picked.reduce((sum, { share }) => sum + share, 0));
  const all = [...picked, { id: -1, share: rest }];
  const smallest = Math.min(...picked.map(({ share }) => 100 * share).filter((each) => each > 0));
  const digits = Math.min(MOST_DIGITS, Math.max(1, Math.ceil(-Math.log10(smallest))));
  const percents = addedUp(
    all.map(({ share }) => share),
    digits,
  );
  const rows = all.map(({ id, share }, i) => ({ id, share, percent: written(percents[i], share, digits), odds: oddsOf(share), isChosen: id === taken }));
  return { rows, numOthers: numWords - picked.length };
}

/** Largest remainders: whole units of the last digit that add up to 100 %.
 *  @param {number[]} shares that add up to 1
 *  @param {number} digits behind the point
 *  @returns {number[]} units */
function addedUp(shares, digits) {
  const whole = 100 * 10 ** digits;
  const exact = shares.map((share) => share * whole);
  const units = exact.map(Math.floor);
  const left = whole - units.reduce((sum, each) => sum + each, 0);
  const order = exact.map((each, i) => ({ i, rest: each - units[i] })).sort((a, b) => b.rest - a.rest);
  for (const { i } of order.slice(0, Math.max(0, left))) units[i]++;
  return units;
}

/** @param {number} units
 *  @param {number} share
 *  @param {number} digits
 *  @returns {string} */
function written(units, share, digits) {
  if (!units && share > 0) return `< ${(10 ** -digits).toFixed(digits)} %`;
  return `${(units / 10 ** digits).toFixed(digits)} %`;
}

/** @typedef {{layer: number, id: number, share: number, isOwn: boolean}} Guess layer −1: the word that goes in; isOwn: measured, the model's own */

/** Each layer's best guess if the model stopped there; the top one is what the model itself says.
 *  @param {import("../core/wire.mjs").Frame} frame
 *  @param {number} numLayers
 *  @param {import("../run/guesses.mjs").Found|null} [found] that were worked out since
 *  @returns {Guess[]|null} bottom to top; null: not recorded */
export function guessesOf(frame, numLayers, found = recorded(frame)) {
  const own = logits(frame);
  if (!found || !own?.ids.length || !numLayers) return null;
  const { ids, probs, width } = found;
  const below = Array.from({ length: numLayers - 1 }, (_, layer) => {
    const at = (layer + 1) * width; // depth 0 is the embedding
    return { layer, id: ids[at], share: probs[at], isOwn: false };
  });
  return [...below, { layer: numLayers - 1, id: own.ids[0], share: own.probs[0], isOwn: true }];
}

/** @param {import("../core/wire.mjs").Frame} frame
 *  @returns {import("../run/guesses.mjs").Found|null} */
function recorded({ arrays }) {
  const [ids, probs] = [arrays["lens/top_ids"], arrays["lens/top_probs"]];
  return ids && probs ? { ids: ids.data, probs: probs.data, width: ids.shape[ids.shape.length - 1] } : null;
}
