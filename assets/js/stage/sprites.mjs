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

/** @typedef {object} Sprites an atlas of two rows, halos over cores, one column per level
 *  @property {HTMLCanvasElement} atlas
 *  @property {number} haloPx side of a halo's square in device pixels
 *  @property {number} corePx side of a core's square
 *  @property {number} ratio device pixels per CSS pixel
 *  @property {number} firstGlow level from which there is a halo */

/** @param {import("../core/colour.mjs").Stops} stops
 *  @param {number} cellPx CSS pixels
 *  @param {number} ratio device pixels per CSS pixel
 *  @returns {Sprites} */
export function makeSprites(stops, cellPx, ratio) {
  const colour = colourMap(stops);
  const haloPx = 2 * Math.ceil(Math.max(3, cellPx * 3.2) * ratio * 0.5);
  const corePx = 2 * Math.ceil(cellPx * ratio * 0.5) + 2;
  const atlas = document.createElement("canvas");
  atlas.width = haloPx * LEVELS;
  atlas.height = haloPx + corePx;
  const ctx = /** @type {CanvasRenderingContext2D} */ (atlas.getContext("2d"));
  const firstGlow = Math.floor(LEVELS * 0.22);
  for (let level = 0; level < LEVELS; level++) {
    const share = level / (LEVELS - 1);
    const [r, g, b] = colour(share);
    if (level >= firstGlow) {
      const strength = (share - 0.2) / 0.8;
      const x = (level + 0.5) * haloPx;
      const halo = ctx.createRadialGradient(x, haloPx / 2, 0, x, haloPx / 2, haloPx * (0.28 + 0.22 * strength));
      for (let i = 0; i <= 8; i++) {
        const fall = (1 - i / 8) ** 2.2;
        halo.addColorStop(i / 8, `rgba(${r},${g},${b},${(0.62 * strength * fall).toFixed(4)})`);
      }
      ctx.fillStyle = halo;
      ctx.fillRect(level * haloPx, 0, haloPx, haloPx);
    }
    ctx.fillStyle = `rgb(${r},${g},${b})`;
    ctx.beginPath();
    ctx.arc(level * haloPx + corePx / 2, haloPx + corePx / 2, Math.max(0.5, coreRadius(share, cellPx) * ratio), 0, 2 * Math.PI);
    ctx.fill();
  }
  return { atlas, haloPx, corePx, ratio, firstGlow };
}
