/**
 * What is under the pointer, in words: hook point, neuron, its value with all its digits, its rank.
 *
 * Knows a frame and its layout. Refuses to know the mouse and where things are drawn.
 */

import { exactly, formatBound, formatReading } from "../core/format.mjs";
import { bound, captured, hookPoint, reading } from "../core/layout.mjs";
import { MARK } from "../core/quantization.mjs";
import { boundText } from "./paint.mjs";
import { el } from "../shell/dom.mjs";

/** @param {import("../core/wire.mjs").Frame} frame
 *  @param {import("../core/layout.mjs").Layout} layout
 *  @param {{key: string, neuron: number|null}} found
 *  @param {import("../core/groups.mjs").Groups|null} [groups] that colour the dots
 *  @returns {HTMLElement[]} */
export function tipParts(frame, layout, { key, neuron }, groups = null) {
  const { unit, width } = hookPoint(layout, key);
  if (neuron === null) {
    const most = boundText(frame, layout, key);
    return [el("b", { text: key }), el("div", { text: `${width} neurons${most ? `; ${most}` : ""}` })];
  }
  const read = reading(frame, layout, key, neuron);
  const isNumber = read.mark === MARK.value;
  const most = Number.isNaN(read.bound) ? "" : `, rounded: |x| ${formatBound(read.bound)}`;
  const group = groups?.words(key, neuron);
  return [
    el("div", {}, el("b", { text: key }), ` · neuron ${neuron}`),
    el("div", { class: "mri-value", text: isNumber ? `${exactly(read.value)} ${unit}${most}` : formatReading(read) }),
    el("div", { class: "mri-muted", text: rankText(frame, layout, key, neuron) }),
    ...(group ? [el("div", { class: "mri-muted", text: group })] : []),
  ];
}

/** @param {import("../core/wire.mjs").Frame} frame
 *  @param {import("../core/layout.mjs").Layout} layout
 *  @param {string} key
 *  @param {number} neuron
 *  @returns {string} */
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
