/** What the tip over the timeline says of a step: what was read in it, and the numbers of its lines. Knows tokens and series. */

import { kindOf } from "../core/lanes.mjs";
import { exactly, formatValue } from "../core/format.mjs";
import { tokenName } from "../core/token_names.mjs";
import { el } from "../shell/dom.mjs";

/** @param {number} step
 *  @param {import("../core/types.mjs").Tokens} tokens
 *  @param {string} word what the clock counts
 *  @returns {HTMLElement[]} which step it is, and what was read in it */
export function readIn(step, tokens, word) {
  const { sequence, steps } = tokens;
  const lines = [el("div", {}, el("b", { text: `${word} ${step}` }), ` · ${steps.forced[step] ? "forced" : steps.phase[step]}`)];
  if (word === "moment") return lines;
  const [pos0, numRead, next] = [steps.pos0[step], steps.t_add[step], steps.chosen_id[step]];
  const name = (/** @type {number} */ id) => `“${tokenName(tokens, id)}”`;
  const read = numRead === 1 ? name(sequence[pos0]) : `${numRead} tokens`;
  if (numRead) lines.push(el("div", { text: `read ${read}${next >= 0 ? `, then came ${name(next)}` : ""}` }));
  return lines;
}

/** @param {number} step
 *  @param {import("../core/types.mjs").Series} series
 *  @param {(import("../core/lanes.mjs").Lane & {side?: string})[]} lanes side: of A or of B, where there are both
 *  @param {number} lastStep
 *  @returns {HTMLElement[]} the exact number of each line */
export function valuesIn(step, { every, firstOdd }, lanes, lastStep) {
  const none = firstOdd && step >= firstOdd.step ? "no number: NaN or ∞ is in it, or it was not captured" : "not captured";
  const column = Math.floor(step / every);
  const values = lanes.map((lane) => {
    const [kind, value] = [kindOf(lane, column), lane.values[column]];
    const missing = lane.present ? "not recorded in this step" : none;
    const nats = lane.name === "surprise" && kind === "number" ? ` = ${formatValue(value * Math.LN2)} nats` : "";
    const text = kind === "missing" ? missing : `${exactly(value)} ${lane.unit}`.trim();
    const name = `${lane.side?.toUpperCase() ?? ""} ${lane.title} `.trimStart();
    return el("div", { "data-lane": lane.name }, name, el("span", { class: "mri-value", text }), nats);
  });
  if (every === 1) return values;
  return [el("div", { text: `largest of the steps ${column * every}–${Math.min(lastStep, (column + 1) * every - 1)}:` }), ...values];
}
