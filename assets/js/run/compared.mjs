/**
 * Two sessions to be compared: their alignment, and of each what a page needs to show any of its steps.
 *
 * Knows addresses and the frame cache. Refuses to know the clock and drawing.
 */

import { stepsOfPositions } from "../core/growth.mjs";
import { layoutFromMeta } from "../core/layout.mjs";
import { FrameCache } from "./cache.mjs";
import { fetchAlignment, fetchFrames, fetchMeta, fetchTokens } from "./http.mjs";

/** @typedef {object} ComparedSide
 *  @property {FrameCache} cache
 *  @property {import("../core/types.mjs").Tokens} tokens
 *  @property {import("../core/layout.mjs").Layout} layout
 *  @property {ArrayLike<number>} stepOf which step read each position, −1: none
 *  @property {number} numPrompt tokens of the prompt
 *  @property {string[]} names of the tokens by position */

/** @param {{a: string, b: string, align: string}} boot
 *  @param {AbortSignal} signal
 *  @returns {Promise<{alignment: import("../core/moments.mjs").Alignment, a: ComparedSide, b: ComparedSide}>} rejects with a sentence */
export async function fetchCompared(boot, signal) {
  const [alignment, a, b] = await Promise.all([fetchAlignment(boot.a, boot.b, boot.align, signal), fetchSide(boot.a, signal), fetchSide(boot.b, signal)]);
  return { alignment, a, b };
}

/** @param {string} id
 *  @param {AbortSignal} signal
 *  @returns {Promise<ComparedSide>} */
export async function fetchSide(id, signal) {
  const [meta, tokens] = await Promise.all([fetchMeta(id, signal), fetchTokens(id, signal)]);
  return {
    cache: new FrameCache({ numSteps: meta.num_steps, fetchWindow: (start, stop, signal) => fetchFrames(id, start, stop, signal, meta.version) }),
    tokens,
    layout: layoutFromMeta(meta),
    stepOf: stepsOfPositions(tokens),
    numPrompt: meta.session.num_prompt_tokens,
    names: tokens.sequence.map((/** @type {number} */ token) => (tokens.text[token] ?? `#${token}`).replace(/ /g, "␣")),
  };
}
