/**
 * The tower's geometry: plates in space, their neurons as points, and which neuron a pixel means.
 *
 * Pure. One plate per hook point, the first at the bottom; a plate is one unit wide, its rows run from back to front.
 * Knows frames by their accessors; refuses to know WebGL, colours and the page.
 */

import { bound, captured } from "../core/layout.mjs";
import { markOf } from "../core/quantization.mjs";
import { watchFromName } from "../core/watched.mjs";
import { onPlane, pixelsPerUnit, project } from "./camera.mjs";
import { plateLabel } from "./plates.mjs";

/** @typedef {import("../core/layout.mjs").Layout} Layout */
/** @typedef {import("../core/wire.mjs").Frame} Frame */
/** @typedef {import("./camera.mjs").Camera} Camera */
/** @typedef {import("./camera.mjs").Point} Point */

/** @typedef {object} Slab a plate in space: x from −½ to ½, z from −depth/2 to depth/2
 *  @property {string} key hook point
 *  @property {string} label
 *  @property {number} width neurons
 *  @property {number} rows
 *  @property {number} cols
 *  @property {number} y height
 *  @property {number} depth */

/** Numbers for each dot: x, y, z, cell size, share of the full scale, sign (or 2 + group), mark, rise. */
export const DOT_FLOATS = 8;

/** Which of them says what it is instead of a number; 0: a number. */
export const MARK_AT = 6;

/** Marks of dots beyond quantization.MARK. */
export const ZERO = 6;

/** Mark of the ring around the selected neuron; WATCHED is that of the others a person keeps an eye on. */
export const SELECTED = 7;
export const WATCHED = 8;

const GRID_RATIO = 4; // columns for each row: seen from a low angle, cells look about square
const MOST_CELL = 0.13; // of a plate's width: a plate of one neuron must not hide the next
const [LEAST_HEIGHT, MOST_HEIGHT] = [0.7, 1.9];

/** Rows and columns of a plate seen from a low angle: exactly full where the width has a suitable divisor.
 *  @param {number} width neurons
 *  @returns {{rows: number, cols: number}} */
export function towerGrid(width) {
  const ideal = Math.sqrt(width / GRID_RATIO);
  let best = { rows: Math.max(1, Math.round(ideal)), cols: 0 };
  let bestOff = Infinity;
  for (let rows = 1; rows * rows <= width; rows++) {
    const off = Math.abs(Math.log(rows / ideal));
    if (width % rows === 0 && off < bestOff) [best, bestOff] = [{ rows, cols: width / rows }, off];
  }
  if (bestOff > Math.log(2)) best.rows = Math.max(1, Math.round(ideal));
  return { rows: best.rows, cols: Math.ceil(width / best.rows) };
}

/** @param {{key: string, width: number}[]} points bottom to top
 *  @param {number} [aspect] width of the picture over its height: a tall picture gets a tall tower
 *  @returns {Slab[]} */
export function placeTower(points, aspect = 1.4) {
  const height = Math.min(MOST_HEIGHT, Math.max(LEAST_HEIGHT, 1.5 / aspect));
  const gap = points.length > 1 ? height / (points.length - 1) : 0;
  const depth = points.length > 12 ? 0.34 : 0.46;
  return points.map(({ key, width }, i) => ({ key, label: plateLabel(key), width, ...towerGrid(width), y: i * gap - height / 2, depth }));
}

/** How far the tokens stand below the lowest plate; the predictions stand two thirds of it above the highest. */
export const BELOW = 0.15;

/** @param {Slab[]} slabs
 *  @returns {Point[]} corners of the outermost plates: all others lie between */
export function outermost(slabs) {
  return [slabs[0], slabs[slabs.length - 1]].flatMap(({ y, depth }) =>
    [-0.5, 0.5].flatMap((x) => [-depth / 2, depth / 2].map((z) => /** @type {Point} */ ([x, y, z]))),
  );
}

/** @param {Slab[]} slabs
 *  @returns {Point[]} what has to be on the picture: the outermost plates, the tokens and the predictions */
export function cornersOf(slabs) {
  const [lowest, highest] = [slabs[0], slabs[slabs.length - 1]];
  const tokens = [-0.5, 0.5].map((x) => /** @type {Point} */ ([x, lowest.y - BELOW, lowest.depth / 2]));
  return [...outermost(slabs), ...tokens, [0, highest.y + BELOW * 0.66, 0]];
}

/** @param {Slab} slab
 *  @param {number} neuron
 *  @returns {Point} centre of its cell */
export function placeOf({ rows, cols, y, depth }, neuron) {
  const row = Math.floor(neuron / cols);
  return [(neuron - row * cols + 0.5) / cols - 0.5, y, ((row + 0.5) / rows - 0.5) * depth];
}

/** @param {Slab} slab
 *  @returns {number} side of a cell in units of space: the geometric mean of its two, the depth as seen from a low angle */
export function cellSize({ rows, cols, depth }) {
  return Math.min(MOST_CELL, 1 / cols, Math.sqrt((0.5 * depth) / rows / cols));
}

/** Every captured neuron of the shown hook points as a dot. What the frame before knew tells how much each rose: where a
 *  neuron was not captured before, by at least its magnitude less the bound of then.
 *  @param {Slab[]} slabs
 *  @param {Frame} frame
 *  @param {Frame|null} before the step before, null where there is none at hand
 *  @param {Layout} layout
 *  @param {Record<string, number>} fullScale hook point -> magnitude at the top of the colour scale
 *  @param {import("../core/groups.mjs").Groups|null} [groups] that colour the dots
 *  @returns {Float32Array} (n_dots * DOT_FLOATS,) lowest plate first, and in a plate from back to front */
