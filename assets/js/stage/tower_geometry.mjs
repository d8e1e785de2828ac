/**
 * The tower's geometry: plates in space, their neurons as points, and which neuron a pixel means.
 *
 * Pure. One plate per hook point and lane: the first hook point at the bottom, the lanes side by side, seen from the front at
 * one height. A plate is one unit wide, its rows run from back to front.
 * Knows frames by their accessors; refuses to know WebGL, colours and the page.
 */

import { bound, captured } from "../core/layout.mjs";
import { markOf } from "../core/quantization.mjs";
import { watchFromName } from "../core/watched.mjs";
import { HOME, onPlane, pixelsPerUnit, project } from "./camera.mjs";
import { valuesOf } from "./lanes.mjs";
import { plateLabel } from "./plates.mjs";

/** @typedef {import("../core/types.mjs").Lane} Lane */
/** @typedef {import("./camera.mjs").Camera} Camera */
/** @typedef {import("./camera.mjs").Point} Point */

/** @typedef {object} Slab a plate in space: from x − ½ to x + ½ and from z − depth/2 to z + depth/2
 *  @property {number} lane
 *  @property {string} key hook point
 *  @property {string} label
 *  @property {number} width neurons, 0: this lane has no such hook point
 *  @property {number} rows
 *  @property {number} cols
 *  @property {number} x of its middle
 *  @property {number} y height
 *  @property {number} z of its middle
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
const LANE_RISE = 0.7; // a wider tower is so much taller, in a picture of the same shape
const LANE_EVERY = 1.42; // from lane to lane: a plate as it is seen at first, and room for numbers

/** Rows and columns of a plate seen from a low angle: exactly full where the width has a suitable divisor.
 *  @param {number} width neurons */
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

/** @param {{key: string, widths: number[]}[]} rows bottom to top, with the neurons of each lane
 *  @param {number} [aspect] width of the picture over its height: a tall picture gets a tall tower
 *  @returns {Slab[]} lane by lane */
export function placeTower(rows, aspect = 1.4) {
  const numLanes = rows[0].widths.length;
  const height = Math.min(MOST_HEIGHT, Math.max(LEAST_HEIGHT, (1.5 * (1 + (numLanes - 1) * LANE_RISE)) / aspect));
  const gap = rows.length > 1 ? height / (rows.length - 1) : 0;
  const depth = rows.length > 12 ? 0.34 : 0.46;
  return Array.from({ length: numLanes }, (_, lane) => {
    const off = (lane - (numLanes - 1) / 2) * LANE_EVERY; // across the first view, so that all lanes are equally near
    const [x, z] = [off * Math.cos(HOME.yaw), -off * Math.sin(HOME.yaw)];
    return rows.map(({ key, widths }, i) => {
      const [width, y] = [widths[lane], i * gap - height / 2];
      return { lane, key, label: plateLabel(key), width, ...towerGrid(Math.max(1, width)), x, y, z, depth };
    });
  }).flat();
}

/** How far the tokens stand below the lowest plate; the predictions stand two thirds of it above the highest. */
export const BELOW = 0.15;

/** @param {Slab} slab
 *  @returns {Point[]} */
export function cornersOfPlate({ x, y, z, depth }) {
  return [-0.5, 0.5].flatMap((dx) => [-depth / 2, depth / 2].map((dz) => /** @type {Point} */ ([x + dx, y, z + dz])));
}

/** @param {Slab[]} slabs
 *  @returns {Point[]} corners of each lane's outermost plates: all others lie between */
export function outermost(slabs) {
  const [lowest, highest] = [slabs[0].y, slabs[slabs.length - 1].y];
  return slabs.filter(({ y }) => y === lowest || y === highest).flatMap(cornersOfPlate);
}

/** @param {Slab[]} slabs
 *  @returns {Point[]} what has to be on the picture: the outermost plates, the tokens and the predictions */
