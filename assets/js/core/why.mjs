/**
 * Why a step says what it says: two tokens, and what every part of the model wrote to the difference of their logits.
 *
 * A part is the embedding (0), then block by block each head and the MLP, and last what no part wrote ("left over"): the order
 * of `trace.ledger`. Logits are those before the softcap. Knows frames, and the server's answers on demand (see run/whys.mjs).
 * Refuses to know words, pictures and the page. Pure.
 */

import { logits } from "./layout.mjs";

/** @typedef {import("./wire.mjs").Frame} Frame */
/** @typedef {import("./layout.mjs").Layout} Layout */

/** @typedef {{index: number, name: string, short: string, block: number, head: number}} Part block and head −1: none */

/** @typedef {object} Sweep every head and MLP off in turn, at this step only: rows are parts 1 … P, columns `token_ids`
 *  @property {Frame["arrays"]} arrays token_ids, before, after, wrote, norm, bits_before, bits_after */

/** @typedef {object} Answer one step of `GET …/why`
 *  @property {number} token
 *  @property {number} against
 *  @property {Record<string, Float32Array|Uint32Array|Uint16Array>} arrays of that step, flat
 *  @property {Record<string, string>} texts of tokens that the recording does not know */

/** @typedef {object} Why
 *  @property {number} step
 *  @property {number} token whose lead is explained
 *  @property {number} against
 *  @property {number[]} kept tokens that can be chosen, strongest first
 *  @property {boolean} isChosen the step chose it: else it is a token that somebody asked for, or the strongest of a prompt's step
 *  @property {[number, number]} logits of both
 *  @property {number} difference
 *  @property {Part[]} parts
 *  @property {Float64Array} wrote by part, to the difference; adds up to it
 *  @property {Lost|null} lost null: not measured yet
 *  @property {Answer|null} answer */

/** @typedef {object} Lost what of the difference is lost with a part off: by part, NaN for the embedding and what is left over
 *  @property {Float64Array} amounts
 *  @property {Float64Array} byNorm of what answers, what the last norm does: negative where it gives back
 *  @property {Float64Array} bits more surprise at the chosen token */

const NO_PART = -1;

/** @type {WeakMap<Layout, Part[]>} */
const partsKnown = new WeakMap();

/** @param {Layout} layout
 *  @returns {Part[]} */
export function partsOf(layout) {
  const known = partsKnown.get(layout);
  if (known) return known;
  const { n_layer: numLayers, n_head: numHeads } = layout;
  const blocks = Array.from({ length: numLayers }, (_, block) => [
    ...Array.from({ length: numHeads }, (_, head) => ({ name: `head ${block}.${head}`, short: `${block}.${head}`, block, head })),
    { name: `MLP ${block}`, short: `MLP ${block}`, block, head: NO_PART },
  ]);
  const outside = { block: NO_PART, head: NO_PART };
  const all = [{ name: "embedding", short: "embedding", ...outside }, ...blocks.flat(), { name: "left over", short: "left over", ...outside }];
  const parts = all.map((part, index) => ({ index, ...part }));
  partsKnown.set(layout, parts);
  return parts;
}

/** @param {Layout} layout
 *  @param {number} block
 *  @param {number} head −1: its MLP
 *  @returns {number} */
export function partAt({ n_head: numHeads }, block, head) {
  return 1 + block * (numHeads + 1) + (head < 0 ? numHeads : head);
}

/** Whether a recording keeps what parts wrote.
 *  @param {Layout} layout */
export function hasLedger({ config }) {
  return config.ledger === "direct";
}

/** @param {Frame} frame
 *  @returns {boolean} whether this step has all of it */
function isKept({ arrays, header }) {
  return "ledger/token_ids" in arrays && header.dropped_layers.length === 0;
}

/** @param {Frame} frame
 *  @returns {number[]} tokens with a ledger, strongest first; without a ledger those that were predicted */
export function keptTokens(frame) {
  const predicted = logits(frame)?.ids ?? [];
  const chosen = frame.header.chosen_id;
  return [...new Set([...predicted, ...(isKept(frame) ? frame.arrays["ledger/token_ids"].data : chosen >= 0 ? [chosen] : [])])];
}

/** The token that the step chose (the strongest where none was) and the strongest other one, unless others are asked for that
 *  were kept.
 *  @param {Frame} frame
 *  @param {{token?: number|null, against?: number|null}} [asked]
 *  @returns {{token: number, against: number, isUsual: boolean}|null} null: nothing was predicted */
export function pairOf(frame, { token = null, against = null } = {}) {
  const kept = keptTokens(frame);
  if (kept.length < 2) return null;
  const chosen = frame.header.chosen_id >= 0 ? frame.header.chosen_id : kept[0];
  const first = token !== null && kept.includes(token) ? token : chosen;
  const rival = against !== null && against !== first && kept.includes(against) ? against : /** @type {number} */ (kept.find((id) => id !== first));
  const isUsual = first === chosen && rival === kept.find((id) => id !== chosen);
  return { token: first, against: rival, isUsual };
}

/** @param {object} of
 *  @param {Frame} of.frame
 *  @param {Layout} of.layout
 *  @param {{token?: number|null, against?: number|null}} [of.asked]
 *  @param {Answer|null} [of.answer] of this step; left aside where it is of other tokens
 *  @param {Sweep|null} [of.sweep] of this step
 *  @returns {Why|null} null: the step has no ledger, and none was computed */
