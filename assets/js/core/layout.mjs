/**
 * Which row of which array belongs to a hook point, and a frame's values read by it: the mirror of StepFrame.
 *
 * Knows mri/format/layout.py as the server describes it in /sessions/<id>/meta, and the accessors of mri/format/events.py.
 * Refuses to know bytes, networks, colours and the page. Everything here is pure.
 */

import { F16_ZERO, MARK, dequantized, halfUlpOfFloat16, markOf } from "./quantization.mjs";

/** @typedef {import("./wire.mjs").Frame} Frame */
/** @typedef {import("./wire.mjs").FrameArray} FrameArray */

/** @typedef {Wire.HookPoint} HookPoint */

/** @typedef {object} Layout
 *  @property {HookPoint[]} points bottom to top, one row of `stats` each
 *  @property {Map<string, number>} rows hook point key -> row in `stats`
 *  @property {Map<string, {rows: Map<string, number>, layers: number[]}>} groups array group (topk/256, full/1024, …)
 *  @property {Record<string, number[]>} sampled width -> neuron numbers that sampled mode keeps
 *  @property {Wire.TraceConfig} config
 *  @property {number} topk
 *  @property {number} n_layer
 *  @property {number} n_head
 *  @property {number} n_ctx
 *  @property {number} n_vocab */

/** Columns of `stats`. */
export const STATS = Object.freeze(["mean", "std", "min", "max", "l2", "sparsity", "p99"]);

/** A softmax row computed in float32 sums to 1 within this. */
export const ROW_SUM_ERROR = 1e-5;

/** @param {Wire.Meta} meta
 *  @returns {Layout} */
export function layoutFromMeta(meta) {
  const { points, config, topk, n_layer, n_head, n_ctx, n_vocab } = meta.session.layout;
  const rows = rowsOf(points.map((point) => point.key));
  const groups = new Map();
  for (const [name, keys] of Object.entries(meta.groups)) {
    const layers = keys.map((key) => points[/** @type {number} */ (rows.get(key))].layer_index);
    groups.set(name, { rows: rowsOf(keys), layers });
  }
  return { points, rows, groups, sampled: meta.sampled ?? {}, config, topk, n_layer, n_head, n_ctx, n_vocab };
}

/** @param {string[]} keys */
function rowsOf(keys) {
  return new Map(keys.map((key, row) => [key, row]));
}

/** The hook point of that key.
 *  @param {Layout} layout
 *  @param {string} key
 *  @returns {HookPoint}
 *  @throws {RangeError} on an unknown key */
export function hookPoint(layout, key) {
  const row = layout.rows.get(key);
  if (row === undefined) throw new RangeError(`There is no hook point “${key}” in this session.`);
  return layout.points[row];
}

/** Whether it is behind relu², as `is_never_negative` of mri/format/hook_points.py.
 *  @param {HookPoint} point */
export function isNeverNegative({ key, layer_type: type }) {
  return type === "mlp" && key.endsWith(".mlp_act");
}

/** Row of hook point `key` in array `name` of this frame, null where it was not captured or was dropped.
 *  @param {Frame} frame
 *  @param {Layout} layout
 *  @param {string} name like stats or topk/256/values
 *  @param {string} key */
export function rowInArray(frame, layout, name, key) {
  if (!(name in frame.arrays)) return null;
  const isStats = name === "stats";
  const group = layout.groups.get(name.slice(0, name.lastIndexOf("/")));
  const row = isStats ? layout.rows.get(key) : group?.rows.get(key);
  if (row === undefined) return null;
  const dropped = frame.header.dropped_layers;
  if (dropped.length === 0) return row;
  const layerAt = (/** @type {number} */ i) => (isStats ? layout.points[i].layer_index : /** @type {any} */ (group).layers[i]);
  if (dropped.includes(layerAt(row))) return null;
  let shift = 0;
  for (let i = 0; i < row; i++) shift += dropped.includes(layerAt(i)) ? 1 : 0;
  return row - shift;
}