export function cornersOf(slabs) {
  const [lowest, highest] = [slabs[0].y, slabs[slabs.length - 1].y];
  const words = slabs.flatMap(({ x, y, z, depth }) => {
    const tokens = y === lowest ? [-0.5, 0.5].map((dx) => [x + dx, y - BELOW, z + depth / 2]) : [];
    return /** @type {Point[]} */ (y === highest ? [...tokens, [x, y + BELOW * 0.66, z]] : tokens);
  });
  return [...outermost(slabs), ...words];
}

/** @param {Slab} slab
 *  @param {number} neuron
 *  @returns {Point} centre of its cell */
export function placeOf({ rows, cols, x, y, z, depth }, neuron) {
  const row = Math.floor(neuron / cols);
  return [x + (neuron - row * cols + 0.5) / cols - 0.5, y, z + ((row + 0.5) / rows - 0.5) * depth];
}

/** @param {Slab} slab
 *  @returns {number} side of a cell in units of space: the geometric mean of its two, the depth as seen from a low angle */
export function cellSize({ rows, cols, depth }) {
  return Math.min(MOST_CELL, 1 / cols, Math.sqrt((0.5 * depth) / rows / cols));
}

/** Every captured neuron of the shown hook points as a dot. What the frame before knew tells how much each rose: where a
 *  neuron was not captured before, by at least its magnitude less the bound of then.
 *  @param {Slab[]} slabs
 *  @param {Lane[]} lanes
 *  @param {Record<string, number>} fullScale hook point -> magnitude at the top of the colour scale
 *  @param {import("../core/groups.mjs").Groups|null} [groups] that colour the dots
 *  @returns {Float32Array} (n_dots * DOT_FLOATS,) plate by plate, and in a plate from back to front */
export function dotsOf(slabs, lanes, fullScale, groups = null) {
  const found = slabs.map(({ lane, key }) => valuesOf(lanes[lane], key));
  const dots = new Float32Array(found.reduce((sum, each) => sum + (each?.values.length ?? 0), 0) * DOT_FLOATS);
  let at = 0;
  slabs.forEach((slab, i) => {
    const { values, indices } = found[i] ?? { values: [], indices: null };
    const rose = found[i] ? riseOf(lanes[slab.lane], slab) : () => 0;
    const cell = cellSize(slab);
    const perUnit = 1 / fullScale[slab.key];
    const { quantization } = lanes[slab.lane].run.layout.config;
    const order = indices && [...values.keys()].sort((a, b) => indices[a] - indices[b]);
    const { x, y, z, rows, cols, depth } = slab;
    for (let n = 0; n < values.length; n++) {
      const k = order ? order[n] : n;
      const neuron = indices ? indices[k] : k;
      const row = Math.floor(neuron / cols);
      const value = values[k];
      const isNumber = Number.isFinite(value);
      dots[at] = x + (neuron - row * cols + 0.5) / cols - 0.5; // as placeOf, which would make a list for every dot
      dots[at + 1] = y;
      dots[at + 2] = z + ((row + 0.5) / rows - 0.5) * depth;
      dots[at + 3] = cell;
      dots[at + 4] = isNumber ? Math.min(1, Math.abs(value) * perUnit) : 0;
      dots[at + 5] = groups ? 2 + groups.of(slab.key, neuron) : value < 0 ? -1 : 1;
      dots[at + MARK_AT] = value === 0 ? ZERO : markOf(value, quantization);
      dots[at + 7] = isNumber ? Math.min(1, Math.max(0, rose(neuron, Math.abs(value)) * perUnit)) : 0;
      at += DOT_FLOATS;
    }
  });
  return dots;
}

/** Rings around the neuron that is selected and those that are watched, in each lane that has them.
 *  @param {Slab[]} slabs
 *  @param {{point: string|null, neuron: number|null}} selected
 *  @param {readonly string[]} watched "<hook point>:<neuron>"
 *  @returns {Float32Array} (n_rings * DOT_FLOATS,) */
