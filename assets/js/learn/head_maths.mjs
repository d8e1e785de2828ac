/**
 * The arithmetic of one attention head that a reader may turn: softmax with and without mask, scores at other places.
 *
 * Knows arrays. Refuses to know the page; the numbers it starts from come from a recording.
 */

import { shares } from "../core/dice.mjs";

/** Shares of one query.
 *  @param {readonly number[]} scores one for each token
 *  @param {(key: number) => boolean} isSeen
 *  @returns {number[]} they sum to 1; 0 where nothing is seen */
export function softmax(scores, isSeen) {
  const seen = scores.map((score, key) => (isSeen(key) ? score : -Infinity));
  return shares(seen, 1);
}

/** A pair of numbers as a hand, after turning clockwise.
 *  @param {number} x
 *  @param {number} y
 *  @param {number} angle radians
 *  @returns {[number, number]} */
export function turned(x, y, angle) {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [x * cos + y * sin, y * cos - x * sin];
}

/** The score of a query and a key, both normed and not yet turned, at two places.
 *  @param {readonly number[]} query (2 · angles.length,), the halves of a pair lie half a row apart
 *  @param {readonly number[]} key
 *  @param {readonly number[]} angles of one place, radians
 *  @param {number} scale what nanochat multiplies both with
 *  @param {number} queryPlace
 *  @param {number} keyPlace */
export function scoreAt(query, key, angles, scale, queryPlace, keyPlace) {
  const half = angles.length;
  let sum = 0;
  angles.forEach((angle, j) => {
    const [qx, qy] = turned(query[j], query[j + half], queryPlace * angle);
    const [kx, ky] = turned(key[j], key[j + half], keyPlace * angle);
    sum += qx * kx + qy * ky;
  });
  return (scale * scale * sum) / Math.sqrt(2 * half);
}

/** @param {readonly number[]} values
 *  @returns {number} root of the mean square */
export function rootMeanSquare(values) {
  return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
}
