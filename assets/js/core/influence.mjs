/**
 * How strongly each token bears on a step's prediction: the two measures in words, and what to draw of them.
 *
 * Pure. Knows weights by position. Refuses to know where they come from and the page.
 */

import { trueMinus } from "./format.mjs";

/** @typedef {"attention"|"gradient"} Measure */

/** @typedef {object} Influence
 *  @property {number[]} weights by position, signed where the measure is
 *  @property {string} note what makes it approximate, "" where it is exact
 *  @property {number} [most_off] how much of it may stand elsewhere at most, 0 … 1 */

/** @type {Readonly<Record<Measure, {label: string, unit: string, explanation: string}>>} */
export const MEASURES = Object.freeze({
  attention: {
    label: "attention mass",
    unit: "",
    explanation:
      "Attention rolled out over the layers: per layer ½ · attention (mean of the heads) + ½ · identity, multiplied from the first layer to the last (Abnar & Zuidema 2020). All tokens together have 1. It follows attention only, not what the MLPs do.",
  },
  gradient: {
    label: "gradient × input",
    unit: " logit",
    explanation:
      "Σ over the embedding of gradient · value, of the logit of the predicted token: how much the logit rises, to first order, as this token's embedding (embed.resid0) is stretched. Negative: it speaks against the prediction. Computed anew from the model's weights.",
  },
});

/** Strength 0…1 of each token's colour: the square root of its share of the largest magnitude, because the first token
 *  often holds most of it.
 *  @param {number[]} weights */
export function shades(weights) {
  const most = Math.max(...weights.map(Math.abs), 0);
  return weights.map((weight) => (most > 0 ? Math.sqrt(Math.abs(weight) / most) : 0));
}

/** Positions of the largest magnitudes, falling; zeros are not among them.
 *  @param {number[]} weights
 *  @param {number} most */
export function strongest(weights, most) {
  const positions = weights.map((_, position) => position).filter((position) => weights[position] !== 0);
  return positions.sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a])).slice(0, most);
}

/** The exact value, to be read under the pointer.
 *  @param {Measure} measure
 *  @param {number} weight
 *  @returns {string} like "attention mass 0.123457" */
export function valueText(measure, weight) {
  const { label, unit } = MEASURES[measure];
  return `${label} ${trueMinus(String(Number(weight.toPrecision(6))))}${unit}`;
}

/** What stands behind the strongest tokens where the measure is approximate.
 *  @param {Influence} influence
 *  @returns {string} like " · approximate, up to 14 % may stand elsewhere"; "" where it is exact */
export function approximateText({ note, most_off: mostOff = 0 }) {
  if (!note) return "";
  return ` · approximate${mostOff > 0 ? `, up to ${(100 * mostOff).toPrecision(2)} % may stand elsewhere` : ""}`;
}

/** Black or white text, whichever stands out more (WCAG 2 contrast).
 *  @param {[number, number, number]} background red, green, blue in 0…255 */
export function textOn(background) {
  const [red, green, blue] = background.map((channel) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000000" : "#ffffff";
}

/** @typedef {{x: number, top: number, bottom: number}} Anchor middle, upper and lower edge of a token, in CSS pixels */

const BULGE_PX = 9;
const HEAD = "m-3 -4 l3 4 l3 -4"; // every arc comes down on its token

/** SVG path from a token to the predicted one, with an arrow head: over the line they share, or from line to line.
 *  @param {Anchor} from
 *  @param {Anchor} to */
export function arc(from, to) {
  if (from.top === to.top) return `M${from.x} ${from.top} C${from.x} ${from.top - BULGE_PX} ${to.x} ${to.top - BULGE_PX} ${to.x} ${to.top}${HEAD}`;
  const middle = (from.bottom + to.top) / 2;
  return `M${from.x} ${from.bottom} C${from.x} ${middle + BULGE_PX} ${to.x} ${middle - 2 * BULGE_PX} ${to.x} ${to.top}${HEAD}`;
}