export function markDots(slabs, { point, neuron }, watched) {
  /** @type {number[]} */
  const out = [];
  const ring = (/** @type {string|null} */ key, /** @type {number|null} */ which, /** @type {number} */ mark) => {
    for (const slab of slabs) if (slab.key === key && which !== null && which < slab.width) out.push(...placeOf(slab, which), cellSize(slab), 0, 1, mark, 0);
  };
  for (const { point: key, neuron: which } of watched.map(watchFromName)) ring(key, which, WATCHED);
  ring(point, neuron, SELECTED);
  return Float32Array.from(out);
}

/** @param {Lane} lane
 *  @param {Slab} slab
 *  @returns {(neuron: number, magnitude: number) => number} least rise of the magnitude since the step before; 0 where nothing is known */
function riseOf({ before, run: { layout } }, { key, width }) {
  const found = before && captured(before, layout, key);
  if (!before || !found) return () => 0;
  const most = bound(before, layout, key);
  const was = new Float32Array(width).fill(Number.isNaN(most) ? Infinity : most);
  found.values.forEach((value, i) => (was[found.indices ? found.indices[i] : i] = Math.abs(value)));
  return (neuron, magnitude) => (Number.isFinite(was[neuron]) ? magnitude - was[neuron] : 0);
}

/** @typedef {{lane: number, key: string, neuron: number|null, picks?: Record<string, any>, says?: HTMLElement[]}} Hit what is under a pixel; neuron
 *    null: a plate's edge, or a plate without neurons; `picks`, `says`: what a click there selects, and what is said of it, instead */

/** What a pixel means: the captured neuron drawn nearest to it if there is one within its dot, else the cell of the
 *  nearest plate under it.
 *  @param {Slab[]} slabs
 *  @param {Float32Array} dots
 *  @param {Camera} camera
 *  @param {number} px CSS pixels
 *  @param {number} py */
export function hitTower(slabs, dots, camera, px, py) {
  const near = nearestDot(slabs, dots, camera, px, py);
  if (near) return near;
  let best = null;
  let bestDepth = Infinity;
  for (const slab of slabs) {
    const at = onPlane(camera, px, py, slab.y);
    if (!at || at.depth >= bestDepth || Math.abs(at.x - slab.x) > 0.52 || Math.abs(at.z - slab.z) > slab.depth / 2 + 0.02) continue;
    [best, bestDepth] = [{ lane: slab.lane, key: slab.key, neuron: neuronAt(slab, at.x, at.z) }, at.depth];
  }
  return best;
}

/** @param {Slab} slab
 *  @param {number} x
 *  @param {number} z
 *  @returns {number|null} whose cell lies there */
function neuronAt(slab, x, z) {
  const [col, row] = [Math.floor((x - slab.x + 0.5) * slab.cols), Math.floor(((z - slab.z) / slab.depth + 0.5) * slab.rows)];
  const neuron = row * slab.cols + col;
  return col >= 0 && col < slab.cols && row >= 0 && row < slab.rows && neuron < slab.width ? neuron : null;
}

/** @param {Slab[]} slabs
 *  @param {Float32Array} dots
 *  @param {Camera} camera
 *  @param {number} px
 *  @param {number} py
 *  @returns {Hit|null} */
function nearestDot(slabs, dots, camera, px, py) {
  let best = -1;
  let bestOff = 1;
  for (let at = 0; at < dots.length; at += DOT_FLOATS) {
    const [x, y, depth] = project(camera, dots[at], dots[at + 1], dots[at + 2]);
    const cellPx = dots[at + 3] * pixelsPerUnit(camera, depth);
    const reach = Math.max(3, cellPx * (0.13 + 0.4 * Math.sqrt(dots[at + 4]))); // the dot's radius, as the shader has it
    const off = ((x - px) ** 2 + (y - py) ** 2) / reach ** 2;
    if (off < bestOff) [best, bestOff] = [at, off];
  }
  if (best < 0) return null;
  const [x, y, z] = dots.subarray(best, best + 3);
  const slab = slabs.find((each) => Math.abs(each.y - y) < 1e-6 && Math.abs(each.x - x) < 0.5 && Math.abs(each.z - z) < each.depth / 2);
  return slab ? { lane: slab.lane, key: slab.key, neuron: neuronAt(slab, x, z) } : null;
}
