/**
 * The stage's legend: the colour scale with its end, the mark of everything that is no number, and what particles carry.
 *
 * Knows scales.json and how dots are drawn. Refuses to know frames and what is under the pointer.
 */

import { colourMap, plain } from "../core/colour.mjs";
import { FLOWS } from "../core/flow.mjs";
import { formatValue } from "../core/format.mjs";
import { pointOfGroups } from "../core/groups.mjs";
import { hookPoint } from "../core/layout.mjs";
import { MARK } from "../core/quantization.mjs";
import { drawMark } from "./paint.mjs";
import { coreRadius } from "./sprites.mjs";
import { el, sized } from "../shell/dom.mjs";

/** @typedef {import("../core/colour.mjs").Stops} Stops */

/** @type {[string, number, number][]} what the legend lists: name, value, mark */
const MARKS = [
  ["not captured", NaN, MARK.notCaptured],
  ["zero", 0, MARK.value],
  ["NaN", NaN, MARK.nan],
  ["±∞", Infinity, MARK.plusInfinity],
  ["clipped", 65504, MARK.clipped],
];

/** @param {Record<string, any>} scales assets/scales.json
 *  @param {boolean} isSigned
 *  @param {boolean} isDifference B − A is shown, which has a sign in any case
 *  @returns {{positive: Stops, negative: Stops}} the same where sign is not shown */
export function dotScales(scales, isSigned, isDifference) {
  const both = isDifference ? scales.comparison : isSigned && scales.signed;
  if (!both) return { positive: scales.temperature, negative: scales.temperature };
  return { positive: half(both, 1), negative: half(both, -1) };
}

/** One side of the signed scale, from near the middle outwards: the middle itself is the ground's colour, and a small
 *  captured value must still be seen.
 *  @param {Stops} stops
 *  @param {1|-1} sign
 *  @returns {Stops} */
function half(stops, sign) {
  const colour = colourMap(stops);
  const hex = (/** @type {number} */ share) =>
    colour(0.5 + sign * share * 0.5)
      .map((part) => part.toString(16).padStart(2, "0"))
      .join("");
  return [0, 0.25, 0.5, 0.75, 1].map((t) => [t, `#${hex(0.3 + 0.7 * t)}`]);
}

/** The parts of the legend for one hook point.
 *  @param {object} shown
 *  @param {string} shown.key
 *  @param {import("../core/layout.mjs").Layout} shown.layout
 *  @param {Record<string, any>} shown.scales
 *  @param {number} shown.top magnitude at the end of the scale
 *  @param {boolean} shown.isSigned
 *  @param {boolean} shown.isDifference B − A is shown
 *  @param {import("../core/flow.mjs").FlowKind} shown.flow "none" where nothing runs
 *  @param {import("../core/groups.mjs").Groups|null} [shown.groups] that colour the dots
 *  @param {readonly string[]} [shown.keys] hook points on the stage
 *  @returns {HTMLElement[]} */
export function legendParts({ key, layout, scales, top, isSigned: isAsked, isDifference, flow, groups = null, keys = [] }) {
  const isGrouped = groups !== null && groups.has(keys);
  const isSigned = (isAsked || isDifference) && !isGrouped; // group colours have no sign
  const { positive, negative } = isGrouped ? { positive: plain(scales.groups.none), negative: null } : dotScales(scales, isSigned, isDifference);
  const goes = isDifference ? "are orange where A is larger and blue where B is," : "go from blue over white and yellow to red";
  const scale = el("canvas", { role: "img", "aria-label": `Dots grow and ${goes} up to ${formatValue(top)}` });
  drawScale(scale, positive, isSigned ? negative : null);
  const end = formatValue(top);
  const what = isDifference ? "B − A, where one side was not captured the least that it can be," : "Magnitude";
  const title = `${what} (${hookPoint(layout, key).unit}) of ${key}. Full scale: what 90 % of the steps have as 99th percentile.`;
  const parts = [
    el("span", { class: "mri-scale", title }, isDifference ? `B − A ≤ −${end}` : isSigned ? `≤ −${end}` : "|x| 0", scale, `≥ ${end}`),
    ...MARKS.map(([name, value, mark]) => el("span", {}, markSwatch(value, mark, scales.marks), name)),
  ];
  if (groups) parts.splice(1, 0, isGrouped ? groupKeys(groups) : el("span", { text: `groups are of ${pointOfGroups(groups.name)}: not on these plates` }));
  const [, , formula] = FLOWS.find(([kind]) => kind === flow) ?? FLOWS[FLOWS.length - 1];
  if (formula) {
    const title = `Particles: ${formula}. More, brighter, faster and hotter ones are a larger amount; at 1 they are most. Where a block's amount was not captured, none run.`;
    parts.push(el("span", { class: "mri-flow-key", title }, "0", flowSwatch(scales.temperature), "1"));
  }
  return parts;
}