/** Row of a head among all heads in the attention arrays of this frame, null where it was dropped.
 *  @param {Frame} frame
 *  @param {Layout} layout
 *  @param {number} layer
 *  @param {number} head
 *  @returns {number|null}
 *  @throws {RangeError} on a head that the model does not have */
function headRow(frame, layout, layer, head) {
  if (!(layer >= 0 && layer < layout.n_layer && head >= 0 && head < layout.n_head)) {
    throw new RangeError(`There is no head ${head} in layer ${layer}: the model has ${layout.n_layer} × ${layout.n_head}.`);
  }
  const dropped = frame.header.dropped_layers;
  if (dropped.includes(layer)) return null;
  return (layer - dropped.filter((other) => other < layer).length) * layout.n_head + head;
}

/** One row of an array along its last axis, as a view.
 *  @param {FrameArray} array
 *  @param {number} row index over all the other axes together
 *  @returns {import("./quantization.mjs").TypedArray} */
function rowView(array, row) {
  const width = array.shape[array.shape.length - 1];
  return array.data.subarray(row * width, (row + 1) * width);
}

/** The seven statistics of a hook point, NaN where its layer was dropped.
 *  @param {Frame} frame
 *  @param {Layout} layout
 *  @param {string} key
 *  @returns {{mean: number, std: number, min: number, max: number, l2: number, sparsity: number, p99: number}} */
export function stats(frame, layout, key) {
  hookPoint(layout, key);
  const row = rowInArray(frame, layout, "stats", key);
  const values = row === null ? null : rowView(frame.arrays.stats, row);
  return /** @type {any} */ (Object.fromEntries(STATS.map((name, i) => [name, values ? values[i] : NaN])));
}

/** Hook points whose values hold NaN or ±∞ in this step, in the layout's order: their statistics are no numbers. What was
 *  left out is not among them.
 *  @param {Frame} frame
 *  @param {Layout} layout */
export function oddPoints(frame, layout) {
  const keys = layout.points.map(({ key }) => key);
  return keys.filter((key) => rowInArray(frame, layout, "stats", key) !== null && !Number.isFinite(stats(frame, layout, key).l2));
}

/** Neuron numbers (null: all of them, in order) and their values as captured; null where none were.
 *  `indices` may be in falling order of magnitude.
 *  @param {Frame} frame
 *  @param {Layout} layout
 *  @param {string} key
 *  @returns {{indices: ArrayLike<number>|null, values: Float32Array}|null} */
export function captured(frame, layout, key) {
  const { width } = hookPoint(layout, key);
  for (const mode of ["full", "topk", "sampled"]) {
    const group = `${mode}/${width}`;
    const row = rowInArray(frame, layout, `${group}/values`, key);
    if (row === null) continue;
    const array = frame.arrays[`${group}/values`];
    const scale = frame.arrays[`${group}/scale`]?.data[row] ?? null;
    const values = dequantized(rowView(array, row), array.dtype, scale);
    if (mode === "full") return { indices: null, values };
    if (mode === "topk") return { indices: rowView(frame.arrays[`${group}/indices`], row), values };
    return { indices: sampledIndices(layout, width), values };
  }
  return null;
}

/** Neurons that sampled mode keeps. A seeded choice is numpy's and comes with the meta; a stride is arithmetic.
 *  @param {Layout} layout
 *  @param {number} width
 *  @returns {ArrayLike<number>} */
function sampledIndices(layout, width) {
  const { sample_stride: stride, sample_seed: seed } = layout.config;
  if (seed === null) return Int32Array.from({ length: Math.ceil(width / stride) }, (_, i) => i * stride);
  if (!layout.sampled[width]) throw new RangeError(`The server did not say which of ${width} neurons were sampled: update it.`);
  return layout.sampled[width];
}