export function whyOf({ frame, layout, asked, answer = null, sweep = null }) {
  const pair = pairOf(frame, asked);
  if (!pair) return null;
  const { token, against } = pair;
  const found = answer && answer.token === token && answer.against === against ? answer : null;
  if (!isKept(frame) && !found) return null;
  const parts = partsOf(layout);
  const [one, other] = isKept(frame) ? [token, against].map((id) => amountsOf(frame, layout, id)) : [null, null];
  const computed = found && Float64Array.from(found.arrays.parts);
  const wrote = one && other ? one.map((x, i) => x - other[i]) : /** @type {Float64Array} */ (computed);
  const sums = one && other ? [one, other].map(sum) : /** @type {any} */ (found).arrays.logits;
  const [own, rival] = sums;
  return {
    step: frame.header.step,
    token,
    against,
    kept: keptTokens(frame),
    isChosen: token === frame.header.chosen_id,
    logits: [own, rival],
    difference: sum(wrote),
    parts,
    wrote,
    lost: sweep && lostOf(sweep, token, against, parts.length),
    answer: found,
  };
}

/** What each part wrote to one token's logit.
 *  @param {Frame} frame that has a ledger
 *  @param {Layout} layout
 *  @param {number} id one of those kept
 *  @returns {Float64Array} by part */
function amountsOf({ arrays }, { n_layer: numLayers, n_head: numHeads }, id) {
  const ids = arrays["ledger/token_ids"].data;
  const [column, count] = [Array.prototype.indexOf.call(ids, id), ids.length];
  const out = new Float64Array(2 + numLayers * (numHeads + 1));
  const read = (/** @type {string} */ name, /** @type {number} */ row) => arrays[`ledger/${name}`].data[row * count + column];
  out[0] = read("embed", 0);
  for (let block = 0; block < numLayers; block++) {
    for (let head = 0; head < numHeads; head++) out[1 + block * (numHeads + 1) + head] = read("heads", block * numHeads + head);
    out[1 + block * (numHeads + 1) + numHeads] = read("mlp", block);
  }
  out[out.length - 1] = read("left_over", 0);
  return out;
}

/** @param {Sweep} sweep
 *  @param {number} token
 *  @param {number} against
 *  @param {number} numParts with embedding and left over
 *  @returns {Lost|null} null: it is not of these tokens */
function lostOf({ arrays }, token, against, numParts) {
  const ids = arrays.token_ids.data;
  const [at, other] = [token, against].map((id) => Array.prototype.indexOf.call(ids, id));
  if (at < 0 || other < 0) return null;
  const of = (/** @type {string} */ name, /** @type {number} */ row) => arrays[name].data[row * ids.length + at] - arrays[name].data[row * ids.length + other];
  const before = of("before", 0);
  const [amounts, byNorm, bits] = [0, 1, 2].map(() => new Float64Array(numParts).fill(NaN));
  for (let row = 0; row < numParts - 2; row++) {
    amounts[row + 1] = before - of("after", row);
    byNorm[row + 1] = before - of("wrote", row) - of("norm", row);
    bits[row + 1] = arrays.bits_after.data[row] - arrays.bits_before.data[0];
  }
  return { amounts, byNorm, bits };
}

/** One step out of an answer of `GET …/why`.
 *  @param {Frame} blob
 *  @param {number} step
 *  @returns {Answer|null} null: it is not among its steps */
export function answerAt(blob, step) {
  const { start, stop, texts = {} } = /** @type {any} */ (blob.header);
  if (step < start || step >= stop) return null;
  const rows = Object.entries(blob.arrays).map(([name, { data, shape }]) => {
    const each = data.length / shape[0];
    return [name, data.subarray((step - start) * each, (step - start + 1) * each)];
  });
  const arrays = Object.fromEntries(rows);
  return { token: arrays.token_ids[0], against: arrays.against_ids[0], arrays, texts };
}

/** How the lead looks at every depth: the embedding, then the end of each block.
 *  @param {Frame} frame
 *  @param {Why} why
 *  @returns {{stream: number[], exit: number[]}|null} of the stream as it stands, and of what of it reaches the exit; null: not recorded */
export function lensOf({ arrays }, { token, against, answer }) {
  const ids = arrays["lens/token_ids"]?.data ?? [];
  const [at, other] = [token, against].map((id) => Array.prototype.indexOf.call(ids, id));
  if (at < 0 || other < 0) return answer && { stream: [...answer.arrays.lens_stream], exit: [...answer.arrays.lens_exit] };
  const line = (/** @type {string} */ name) => {
    const { data, shape } = arrays[name];
    return Array.from({ length: shape[0] }, (_, depth) => data[depth * ids.length + at] - data[depth * ids.length + other]);
  };
  return { stream: line("lens/stream"), exit: line("lens/exit") };
}

/** @typedef {{id: number, prob: number}[]} Guesses strongest first */

/** @param {Frame} frame
 *  @param {number} depth 0: the embedding, i: the end of block i − 1
 *  @param {Answer|null} [answer]
 *  @returns {{stream: Guesses|null, exit: Guesses|null}} the five strongest tokens there by both footings; null: not known */
export function guessesAt({ arrays }, depth, answer = null) {
  const five = (/** @type {any} */ ids, /** @type {any} */ probs) =>
    ids ? Array.from(ids.subarray(depth * 5, depth * 5 + 5), (id, i) => ({ id, prob: probs[depth * 5 + i] })) : null;
  const computed = answer?.arrays ?? {};
  const top = arrays["lens/top_ids"];
  const stream = top ? five(top.data, arrays["lens/top_probs"].data) : five(computed.stream_ids, computed.stream_probs);
  return { stream, exit: five(computed.exit_ids, computed.exit_probs) };
}

/** @param {ArrayLike<number>} values
 *  @returns {number} */
function sum(values) {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}