/** What the colours of groups mean; size stays the magnitude.
 *  @param {import("../core/groups.mjs").Groups} groups
 *  @returns {HTMLElement} */
function groupKeys({ colours, name }) {
  const dots = colours.map((colour, place) => {
    const none = place === colours.length - 1 && { title: "captured too rarely, or of a hook point that was not grouped", text: "no group" };
    return el("span", { class: "mri-group-key", style: `--group:${colour}`, text: String(place + 1), ...none });
  });
  return el("span", { class: "mri-groups", title: `Groups of ${pointOfGroups(name)}, made on the Neurons page; size: magnitude` }, "group", ...dots);
}

/** Dots of the scale from small to large, as they are on the plates.
 *  @param {HTMLCanvasElement} canvas
 *  @param {Stops} stops
 *  @param {Stops|null} negative */
function drawScale(canvas, stops, negative) {
  const [count, cell] = [9, 13];
  const ctx = sized(canvas, count * cell, 18);
  if (!ctx) return;
  for (let i = 0; i < count; i++) {
    const share = negative ? Math.abs(i - (count - 1) / 2) / ((count - 1) / 2) : i / (count - 1);
    const side = negative && i < (count - 1) / 2 ? negative : stops;
    ctx.fillStyle = colourAt(side, share);
    ctx.beginPath();
    ctx.arc((i + 0.5) * cell, 9, coreRadius(share, cell), 0, 2 * Math.PI);
    ctx.fill();
  }
}

/** @param {Stops} stops
 *  @returns {HTMLCanvasElement} a few particles, more and hotter to the right */
function flowSwatch(stops) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const ctx = sized(canvas, 54, 14);
  for (let i = 0; ctx && i < 12; i++) {
    const share = (i / 11) ** 0.6;
    ctx.fillStyle = colourAt(stops, share);
    ctx.beginPath();
    ctx.arc(2 + share * 50, 3 + ((i * 5) % 9), 0.9 + share, 0, 2 * Math.PI);
    ctx.fill();
  }
  return canvas;
}

/** @param {Stops} stops
 *  @param {number} t */
function colourAt(stops, t) {
  const [r, g, b] = colourMap(stops)(t);
  return `rgb(${r},${g},${b})`;
}

/** @param {number} value
 *  @param {number} mark
 *  @param {Record<string, string>} colours
 *  @returns {HTMLCanvasElement} */
function markSwatch(value, mark, colours) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const ctx = sized(canvas, 14, 14);
  if (!ctx) return canvas;
  if (mark === MARK.notCaptured) {
    ctx.fillStyle = colours.not_captured;
    ctx.fillRect(6, 6, 2, 2);
  } else drawMark(ctx, value, mark, 7, 7, 4, colours);
  return canvas;
}

/** What the bars between two lanes say.
 *  @returns {HTMLElement} */
export function betweenKey() {
  const title = "Between the plates: ‖A − B‖ over the mean of both lengths. 0: the same; √2: nothing in common. Where neurons were not captured, the likeliest";
  return el("span", { class: "mri-between-key", title }, "A ↔ B 0", el("i", { style: "--share:0.7" }), "√2 unrelated");
}
