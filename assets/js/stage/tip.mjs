/**
 * What is under the pointer, in words: hook point, neuron, its value with all its digits, its rank.
 *
 * Knows a frame and its layout. Refuses to know the mouse and where things are drawn.
 */

import { exactly, formatBound, formatReading, formatValue } from "../core/format.mjs";
import { bound, captured, hookPoint, reading } from "../core/layout.mjs";
import { MARK } from "../core/quantization.mjs";
import { el } from "../shell/dom.mjs";

/** @param {import("../core/types.mjs").Lane} lane
 *  @param {{key: string, neuron: number|null}} found
 *  @param {import("../core/groups.mjs").Groups|null} [groups] that colour the dots
 *  @returns {HTMLElement[]} */
export function tipParts({ run: { layout }, frame, name, none, differences }, { key, neuron }, groups = null) {
  const whose = name ? `${name} · ` : "";
  if (!layout.rows.has(key)) return [el("b", { text: `${whose}${key}` }), el("div", { text: "This model has no such hook point." })];
  if (!frame) return [el("b", { text: `${whose}${key}` }), el("div", { text: none ?? "" })];
  const { unit, width } = hookPoint(layout, key);
  if (neuron === null) {
    const most = differences ? NaN : bound(frame, layout, key);
    return [el("b", { text: `${whose}${key}` }), el("div", { text: `${width} neurons${Number.isNaN(most) ? "" : `; not captured ${formatBound(most)}`}` })];
  }
  const title = el("div", {}, whose, el("b", { text: key }), ` · neuron ${neuron}`);
  const group = groups?.words(key, neuron);
  const grouped = group ? [el("div", { class: "mri-muted", text: group })] : [];
  if (differences) return [title, ...differenceParts(differences(key), neuron, unit), ...grouped];
  const read = reading(frame, layout, key, neuron);
  const isNumber = read.mark === MARK.value;
  const most = Number.isNaN(read.bound) ? "" : `, rounded: |x| ${formatBound(read.bound)}`;
  return [
    title,
    el("div", { class: "mri-value", text: isNumber ? `${exactly(read.value)} ${unit}${most}` : formatReading(read) }),
    el("div", { class: "mri-muted", text: rankText(frame, layout, key, neuron) }),
    ...grouped,
  ];
}

/** @param {ReturnType<typeof import("../core/difference.mjs").neuronDifferences>|null} found
 *  @param {number} neuron
 *  @param {string} unit
 *  @returns {HTMLElement[]} */
function differenceParts(found, neuron, unit) {
  const said = (/** @type {string} */ text) => el("div", { class: "mri-muted", text });
  if (!found) return [said("nothing is subtracted here")];
  const row = found.neurons.find((each) => each.neuron === neuron);
  if (!row) return [said("captured by neither side")];
  if (Number.isNaN(row.difference)) return [said("the side that did not capture it has no bound")];
  const isBoth = row.by === "both";
  const off = row.rounding > 0 ? ` ± ${formatValue(row.rounding)}` : "";
  const sign = isBoth ? "=" : row.difference > 0 ? "≥" : "≤";
  const why = row.difference === 0 ? "within the other side's bound: may be either" : `captured in ${row.by.toUpperCase()} only: the other side's bound`;
  return [
    el("div", { class: "mri-value", text: `B − A ${sign} ${exactly(row.difference)} ${unit}${off}` }),
    said(isBoth ? `A ${exactly(row.a)}, B ${exactly(row.b)}` : why),
  ];
}

/** @param {import("../core/wire.mjs").Frame} frame
 *  @param {import("../core/layout.mjs").Layout} layout
 *  @param {string} key
 *  @param {number} neuron */
function rankText(frame, layout, key, neuron) {
  const found = captured(frame, layout, key);
  const { width } = hookPoint(layout, key);
  if (!found) return "statistics only in this step";
  const place = found.indices ? Array.prototype.indexOf.call(found.indices, neuron) : neuron;
  const most = bound(frame, layout, key);
  if (place < 0) return Number.isNaN(most) ? "not sampled" : `weaker than the ${found.values.length} kept: ${formatBound(most)}`;
  const own = Math.abs(found.values[place]);
  let rank = 1;
  for (const value of found.values) if (Math.abs(value) > own) rank++;
  return `rank ${rank} of ${width} by magnitude`;
}
