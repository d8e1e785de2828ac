/**
 * Paints the parts of a step: plates and dots on their grid, which rest, and over them tiles and what every coordinate wrote.
 *
 * Mint and filled is for the word, orchid and hollow against it. Knows a canvas, tiles and amounts.
 */

import { project, pixelsPerUnit } from "./camera.mjs";
import { cornersOfPlate } from "./tower_geometry.mjs";
import { outlineOf, placeIn } from "./why_plates.mjs";

/** @typedef {import("./camera.mjs").Camera} Camera */
/** @typedef {import("./why_plates.mjs").Tile} Tile */

/** @typedef {{for: string, against: string, line: string, edge: string, accent: string, dim: string}} Colours */

const FULL_TILE = 15; // logits at which a tile is as opaque as it gets
const MOST_FILL = 0.5;
const DOT_SIZE = 0.011; // radius of one logit, in widths of a plate
const LEAST_PX = 0.45;

/** @param {CanvasRenderingContext2D} ctx
 *  @param {[number, number][]} corners */
function trace(ctx, corners) {
  ctx.beginPath();
  corners.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.closePath();
}

/** Plates, tiles and a dim dot for every coordinate: what does not change from step to step.
 *  @param {CanvasRenderingContext2D} ctx
 *  @param {import("./tower_geometry.mjs").Slab[]} slabs
 *  @param {Tile[]} tiles
 *  @param {Camera} camera
 *  @param {Colours} colours */
export function paintPlates(ctx, slabs, tiles, camera, colours) {
  ctx.clearRect(0, 0, camera.width, camera.height);
  ctx.lineWidth = 1;
  for (const slab of slabs) {
    const [a, b, c, d] = cornersOfPlate(slab).map((corner) => /** @type {[number, number]} */ (project(camera, ...corner).slice(0, 2)));
    trace(ctx, [a, c, d, b]);
    ctx.fillStyle = "rgba(22,38,61,0.34)";
    ctx.fill();
    ctx.strokeStyle = colours.line;
    ctx.stroke();
  }
  ctx.strokeStyle = colours.edge;
  ctx.fillStyle = colours.dim;
  for (const tile of tiles) {
    trace(ctx, outlineOf(tile, camera));
    ctx.stroke();
    for (let i = 0; i < tile.width; i++) {
      const [x, y] = project(camera, ...placeIn(tile, i));
      ctx.fillRect(x - 0.4, y - 0.4, 0.8, 0.8);
    }
  }
}

/** @param {CanvasRenderingContext2D} ctx
 *  @param {object} scene
 *  @param {Tile[]} scene.tiles
 *  @param {Camera} scene.camera
 *  @param {Colours} scene.colours
 *  @param {ArrayLike<number>|null} scene.amounts by part, of which tiles are as opaque; null: not there yet
 *  @param {number} scene.least smaller amounts stay dim
 *  @param {number} scene.selected part
 *  @param {((tile: Tile) => Float32Array|null)|null} scene.dotsOf what each coordinate wrote */
export function paintParts(ctx, { tiles, camera, colours, amounts, least, selected, dotsOf }) {
  for (const tile of tiles) {
    const amount = amounts?.[tile.part] ?? 0;
    const isSelected = tile.part === selected;
    const isSeen = Math.abs(amount) >= least;
    if (isSeen || isSelected) {
      trace(ctx, outlineOf(tile, camera));
      const colour = amount < 0 ? colours.against : colours.for;
      ctx.globalAlpha = MOST_FILL * Math.min(1, Math.abs(amount) / FULL_TILE);
      ctx.fillStyle = colour;
      if (isSeen) ctx.fill();
      ctx.globalAlpha = isSeen ? 0.95 : 0.8;
      ctx.strokeStyle = isSelected ? colours.accent : colour;
      ctx.lineWidth = isSelected ? 2 : 1.4;
      ctx.setLineDash(amount < 0 && !isSelected ? [2.5, 2] : []);
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
    ctx.setLineDash([]);
    const dots = dotsOf?.(tile);
    if (dots) paintDots(ctx, tile, dots, camera, colours);
  }
}

/** Area ∝ amount.
 *  @param {CanvasRenderingContext2D} ctx
 *  @param {Tile} tile
 *  @param {Float32Array} dots
 *  @param {Camera} camera
 *  @param {Colours} colours */
function paintDots(ctx, tile, dots, camera, colours) {
  ctx.lineWidth = 1;
  for (let i = 0; i < dots.length; i++) {
    const magnitude = Math.abs(dots[i]);
    if (magnitude < 0.004) continue;
    const [x, y, depth] = project(camera, ...placeIn(tile, i));
    const radius = DOT_SIZE * Math.sqrt(magnitude) * pixelsPerUnit(camera, depth);
    if (radius < LEAST_PX) continue;
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    if (dots[i] > 0) {
      ctx.fillStyle = colours.for;
      ctx.fill();
    } else {
      ctx.strokeStyle = colours.against;
      ctx.stroke();
    }
  }
}
