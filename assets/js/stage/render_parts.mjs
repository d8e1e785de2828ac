/**
 * What the renderer is given as numbers: corners of plates, and what of a picture can shine.
 *
 * Pure. Knows plates and cameras. Refuses to know WebGL.
 */

import { project } from "./camera.mjs";

const SHINE_PX = 36; // CSS pixels that the bloom of a dot reaches at most
const GLOW_MARGIN = 0.04; // of space around a plate for its edge's glow

/** @param {import("./camera.mjs").Camera} camera
 *  @param {import("./camera.mjs").Point[]} corners
 *  @returns {number[]} what they span with room for the bloom: left, bottom, right, top, as shares of the picture */
export function litBy(camera, corners) {
  const places = corners.map((corner) => project(camera, ...corner));
  const [xs, ys] = [places.map(([x]) => x / camera.width), places.map(([, y]) => 1 - y / camera.height)];
  const [roomX, roomY] = [SHINE_PX / camera.width, SHINE_PX / camera.height];
  const within = (/** @type {number} */ share) => Math.min(1, Math.max(0, share));
  return [Math.min(...xs) - roomX, Math.min(...ys) - roomY, Math.max(...xs) + roomX, Math.max(...ys) + roomY].map(within);
}

/** Two triangles of a plate with room for its glow.
 *  @param {import("./tower_geometry.mjs").Slab} slab
 *  @param {number} selected 0 or 1 */
export function plateVertices({ x, y, z, depth }, selected) {
  const [dx, dz] = [0.5 + GLOW_MARGIN, depth / 2 + GLOW_MARGIN];
  const [nearLeft, nearRight, left, right] = [-dz, dz].flatMap((cz) => [-dx, dx].map((cx) => [x + cx, y, z + cz, cx, cz, depth / 2, selected]));
  return [nearLeft, nearRight, left, left, nearRight, right].flat();
}
