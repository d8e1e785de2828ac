/**
 * The plates of the picture of parts: each block's heads as tiles on the left, its MLP on the right, and what lies under a point.
 *
 * Pure geometry on the tower's plates (tower_geometry.mjs). Knows no amounts and no canvas.
 */

import { onPlane, project } from "./camera.mjs";
import { placeTower, towerGrid } from "./tower_geometry.mjs";

/** @typedef {import("./camera.mjs").Camera} Camera */
/** @typedef {import("./camera.mjs").Point} Point */
/** @typedef {import("./tower_geometry.mjs").Slab} Slab */

/** @typedef {object} Tile a part on its block's plate
 *  @property {number} part its index (core/why.mjs)
 *  @property {number} block
 *  @property {number} head −1: the MLP
 *  @property {number} width coordinates of the head, or neurons
 *  @property {number} rows
 *  @property {number} cols
 *  @property {number} x left edge
 *  @property {number} z back edge
 *  @property {number} w
 *  @property {number} d
 *  @property {number} y height */

const HEADS_SHARE = 0.38; // of a plate's width
const GAP = 0.012;

/** @param {import("../core/layout.mjs").Layout} layout
 *  @param {number} numEmbd width of the stream
 *  @param {number} numNeurons of an MLP
 *  @param {number} aspect of the picture
 *  @returns {{slabs: Slab[], tiles: Tile[]}} a slab for each block, bottom to top; tiles in the order of parts */
export function placeParts({ n_layer: numLayers, n_head: numHeads }, numEmbd, numNeurons, aspect) {
  const rows = Array.from({ length: numLayers }, (_, block) => ({ key: `block.${block}.resid_post`, widths: [numEmbd] }));
  const slabs = placeTower(rows, aspect).map((slab, block) => ({ ...slab, label: `block ${block}` }));
  const down = numHeads > 2 ? 2 : 1;
  const across = Math.ceil(numHeads / down);
  const tiles = slabs.flatMap((slab, block) => {
    const [left, back] = [slab.x - 0.5 + GAP, slab.z - slab.depth / 2 + GAP];
    const depth = slab.depth - 2 * GAP;
    const [w, d] = [(HEADS_SHARE - GAP) / across, depth / down];
    const heads = Array.from({ length: numHeads }, (_, head) => {
      const place = { x: left + (head % across) * w, z: back + Math.floor(head / across) * d, w: w - GAP, d: d - GAP };
      return tileOf({ block, head, width: Math.floor(numEmbd / numHeads), y: slab.y, ...place }, numHeads);
    });
    const mlp = { x: left + HEADS_SHARE, z: back, w: 1 - HEADS_SHARE - 2 * GAP, d: depth };
    return [...heads, tileOf({ block, head: -1, width: numNeurons, y: slab.y, ...mlp }, numHeads)];
  });
  return { slabs, tiles };
}

/** @param {Omit<Tile, "rows"|"cols"|"part">} tile
 *  @param {number} numHeads
 *  @returns {Tile} */
function tileOf(tile, numHeads) {
  const part = 1 + tile.block * (numHeads + 1) + (tile.head < 0 ? numHeads : tile.head);
  return { ...tile, part, ...towerGrid(tile.width) };
}

/** @param {Tile} tile
 *  @param {number} i coordinate or neuron
 *  @returns {Point} */
export function placeIn({ x, y, z, w, d, rows, cols }, i) {
  const row = Math.floor(i / cols);
  return [x + ((i - row * cols + 0.5) / cols) * w, y, z + ((row + 0.5) / rows) * d];
}

/** @param {Tile} tile
 *  @param {Camera} camera
 *  @returns {[number, number][]} its corners on the picture, around */
export function outlineOf({ x, y, z, w, d }, camera) {
  const corners = [
    [x, z],
    [x + w, z],
    [x + w, z + d],
    [x, z + d],
  ];
  return corners.map(([px, pz]) => /** @type {[number, number]} */ (project(camera, px, y, pz).slice(0, 2)));
}

/** @param {Tile[]} tiles
 *  @param {Camera} camera
 *  @param {number} px CSS pixels
 *  @param {number} py
 *  @returns {{tile: Tile, index: number}|null} the nearest tile under the point, and the coordinate or neuron there */
export function tileAt(tiles, camera, px, py) {
  /** @type {{tile: Tile, index: number}|null} */
  let best = null;
  let bestDepth = Infinity;
  for (const tile of tiles) {
    const at = onPlane(camera, px, py, tile.y);
    if (!at || at.depth >= bestDepth) continue;
    const [u, v] = [(at.x - tile.x) / tile.w, (at.z - tile.z) / tile.d];
    if (u < 0 || u >= 1 || v < 0 || v >= 1) continue;
    const index = Math.floor(v * tile.rows) * tile.cols + Math.floor(u * tile.cols);
    [best, bestDepth] = [{ tile, index: index < tile.width ? index : -1 }, at.depth];
  }
  return best;
}

/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */

/** Places for words, none over another: each as near as there is room to where it belongs, or nowhere.
 *  @param {{x: number, y: number, width: number, height: number}[]} words where each belongs (its middle), the most important first
 *  @param {Box} room
 *  @param {Box[]} [taken] by others
 *  @returns {([number, number]|null)[]} middles */
export function withoutOverlap(words, room, taken = []) {
  const boxes = [...taken];
  return words.map(({ x, y, width, height }) => {
    const tries = [0, 1, 2, 3].flatMap((ring) =>
      ring
        ? [
            [0, -ring * height],
            [0, ring * height],
            [(ring * width) / 2, 0],
            [(-ring * width) / 2, 0],
            [(ring * width) / 2, -ring * height],
            [(-ring * width) / 2, -ring * height],
          ]
        : [[0, 0]],
    );
    for (const [dx, dy] of tries) {
      const box = { left: x + dx - width / 2 - 2, right: x + dx + width / 2 + 2, top: y + dy - height / 2 - 2, bottom: y + dy + height / 2 + 2 };
      if (box.left < room.left || box.right > room.right || box.top < room.top || box.bottom > room.bottom) continue;
      if (boxes.some((other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom)) continue;
      boxes.push(box);
      return /** @type {[number, number]} */ ([x + dx, y + dy]);
    }
    return null;
  });
}
