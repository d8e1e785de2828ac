/**
 * What a step predicted, at a temperature: as mri/measure/predictions.py.
 *
 * Pure. Exact at temperature 1; at others shares of the tokens that were captured, for the other logits are not known.
 */

import { shares } from "./dice.mjs";
import { logits } from "./layout.mjs";

/** @typedef {object} Predictions
 *  @property {number[]} ids strongest first, then the token that follows where it is not among the captured ones
 *  @property {number[]} ranks 0 = the strongest of the whole vocabulary
 *  @property {number[]} logits before temperature; of a token that was not captured chosen_logprob + logsumexp
 *  @property {number[]} probs
 *  @property {number} chosen row of the token that follows, −1 where none does
 *  @property {number} rank of that token
 *  @property {number} logprob of that token at temperature 1, in nats */

/** @param {import("./wire.mjs").Frame} frame
 *  @param {number} [temperature] positive
 *  @returns {Predictions|null} null where the step has none */
export function predictions(frame, temperature = 1) {
  const found = logits(frame);
  if (!found) return null;
  const { logsumexp, chosenLogprob: logprob, chosenRank: rank } = found;
  const id = frame.header.chosen_id;
  const ids = [...found.ids];
  const values = [...found.logits];
  const ranks = ids.map((_, i) => i);
  if (id >= 0 && !ids.includes(id) && Number.isFinite(logprob)) {
    ids.push(id);
    values.push(Math.fround(logprob + logsumexp));
    ranks.push(rank);
  }
  const probs = temperature === 1 ? values.map((logit) => Math.exp(logit - logsumexp)) : shares(values, temperature);
  return { ids, ranks, logits: values, probs, chosen: id < 0 ? -1 : ids.indexOf(id), rank, logprob };
}

/** The first of them, and the token that follows where it is not among those. Probabilities stay what they are.
 *  @param {Predictions} found
 *  @param {number} [numTokens]
 *  @returns {Predictions} */
export function strongest(found, numTokens = 20) {
  const { chosen } = found;
  const first = (/** @type {number[]} */ list) => [...list.slice(0, numTokens), ...(chosen >= numTokens ? [list[chosen]] : [])];
  const [ids, ranks, values, probs] = [found.ids, found.ranks, found.logits, found.probs].map(first);
  return { ...found, ids, ranks, logits: values, probs, chosen: Math.min(chosen, numTokens) };
}

/** How the tokens of a recording were drawn, for the line of facts.
 *  @param {Record<string, any>|undefined} sampling of its session
 *  @returns {string} "" where it is not known */
export function drawnWords({ temperature, seed } = {}) {
  if (typeof temperature !== "number") return "";
  const drawn = `temperature ${temperature}`;
  return temperature > 0 && typeof seed === "number" ? `${drawn}, seed ${seed}` : drawn;
}

/** Of which temperature the shares are, beside that of the recording.
 *  @param {number} shown
 *  @param {number|undefined} recorded */
export function ofWhichTemperature(shown, recorded) {
  const own =
    shown === 1 ? "Shares are the model’s own, at temperature 1" : `Shares are as temperature ${shown.toFixed(2)} would have them, not the model’s own`;
  if (typeof recorded !== "number") return `${own}.`;
  if (recorded === shown) return `${own}; this recording drew at it, too.`;
  return `${own}; this recording ${recorded > 0 ? `drew at ${recorded}` : "took the likeliest (0)"}.`;
}

/** What the numbers are, as temperature_words of mri/panels/predictions.py.
 *  @param {number} numTokens
 *  @param {number} temperature
 *  @param {number[]} [probs] */
export function temperatureWords(numTokens, temperature, probs = []) {
  if (probs.some(Number.isNaN)) return "no probabilities: there is NaN or ∞ among the logits";
  if (temperature === 1) return "probability at temperature 1, exact";
  return `share among the ${numTokens} captured at temperature ${temperature.toFixed(2)}`;
}
