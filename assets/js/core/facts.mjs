/**
 * A recording in one line: whose model, how large, how its tokens were drawn, how long, and what was kept.
 *
 * Says what the meta says. Refuses to know the page. Pure.
 */

import { drawnWords } from "./predictions.mjs";

/** @type {Record<string, string>} attention tier -> words */
const ATTENTION = Object.freeze({ summary: "the strongest keys of each head", full_row: "whole attention rows", full_matrix: "whole attention maps" });

/** @param {{model_id?: string, model_config?: Record<string, any>, sampling?: Record<string, any>, layout?: {config?: Record<string, any>}}} session of the meta
 *  @param {{n_layer: number, n_head: number, topk: number, points: readonly any[]}} layout
 *  @param {number} numSteps so far
 *  @returns {string} */
export function factsOf(
  { model_id: model = "", model_config: sizes = {}, sampling, layout: kept = {} },
  { n_layer: numLayers, n_head: numHeads, topk, points },
  numSteps,
) {
  const blocks = `${numLayers} blocks${sizes.n_embd ? ` × ${sizes.n_embd}` : ""}, ${numHeads} heads`;
  const steps = `${numSteps.toLocaleString("en")} step${numSteps === 1 ? "" : "s"}`;
  const facts = [modelWords(model), numLayers ? blocks : `${points.length} hook points`, drawnWords(sampling), steps];
  return [...facts, keptWords(kept.config ?? {}, topk, numLayers > 0)].filter(Boolean).join(" · ");
}

/** @param {string} model id, of a checkpoint "chatsft/d6/5760"
 *  @returns {string} */
function modelWords(model) {
  const [, source, tag, step] = /^([^/]+)\/([^/]+)\/(\d+)$/.exec(model) ?? [];
  return step ? `${source} ${tag}, step ${Number(step).toLocaleString("en")}` : model;
}

/** @param {Record<string, any>} config of the capture
 *  @param {number} topk
 *  @param {boolean} hasHeads
 *  @returns {string} */
function keptWords({ capture_mode: mode, attention_tier: tier, sample_stride: stride }, topk, hasHeads) {
  const values = /** @type {Record<string, string>} */ ({
    stats: "statistics only",
    sampled: `every ${stride}th neuron`,
    topk: topk ? `strongest ${topk} of each point` : "the strongest of each point",
    full: "every value",
  })[mode];
  return [values, hasHeads && ATTENTION[tier]].filter(Boolean).join(", ");
}
