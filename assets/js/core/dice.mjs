/**
 * A seeded die, and what falls on it: temperature, shares, drawing.
 *
 * Pure. The same seed gives the same throws. It is not PyTorch's generator, so it does not retell a recording.
 */

/** @param {number} seed a whole number
 *  @returns {() => number} the next throw, 0 ≤ x < 1 (mulberry32, by Tommy Ettinger, public domain) */
export function die(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** softmax(logits / temperature)
 *  @param {number[]} logits
 *  @param {number} temperature positive
 *  @returns {number[]} they add up to 1 */
export function shares(logits, temperature) {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp((logit - most) / temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Which stretch of the line from 0 to 1 a throw falls into.
 *  @param {number[]} stretches shares that add up to 1
 *  @param {number} thrown 0 ≤ thrown < 1
 *  @returns {number} its index */
export function drawn(stretches, thrown) {
  let end = 0;
  const at = stretches.findIndex((share) => thrown < (end += share));
  return at < 0 ? stretches.length - 1 : at; // rounding: the shares added up to a little less than 1
}
