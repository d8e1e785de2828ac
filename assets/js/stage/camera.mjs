/**
 * A perspective camera that looks at the tower: where a point of space stands on the picture, and what lies under a pixel.
 *
 * Pure geometry: right-handed space, y up, angles in radians, pixels are CSS pixels from the top left.
 * Knows no plates, values or canvases.
 */

/** @typedef {[number, number, number]} Point x, y, z */

/** @typedef {object} Camera
 *  @property {Float32Array} matrix (16,) column-major: space -> clip coordinates
 *  @property {Point} eye
 *  @property {Point} right unit vectors of the picture
 *  @property {Point} up
 *  @property {Point} forward
 *  @property {number} tan tangent of half the vertical field of view
 *  @property {number} width CSS pixels
 *  @property {number} height */

/** @typedef {object} Orbit what a person turns
 *  @property {number} yaw around the tower, 0 from the front
 *  @property {number} pitch above the horizon
 *  @property {number} zoom 1: everything fits */

/** @type {Readonly<Orbit>} */
export const HOME = Object.freeze({ yaw: -0.34, pitch: 0.42, zoom: 1 });

const FIELD_OF_VIEW = 0.42;
const [NEAR, FAR] = [0.05, 100];
const FIT_ROUNDS = 24;

/** @param {Orbit} orbit
 *  @param {number} distance from the target
 *  @param {Point} target
 *  @param {number} width CSS pixels
 *  @param {number} height
 *  @returns {Camera} */
export function placeCamera({ yaw, pitch }, distance, target, width, height) {
  const [sinYaw, cosYaw, sinPitch, cosPitch] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch)];
  /** @type {Point} */
  const forward = [-sinYaw * cosPitch, -sinPitch, -cosYaw * cosPitch];
  /** @type {Point} */
  const right = [cosYaw, 0, -sinYaw];
  /** @type {Point} */
  const up = [-sinYaw * sinPitch, cosPitch, -cosYaw * sinPitch];
  const eye = /** @type {Point} */ (target.map((at, i) => at - forward[i] * distance));
  const tan = Math.tan(FIELD_OF_VIEW / 2);
  const [toRight, toUp, toForward] = [right, up, forward].map((axis) => -axis.reduce((sum, part, i) => sum + part * eye[i], 0));
  const [fx, fy] = [height / width / tan, 1 / tan];
  const [a, b] = [(FAR + NEAR) / (NEAR - FAR), (2 * FAR * NEAR) / (NEAR - FAR)];
  const column = (/** @type {number} */ i) => [fx * right[i], fy * up[i], -a * forward[i], forward[i]];
  const matrix = new Float32Array([...column(0), ...column(1), ...column(2), fx * toRight, fy * toUp, b - a * toForward, toForward]);
  return { matrix, eye, right, up, forward, tan, width, height };
}

/** @param {Camera} camera
 *  @param {number} x
 *  @param {number} y
 *  @param {number} z
 *  @returns {[number, number, number]} x and y on the picture in CSS pixels, and the depth (positive: before the camera) */
export function project({ matrix: m, width, height }, x, y, z) {
  const w = m[3] * x + m[7] * y + m[11] * z + m[15];
  const clipX = m[0] * x + m[4] * y + m[8] * z + m[12];
  const clipY = m[1] * x + m[5] * y + m[9] * z + m[13];
  return [(0.5 + (0.5 * clipX) / w) * width, (0.5 - (0.5 * clipY) / w) * height, w];
}

/** CSS pixels that a unit of space spans at this depth.
 *  @param {Camera} camera
 *  @param {number} depth */
export function pixelsPerUnit({ tan, height }, depth) {
  return height / (2 * tan * depth);
}

/** Where the ray through a pixel meets the horizontal plane at height y.
 *  @param {Camera} camera
 *  @param {number} px CSS pixels
 *  @param {number} py
 *  @param {number} y
 *  @returns {{x: number, z: number, depth: number}|null} null where it never does */
export function onPlane({ eye, right, up, forward, tan, width, height }, px, py, y) {
  const [sideways, upwards] = [((2 * px) / width - 1) * tan * (width / height), (1 - (2 * py) / height) * tan];
  const ray = [0, 1, 2].map((i) => forward[i] + right[i] * sideways + up[i] * upwards);
  const depth = (y - eye[1]) / ray[1];
  return depth > 0 && Number.isFinite(depth) ? { x: eye[0] + depth * ray[0], z: eye[2] + depth * ray[2], depth } : null;
}

/** The camera from which all points just fill a frame of the picture.
 *  @param {Orbit} orbit
 *  @param {Point[]} points
 *  @param {{width: number, height: number, left: number, right: number, top: number, bottom: number}} picture CSS pixels,
 *         with the margins to be left free */
export function fitCamera(orbit, points, { width, height, left, right, top, bottom }) {
  const centre = [(left + width - right) / 2, (top + height - bottom) / 2];
  const room = [Math.max(20, width - left - right), Math.max(20, height - top - bottom)];
  /** @type {Point} */
  let target = [0, 0, 0];
  let distance = 6;
  let camera = placeCamera(orbit, distance, target, width, height);
  for (let round = 0; round < FIT_ROUNDS; round++) {
    const seen = points.map((point) => project(camera, ...point));
    const [low, high] = [0, 1].map((axis) => [Math.min(...seen.map((at) => at[axis])), Math.max(...seen.map((at) => at[axis]))]);
    const perUnit = pixelsPerUnit(camera, distance);
    const [dx, dy] = [((low[0] + low[1]) / 2 - centre[0]) / perUnit, ((high[0] + high[1]) / 2 - centre[1]) / perUnit];
    target = /** @type {Point} */ (target.map((at, i) => at + camera.right[i] * dx - camera.up[i] * dy));
    distance *= Math.max((low[1] - low[0]) / room[0], (high[1] - high[0]) / room[1]) || 1;
    camera = placeCamera(orbit, distance, target, width, height);
  }
  return orbit.zoom === 1 ? camera : placeCamera(orbit, distance / orbit.zoom, target, width, height);
}

/** @param {Orbit} orbit
 *  @param {{yaw?: number, pitch?: number, zoom?: number}} by angles are added, zoom multiplies
 *  @returns {Orbit} kept above the horizon and below the zenith */
export function turned({ yaw, pitch, zoom }, by) {
  return { yaw: yaw + (by.yaw ?? 0), pitch: Math.min(1.45, Math.max(0.06, pitch + (by.pitch ?? 0))), zoom: Math.min(8, Math.max(0.5, zoom * (by.zoom ?? 1))) };
}

/** @param {string|null|undefined} text "yaw,pitch,zoom"; none: as it begins
 *  @returns {Orbit} kept as `turned` keeps it */
export function orbitFromText(text) {
  if (!text) return { ...HOME };
  const [yaw, pitch, zoom] = text.split(",").map(Number);
  return turned({ yaw, pitch, zoom }, {});
}

/** @param {Orbit} orbit
 *  @returns {string|null} "yaw,pitch,zoom" to a thousandth, the yaw within one turn; null: as it begins. Inverse of orbitFromText */
export function textFromOrbit({ yaw, pitch, zoom }) {
  const within = Math.atan2(Math.sin(yaw), Math.cos(yaw));
  const text = [within, pitch, zoom].map((part) => Number(part.toFixed(3))).join();
  return text === [HOME.yaw, HOME.pitch, HOME.zoom].join() ? null : text;
}