export function dotsOf(slabs, frame, before, layout, fullScale, groups = null) {
  const found = slabs.map(({ key }) => captured(frame, layout, key));
  const dots = new Float32Array(found.reduce((sum, each) => sum + (each?.values.length ?? 0), 0) * DOT_FLOATS);
  let at = 0;
  slabs.forEach((slab, i) => {
    const { values, indices } = found[i] ?? { values: [], indices: null };
    const rose = before && found[i] ? riseOf(before, layout, slab) : () => 0;
    const cell = cellSize(slab);
    const perUnit = 1 / fullScale[slab.key];
    const order = indices && [...values.keys()].sort((a, b) => indices[a] - indices[b]);
    for (let n = 0; n < values.length; n++) {
      const k = order ? order[n] : n;
      const neuron = indices ? indices[k] : k;
      const value = values[k];
      const mark = value === 0 ? ZERO : markOf(value, layout.config.quantization);
      const isNumber = Number.isFinite(value);
      const share = isNumber ? Math.min(1, Math.abs(value) * perUnit) : 0;
      dots.set(placeOf(slab, neuron), at);
      dots[at + 3] = cell;
      dots[at + 4] = share;
      dots[at + 5] = groups ? 2 + groups.of(slab.key, neuron) : value < 0 ? -1 : 1;
      dots[at + 6] = mark;
      dots[at + 7] = isNumber ? Math.min(1, Math.max(0, rose(neuron, Math.abs(value)) * perUnit)) : 0;
      at += DOT_FLOATS;
    }
  });
  return dots;
}

/** Rings around the neuron that is selected and those that are watched.
 *  @param {Slab[]} slabs
 *  @param {{point: string|null, neuron: number|null}} selected
 *  @param {readonly string[]} watched "<hook point>:<neuron>"
 *  @returns {Float32Array} (n_rings * DOT_FLOATS,) */
export function markDots(slabs, { point, neuron }, watched) {
  /** @type {number[]} */
  const out = [];
  const ring = (/** @type {string|null} */ key, /** @type {number|null} */ which, /** @type {number} */ mark) => {
    const slab = slabs.find((each) => each.key === key);
    if (slab && which !== null && which < slab.width) out.push(...placeOf(slab, which), cellSize(slab), 0, 1, mark, 0);
  };
  for (const { point: key, neuron: which } of watched.map(watchFromName)) ring(key, which, WATCHED);
  ring(point, neuron, SELECTED);
  return Float32Array.from(out);
}

/** @param {Frame} before
 *  @param {Layout} layout
 *  @param {Slab} slab
 *  @returns {(neuron: number, magnitude: number) => number} least rise of the magnitude since then; 0 where nothing is known */
function riseOf(before, layout, { key, width }) {
  const found = captured(before, layout, key);
  if (!found) return () => 0;
  const most = bound(before, layout, key);
  const was = new Float32Array(width).fill(Number.isNaN(most) ? Infinity : most);
  found.values.forEach((value, i) => (was[found.indices ? found.indices[i] : i] = Math.abs(value)));
  return (neuron, magnitude) => (Number.isFinite(was[neuron]) ? magnitude - was[neuron] : 0);
}

/** What a pixel means: the captured neuron drawn nearest to it if there is one within its dot, else the cell of the
 *  nearest plate under it.
 *  @param {Slab[]} slabs
 *  @param {Float32Array} dots
 *  @param {Camera} camera
 *  @param {number} px CSS pixels
 *  @param {number} py
 *  @returns {{key: string, neuron: number|null}|null} neuron null: on a plate's edge */
export function hitTower(slabs, dots, camera, px, py) {
  const near = nearestDot(slabs, dots, camera, px, py);
  if (near) return near;
  let best = null;
  let bestDepth = Infinity;
  for (const { key, width, rows, cols, y, depth } of slabs) {
    const at = onPlane(camera, px, py, y);
    if (!at || at.depth >= bestDepth || Math.abs(at.x) > 0.52 || Math.abs(at.z) > depth / 2 + 0.02) continue;
    const [col, row] = [Math.floor((at.x + 0.5) * cols), Math.floor((at.z / depth + 0.5) * rows)];
    const neuron = row * cols + col;
    const isInside = col >= 0 && col < cols && row >= 0 && row < rows && neuron < width;
    [best, bestDepth] = [{ key, neuron: isInside ? neuron : null }, at.depth];
  }
  return best;
}

/** @param {Slab[]} slabs
 *  @param {Float32Array} dots
 *  @param {Camera} camera
 *  @param {number} px
 *  @param {number} py */
function nearestDot(slabs, dots, camera, px, py) {
  let best = -1;
  let bestOff = 1;
  for (let at = 0; at < dots.length; at += DOT_FLOATS) {
    const [x, y, depth] = project(camera, dots[at], dots[at + 1], dots[at + 2]);
    const reach = Math.max(3, dotRadius(dots[at + 4], dots[at + 3] * pixelsPerUnit(camera, depth)));
    const off = ((x - px) ** 2 + (y - py) ** 2) / reach ** 2;
    if (off < bestOff) [best, bestOff] = [at, off];
  }
  if (best < 0) return null;
  const slab = slabs.find(({ y }) => Math.abs(y - dots[best + 1]) < 1e-6);
  if (!slab) return null;
  const { rows, cols, depth } = slab;
  const [col, row] = [Math.floor((dots[best] + 0.5) * cols), Math.floor((dots[best + 2] / depth + 0.5) * rows)];
  return { key: slab.key, neuron: row * cols + col };
}

/** @param {number} share of the full scale
 *  @param {number} cellPx side of a cell on the picture
 *  @returns {number} radius of a dot in the unit of cellPx; the shader has the same */
export function dotRadius(share, cellPx) {
  return Math.max(1.4, cellPx * (0.13 + 0.4 * Math.sqrt(share)));
}
