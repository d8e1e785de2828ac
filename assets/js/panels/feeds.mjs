/**
 * Data of the inspector's figures from a frame in memory, for the time in which the clock moves.
 *
 * Mirrors mri/panels/figures.py and, with attention.mjs, mri/panels/attention.py: which trace holds what is a contract between the two files. The data are pure
 * functions; only `feed` touches Plotly.
 */

import { formatPercent } from "../core/format.mjs";
import { STATS, bound, hookPoint, marks, stats, values } from "../core/layout.mjs";
import { predictions, strongest, temperatureWords } from "../core/predictions.mjs";
import { MARK } from "../core/quantization.mjs";
import { gridShape } from "../stage/plates.mjs";
import { escaped, headData, headsData, looksData, overlaidData, rowsData, tokenName } from "./attention.mjs";

/** @typedef {object} Source
 *  @property {import("../core/layout.mjs").Layout} layout
 *  @property {import("../core/types.mjs").Tokens} tokens
 *  @property {Int32Array} stepOf which step read each position
 *  @property {number} numPrompt tokens of the prompt */

/** Put the frame's data into one figure.
 *  @param {string} id of the graph
 *  @param {any} plot Plotly's element
 *  @param {import("../core/wire.mjs").Frame} frame
 *  @param {Source} source
 *  @param {Record<string, any>} view */
export function feed(id, plot, frame, source, view) {
  const { traces = [], layout = {} } = FEEDS[id]?.(frame, source, view) ?? {};
  if ((plot.layout.meta?.of ?? "") !== (OF[id]?.(view) ?? "")) return; // it shows something else until the server drew it
  if (traces.length > plot.data.length || (!traces.length && !plot.layout.shapes?.length)) return; // another figure stands there
  const drawn = window.Plotly.update(
    plot,
    byAttribute(traces),
    layout,
    traces.map((_, i) => i),
  );
  drawn.catch((/** @type {Error} */ error) => {
    if (plot.isConnected && plot._fullLayout) throw error; // else the page went while Plotly drew
  });
}

/** What a figure must be of to take a frame's data: `layout.meta.of` in figures.py.
 *  @type {Record<string, (view: Record<string, any>) => string>} */
const OF = {
  "graph-neurons": ({ point }) => point,
  "graph-heads": ({ by = "entropy" }) => by,
  "graph-attention": ({ layer }) => String(layer),
  "graph-head": ({ layer, head, overlay }) => `${layer}.${overlay ? "all" : head}`,
  "graph-looks": ({ layer, head }) => `${layer}.${head}`,
};

/** One redraw for all traces: attribute -> its value in each trace, undefined where the trace keeps its own.
 *  @param {Record<string, any>[]} traces
 *  @returns {Record<string, any[]>} */
function byAttribute(traces) {
  const names = new Set(traces.flatMap((data) => Object.keys(data)));
  return Object.fromEntries([...names].map((name) => [name, traces.map((data) => data[name])]));
}

/** @typedef {{traces?: Record<string, any>[], layout?: Record<string, any>}} Data attributes by trace, and of the layout */

/** @type {Record<string, (frame: import("../core/wire.mjs").Frame, source: Source, view: Record<string, any>) => Data>} */
const FEEDS = {
  "graph-neurons": (frame, { layout }, { point }) => ({ traces: neuronData(frame, layout, point) }),
  "graph-history": markStep,
  "graph-watched": markStep,
  "graph-heads": headsData,
  "graph-attention": rowsData,
  "graph-head": (frame, source, view) => (view.overlay ? overlaidData : headData)(frame, source, view),
  "graph-looks": looksData,
  "graph-predictions": predictionData,
  "graph-map": markStep,
  "graph-bars": (frame, { layout }) => ({ traces: barData(frame, layout) }),
};

/** Whether a figure stands over all steps, and a frame only moves its mark.
 *  @param {string} id of the graph */
export const marksStep = (id) => FEEDS[id] === markStep;

/** Shape 0 of the figures over all steps: the line at the current one.
 *  @param {import("../core/wire.mjs").Frame} frame
 *  @returns {Data} */
function markStep(frame) {
  return { layout: { "shapes[0].x0": frame.header.step, "shapes[0].x1": frame.header.step } };
}

/** Traces of figures.neuron_heatmap: not captured, captured, marks.
 *  @param {import("../core/wire.mjs").Frame} frame
 *  @param {import("../core/layout.mjs").Layout} layout
 *  @param {string} key
 *  @returns {Record<string, any>[]} */