/** Values of the step's last token, NaN where not captured (a captured NaN is NaN too: see `marks`).
 *  @param {Frame} frame
 *  @param {Layout} layout
 *  @param {string} key
 *  @returns {Float32Array} (width,); in full mode with f32 a view of the frame, so do not write to it */
export function values(frame, layout, key) {
  const { width } = hookPoint(layout, key);
  const found = captured(frame, layout, key);
  if (found && found.indices === null) return found.values;
  const out = new Float32Array(width).fill(NaN);
  if (found?.indices) for (let i = 0; i < found.values.length; i++) out[found.indices[i]] = found.values[i];
  return out;
}

/** What each neuron's cell shows: a value, clipped, NaN, ±∞ or not captured.
 *  @param {Frame} frame
 *  @param {Layout} layout
 *  @param {string} key
 *  @returns {Uint8Array} (width,) of quantization.MARK */
export function marks(frame, layout, key) {
  const { width } = hookPoint(layout, key);
  const found = captured(frame, layout, key);
  const out = new Uint8Array(width).fill(MARK.notCaptured);
  if (!found) return out;
  for (let i = 0; i < found.values.length; i++) {
    out[found.indices ? found.indices[i] : i] = markOf(found.values[i], layout.config.quantization);
  }
  return out;
}

/** Largest magnitude of the neurons that were not kept; NaN where nothing bounds them.
 *  @param {Frame} frame
 *  @param {Layout} layout
 *  @param {string} key */
export function bound(frame, layout, key) {
  const name = `topk/${hookPoint(layout, key).width}/bound`;
  const row = rowInArray(frame, layout, name, key);
  return row === null ? NaN : frame.arrays[name].data[row];
}

/** How far the captured values of a hook point are from what they were before they were stored: the larger of
 *  relative · |value| and absolute (mri/measure/vectors.py).
 *  @param {Frame} frame
 *  @param {Layout} layout
 *  @param {string} key */
export function rounding(frame, layout, key) {
  const { quantization } = layout.config;
  if (quantization === "f16") return { relative: 2 ** -11, absolute: 2 ** -25 };
  if (quantization !== "q8") return { relative: 0, absolute: 0 };
  const { width } = hookPoint(layout, key);
  for (const mode of ["full", "topk", "sampled"]) {
    const row = rowInArray(frame, layout, `${mode}/${width}/scale`, key);
    if (row !== null) return { relative: 0, absolute: Math.fround(frame.arrays[`${mode}/${width}/scale`].data[row] * (0.5 + 2 ** -16)) };
  }
  return { relative: 0, absolute: 0 };
}

/** One neuron's cell, for hovers and history lines.
 *  @param {Frame} frame
 *  @param {Layout} layout
 *  @param {string} key
 *  @param {number} neuron
 *  @returns {{mark: number, value: number, bound: number}} mark as in quantization.MARK; value NaN unless captured;
 *           bound NaN unless the neuron fell below the top-k or float16 may have rounded it to 0 */
export function reading(frame, layout, key, neuron) {
  const found = captured(frame, layout, key);
  const place = found === null ? -1 : found.indices === null ? neuron : Array.prototype.indexOf.call(found.indices, neuron);
  if (!found || place < 0 || place >= found.values.length) {
    return { mark: MARK.notCaptured, value: NaN, bound: bound(frame, layout, key) };
  }
  const value = found.values[place];
  const { quantization } = layout.config;
  return { mark: markOf(value, quantization), value, bound: value === 0 && quantization === "f16" ? F16_ZERO : NaN };
}

/** The strongest keys of one head and what is known of its row; null where attention was not captured.
 *  @param {Frame} frame
 *  @param {Layout} layout
 *  @param {number} layer
 *  @param {number} head
 *  @returns {{keys: ArrayLike<number>, weights: Float32Array, entropy: number, maxWeight: number, bound: number}|null}
 *           keys: absolute positions by falling weight; entropy in bits; bound: no other key weighs more */
