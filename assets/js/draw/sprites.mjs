/**
 * Dots drawn once and copied often: a core disc and a halo for each level of magnitude.
 *
 * Size and glow rise with the level throughout; the core has exactly the scale's colour. Knows no values:
 * a level is magnitude / full scale, in steps.
 */

import { colourMap } from "../core/colour.mjs";

export const LEVELS = 64;

/** Magnitudes beyond the full scale keep the last level. NaN must not come here.
 *  @param {number} share magnitude / full scale
 *  @returns {number} 0…LEVELS−1 */
export function levelOf(share) {
  const level = Math.floor(share * (LEVELS - 1) + 0.5);
  return level > LEVELS - 1 ? LEVELS - 1 : level;
}

/** @param {number} share 0…1
 *  @param {number} cellPx
 *  @returns {number} radius of the core in the cell's unit */
export function coreRadius(share, cellPx) {
  return cellPx * (0.1 + 0.36 * Math.sqrt(share));
}

/** @typedef {object} Sprites one atlas row of halos, one of cores
 *  @property {HTMLCanvasElement} atlas
 *  @property {number} sizePx side of one sprite in device pixels
 *  @property {number} size side of one sprite in CSS pixels
 *  @property {number} firstGlow level from which there is a halo */

/** @param {import("../core/colour.mjs").Stops} stops
 *  @param {number} cellPx
 *  @param {number} ratio device pixels per CSS pixel
 *  @returns {Sprites} */
export function makeSprites(stops, cellPx, ratio) {
  const colour = colourMap(stops);
  const size = Math.max(3, cellPx * 3.4);
  const sizePx = Math.ceil(size * ratio);
  const atlas = document.createElement("canvas");
  atlas.width = sizePx * LEVELS;
  atlas.height = sizePx * 2;
  const ctx = /** @type {CanvasRenderingContext2D} */ (atlas.getContext("2d"));
  const firstGlow = Math.floor(LEVELS * 0.22);
  for (let level = 0; level < LEVELS; level++) {
    const share = level / (LEVELS - 1);
    const [r, g, b] = colour(share);
    const x = (level + 0.5) * sizePx;
    if (level >= firstGlow) {
      const strength = (share - 0.2) / 0.8;
      const reach = sizePx * (0.28 + 0.22 * strength);
      const halo = ctx.createRadialGradient(x, sizePx / 2, 0, x, sizePx / 2, reach);
      for (let i = 0; i <= 8; i++) {
        const fall = (1 - i / 8) ** 2.2;
        halo.addColorStop(i / 8, `rgba(${r},${g},${b},${(0.62 * strength * fall).toFixed(4)})`);
      }
      ctx.fillStyle = halo;
      ctx.fillRect(level * sizePx, 0, sizePx, sizePx);
    }
    ctx.fillStyle = `rgb(${r},${g},${b})`;
    ctx.beginPath();
    ctx.arc(x, sizePx * 1.5, Math.max(0.5, coreRadius(share, cellPx) * ratio), 0, 2 * Math.PI);
    ctx.fill();
  }
  return { atlas, sizePx, size: sizePx / ratio, firstGlow };
}