export function neuronData(frame, layout, key) {
  const { width } = hookPoint(layout, key);
  const { rows, cols } = gridShape(width);
  const own = values(frame, layout, key);
  const what = marks(frame, layout, key);
  const order = [...own.keys()].filter((i) => what[i] !== MARK.notCaptured).sort((a, b) => strength(own[b]) - strength(own[a]));
  const rank = new Int32Array(width);
  order.forEach((neuron, place) => (rank[neuron] = place + 1));
  const grid = (/** @type {(neuron: number) => any} */ cell) =>
    Array.from({ length: rows }, (_, row) => Array.from({ length: cols }, (_, col) => (row * cols + col < width ? cell(row * cols + col) : null)));
  const isNumber = (/** @type {number} */ i) => what[i] === MARK.value || what[i] === MARK.clipped;
  const odd = [...what.keys()].filter((i) => !isNumber(i) && what[i] !== MARK.notCaptured);
  let limit = 0;
  for (let i = 0; i < width; i++) if (isNumber(i)) limit = Math.max(limit, Math.abs(own[i]));
  const most = bound(frame, layout, key);
  return [
    { z: grid((i) => (what[i] === MARK.notCaptured ? 0 : null)), customdata: grid((i) => [i, most]) },
    { z: grid((i) => (isNumber(i) ? own[i] : null)), customdata: grid((i) => [i, rank[i]]), zmin: -(limit || 1), zmax: limit || 1 },
    {
      x: odd.map((i) => i % cols),
      y: odd.map((i) => Math.floor(i / cols)),
      text: odd.map((i) => (what[i] === MARK.nan ? "NaN" : what[i] === MARK.plusInfinity ? "+∞" : "−∞")),
      customdata: odd.map((i) => [i]),
    },
  ];
}

/** Magnitude for ranking; NaN comes last among the captured, as in figures.ranks.
 *  @param {number} value
 *  @returns {number} */
function strength(value) {
  return Number.isNaN(value) ? -1 : Math.abs(value);
}

/** figures.predictions: the bars, over them that of the token that follows; the tokens are on the axis.
 *  @param {import("../core/wire.mjs").Frame} frame
 *  @param {Source} source
 *  @param {Record<string, any>} view
 *  @returns {Data} */
export function predictionData(frame, { tokens, numPrompt }, { temperature = 1 }) {
  const all = predictions(frame, temperature);
  if (!all) return {};
  const found = strongest(all);
  const { ids, ranks, probs, chosen } = found;
  const how = howChosen(frame, numPrompt);
  const label = (/** @type {number} */ p, /** @type {number} */ i) => formatPercent(p) + (i === chosen ? `  ◂ ${how}` : "");
  const rows = ids.map((_, i) => i);
  return {
    traces: [
      { x: probs, y: rows, text: probs.map(label), customdata: found.logits.map((logit, i) => [logit, ranks[i] + 1]) },
      { x: probs.map((p, i) => (i === chosen ? p : null)), y: rows },
    ],
    layout: {
      "xaxis.title.text": temperatureWords(all.ids.length, temperature, probs),
      "yaxis.ticktext": ids.map((id, i) => escaped(tokenName(tokens, id)) + (ranks[i] === i ? "" : ` · rank ${ranks[i] + 1}`)),
      "yaxis.tickvals": rows,
      "yaxis.range": [ids.length - 0.5, -0.5],
    },
  };
}

/** Why the token after this step stands there, as labels.how_chosen.
 *  @param {import("../core/wire.mjs").Frame} frame
 *  @param {number} numPrompt
 *  @returns {string} */
export function howChosen({ header: { pos0, t_add: numRead, forced } }, numPrompt) {
  return pos0 + numRead < numPrompt ? "prompt" : forced ? "calculator" : "chosen";
}

/** figures.statistics_bars: min to max, mean ± std, both as asinh.
 *  @param {import("../core/wire.mjs").Frame} frame
 *  @param {import("../core/layout.mjs").Layout} layout
 *  @returns {Record<string, any>[]} */
export function barData(frame, layout) {
  const all = layout.points.map((point) => stats(frame, layout, point.key));
  const customdata = all.map((row) => STATS.map((name) => row[/** @type {keyof typeof row} */ (name)]));
  const span = (/** @type {number} */ from, /** @type {number} */ to) => Math.asinh(to) - Math.asinh(from);
  return [
    { y: all.map(({ min, max }) => span(min, max)), base: all.map(({ min }) => Math.asinh(min)), customdata },
    { y: all.map(({ mean, std }) => span(mean - std, mean + std)), base: all.map(({ mean, std }) => Math.asinh(mean - std)), customdata },
  ];
}
