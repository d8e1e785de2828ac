/**
 * Data of the Attention tab's figures from a frame in memory.
 *
 * Mirrors mri/panels/attention.py: which trace holds what is a contract between the two files. Pure functions.
 */

import { entropyWords, headOf, headWords } from "../core/heads.mjs";
import { attentionRow, attentionSummary } from "../core/layout.mjs";

/** @typedef {import("../core/wire.mjs").Frame} Frame */
/** @typedef {import("./feeds.mjs").Source} Source */
/** @typedef {import("./feeds.mjs").Data} Data */

const MAP_CELLS = 256;

/** A token with visible spaces, as labels.token.
 *  @param {import("../core/types.mjs").Tokens} tokens
 *  @param {number} id
 *  @returns {string} */
export function tokenName(tokens, id) {
  return (tokens.text[id] ?? `#${id}`).replace(/ /g, "␣");
}

/** Plotly reads a little HTML in labels.
 *  @param {string} text
 *  @returns {string} */
export function escaped(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** @type {WeakMap<import("../core/types.mjs").Tokens, string[]>} */
const labelsOf = new WeakMap();

/** Labels of the axis of tokens up to the step's last key, as chart.axis_labels.
 *  @param {import("../core/types.mjs").Tokens} tokens
 *  @param {number} numKeys
 *  @returns {string[]} */
function axisLabels(tokens, numKeys) {
  let all = labelsOf.get(tokens);
  if (all?.length !== tokens.sequence.length)
    labelsOf.set(tokens, (all = tokens.sequence.map((id, position) => `${position} ${escaped(tokenName(tokens, id))}`)));
  return all.slice(0, numKeys);
}

/** @param {Frame} frame
 *  @returns {number} keys that the step's last token can look at */
function keysOf(frame) {
  return frame.header.pos0 + frame.header.t_add;
}

/** @param {Frame} frame
 *  @returns {Record<string, any>} of the layout: the axis ends at the step's last key */
function upToLastKey(frame) {
  return { "xaxis.range": [-0.5, keysOf(frame) - 0.5] };
}

/** Trace of attention.heads_grid.
 *  @param {Frame} frame
 *  @param {Source} source
 *  @param {Record<string, any>} view
 *  @returns {Data} */
export function headsData(frame, { layout, tokens }, { by, layer: atLayer, head: atHead }) {
  const all = Array.from({ length: layout.n_layer }, (_, layer) => Array.from({ length: layout.n_head }, (_, head) => headOf(frame, layout, layer, head)));
  const z = all.map((row) => row.map(({ entropy, low, high }) => known(by === "distance" ? (low + high) / 2 : entropy)));
  const zmax = by === "distance" ? Math.max(1, ...z.flat().map(Number)) : Math.log2(Math.max(2, tokens.sequence.length));
  const shape = { "shapes[0].x0": atHead - 0.5, "shapes[0].x1": atHead + 0.5, "shapes[0].y0": atLayer - 0.5, "shapes[0].y1": atLayer + 0.5 };
  return { traces: [{ z, text: all.map((row) => row.map(headWords)), zmax }], layout: shape };
}

/** Traces of attention.attention_rows: not captured (with "at most"), captured.
 *  @param {Frame} frame
 *  @param {Source} source
 *  @param {Record<string, any>} view
 *  @returns {Data} */
export function rowsData(frame, { layout, tokens }, { layer, head: atHead }) {
  const x = axisLabels(tokens, keysOf(frame));
  const rows = Array.from({ length: layout.n_head }, (_, head) => headCells(frame, layout, layer, head));
  const place = rows.map(({ weights }, head) => weights.map(() => [layer, head]));
  return {
    traces: [
      {
        z: rows.map(({ bounds }) => bounds.map((w) => (w === null ? null : 0))),
        x,
        customdata: rows.map(({ bounds }, head) => bounds.map((w) => [layer, head, w])),
      },
      { z: rows.map(({ weights }) => weights), x, customdata: place },
    ],
    layout: { ...upToLastKey(frame), "shapes[0].y0": atHead - 0.5, "shapes[0].y1": atHead + 0.5 },
  };
}

/** Traces of attention.head_row: "at most" where not captured, captured weights.
 *  @param {Frame} frame
 *  @param {Source} source
 *  @param {Record<string, any>} view
 *  @returns {Data} */
export function headData(frame, { layout, tokens }, { layer, head }) {
  const { weights, bounds } = headCells(frame, layout, layer, head);
  const x = axisLabels(tokens, keysOf(frame));
  const entropy = attentionSummary(frame, layout, layer, head)?.entropy ?? NaN;
  return {
    traces: [
      { y: bounds, x },
      { y: weights, x },
    ],
    layout: { ...upToLastKey(frame), "annotations[0].text": entropyWords(entropy) },
  };
}

/** Traces of attention.heads_overlaid: a line per head.
 *  @param {Frame} frame
 *  @param {Source} source
 *  @param {Record<string, any>} view
 *  @returns {Data} */
export function overlaidData(frame, { layout, tokens }, { layer }) {
  const x = axisLabels(tokens, keysOf(frame));
  return { traces: Array.from({ length: layout.n_head }, (_, head) => ({ y: headCells(frame, layout, layer, head).weights, x })), layout: upToLastKey(frame) };
}

/** Shape 0 of attention.attention_map: the row of the step.
 *  @param {Frame} frame
 *  @param {Source} source
 *  @returns {Data} */
export function looksData(frame, { tokens }) {
  const row = Math.floor((keysOf(frame) - 1) / cellsOf(numRead(tokens)));
  return { layout: { "shapes[0].y0": row, "shapes[0].y1": row } };
}

/** @param {import("../core/types.mjs").Tokens} tokens
 *  @returns {number} positions that some step read */
export function numRead({ steps: { pos0, t_add: added } }) {
  return pos0.reduce((most, first, step) => Math.max(most, first + added[step]), 0);
}

/** @param {number} numPositions
 *  @returns {number} positions that a cell of the map stands for */
export function cellsOf(numPositions) {
  return Math.max(1, Math.ceil(numPositions / MAP_CELLS));
}

/** @param {Frame} frame
 *  @param {import("../core/layout.mjs").Layout} layout
 *  @param {number} layer
 *  @param {number} head
 *  @returns {{weights: (number|null)[], bounds: (number|null)[]}} null where there is nothing to show */
function headCells(frame, layout, layer, head) {
  const { weights, bound } = attentionRow(frame, layout, layer, head);
  return { weights: Array.from(weights, known), bounds: Array.from(weights, (weight) => (Number.isNaN(weight) ? known(bound) : null)) };
}

/** @param {number} value
 *  @returns {number|null} */
function known(value) {
  return Number.isNaN(value) ? null : value;
}
