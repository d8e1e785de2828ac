/**
 * What runs from plate to plate: a measured amount for each block of one step.
 *
 * Every amount comes from the frame's statistics or attention summaries; where they are missing it is NaN and nothing runs.
 * Pure; knows no picture.
 */

import { attentionSummary, stats } from "./layout.mjs";

/** @typedef {import("./layout.mjs").Layout} Layout */
/** @typedef {import("./wire.mjs").Frame} Frame */

/** @typedef {"attention"|"mlp"|"tokens"|"none"} FlowKind */

/** What a person can choose: [kind, label, formula].
 *  @type {readonly [FlowKind, string, string][]} */
export const FLOWS = Object.freeze([
  ["attention", "attention wrote", "‖attn_out‖ / ‖resid_pre‖ of each block"],
  ["mlp", "the MLP wrote", "‖mlp_out‖ / ‖resid_mid‖ of each block"],
  ["tokens", "attention read from", "mean weight over each block's heads"],
  ["none", "nothing", ""],
]);

/** At this amount particles are most, brightest and fastest: a write as long as the stream it is added to, or all of the attention. */
export const FULL_FLOW = 1;

/** @param {Frame} frame
 *  @param {Layout} layout
 *  @param {"attention"|"mlp"} kind
 *  @returns {Float32Array} (n_layer,) length of what was written over the length of the stream it was added to, as drawn up
 *           in FLOWS; NaN where a statistic is missing. In a prefill both are root mean squares over its positions. */
export function writes(frame, layout, kind) {
  const [written, stream] = kind === "attention" ? ["attn_out", "resid_pre"] : ["mlp_out", "resid_mid"];
  return Float32Array.from({ length: layout.n_layer }, (_, block) => {
    const [over, under] = [written, stream].map((name) => `block.${block}.${name}`);
    if (!layout.rows.has(over) || !layout.rows.has(under)) return NaN;
    return stats(frame, layout, over).l2 / stats(frame, layout, under).l2;
  });
}

/** Where a block's last query read from: the kept weights, averaged over its heads.
 *  @param {Frame} frame
 *  @param {Layout} layout
 *  @param {number} block
 *  @returns {Map<number, number>|null} absolute position -> mean weight over heads, at least; null where not captured */
export function reads(frame, layout, block) {
  /** @type {Map<number, number>} */
  const mass = new Map();
  for (let head = 0; head < layout.n_head; head++) {
    const summary = attentionSummary(frame, layout, block, head);
    if (!summary) return null;
    for (let i = 0; i < summary.keys.length; i++) {
      mass.set(summary.keys[i], (mass.get(summary.keys[i]) ?? 0) + summary.weights[i] / layout.n_head);
    }
  }
  return mass;
}