export function attentionSummary(frame, layout, layer, head) {
  const at = headRow(frame, layout, layer, head);
  if (at === null || !("attention/keys" in frame.arrays)) return null;
  const array = frame.arrays["attention/weights"];
  const codes = rowView(array, at);
  const weights = dequantized(codes, array.dtype, null);
  const numKeys = frame.header.pos0 + frame.header.t_add;
  return {
    keys: rowView(frame.arrays["attention/keys"], at),
    weights,
    entropy: frame.arrays["attention/entropy"].data[at],
    maxWeight: frame.arrays["attention/max_weight"].data[at],
    bound: weights.length < numKeys ? boundOfOtherKeys(weights, codes, array.dtype) : 0,
  };
}

/** Largest weight that a key outside the kept ones can have: at most the weakest kept one, and at most what the kept
 *  ones leave of 1. Both are taken at the far edge of float16 rounding, so that the bound holds.
 *  @param {Float32Array} weights by falling weight
 *  @param {ArrayLike<number>} codes
 *  @param {string} dtype F16 or F32 */
function boundOfOtherKeys(weights, codes, dtype) {
  const slack = (/** @type {number} */ i) => (dtype === "F16" ? halfUlpOfFloat16(codes[i]) : 0);
  const last = weights.length - 1;
  let left = 1 + ROW_SUM_ERROR;
  for (let i = 0; i <= last; i++) left -= weights[i] - slack(i);
  return Math.max(0, Math.min(weights[last] + slack(last), left));
}

/** The last query's attention weights of one head over absolute positions.
 *  @param {Frame} frame
 *  @param {Layout} layout
 *  @param {number} layer
 *  @param {number} head
 *  @returns {{weights: Float32Array, bound: number}} weights (n_keys,), NaN where not captured;
 *           bound: no uncaptured key weighs more; 0 where all were captured, NaN where nothing is known */
export function attentionRow(frame, layout, layer, head) {
  const rows = frame.arrays["attention/rows"];
  const at = headRow(frame, layout, layer, head);
  const weights = new Float32Array(frame.header.pos0 + frame.header.t_add).fill(NaN);
  if (at !== null && Number.isNaN(frame.arrays["attention/entropy"]?.data[at])) return { weights, bound: NaN }; // older rows of 8 bits cannot say so
  if (rows && at !== null) return { weights: dequantized(rowView(rows, at), rows.dtype, null), bound: 0 };
  const summary = attentionSummary(frame, layout, layer, head);
  if (!summary) return { weights, bound: NaN };
  for (let i = 0; i < summary.keys.length; i++) weights[summary.keys[i]] = summary.weights[i];
  return { weights, bound: summary.bound };
}

/** The strongest predictions; null where they were not captured.
 *  @param {Frame} frame
 *  @returns {{ids: Uint32Array, logits: Float32Array, probs: Float32Array, logsumexp: number, entropy: number,
 *             chosenLogprob: number, chosenRank: number}|null}
 *           probs = exp(logit − logsumexp), exact at temperature 1; entropy in bits, chosenLogprob in nats, rank 0 = top */
export function logits(frame) {
  const { arrays } = frame;
  if (!("logits/token_ids" in arrays)) return null;
  const scalar = (/** @type {string} */ name) => arrays[`logits/${name}`].data[0];
  const logsumexp = scalar("logsumexp");
  const scores = /** @type {Float32Array} */ (arrays["logits/values"].data);
  return {
    ids: /** @type {Uint32Array} */ (arrays["logits/token_ids"].data),
    logits: scores,
    probs: scores.map((logit) => Math.exp(logit - logsumexp)),
    logsumexp,
    entropy: scalar("entropy"),
    chosenLogprob: scalar("chosen_logprob"),
    chosenRank: scalar("chosen_rank"),
  };
}
