/**
 * The plane of two inputs, cut in two by w₁·x₁ + w₂·x₂ + b = 0. Pure geometry; knows no drawing.
 */

/** @typedef {[number, number]} XY */
/** @typedef {readonly [number, number, number]} Weights w₁, w₂, b */

/** @param {Weights} weights
 *  @param {readonly number[]} x
 *  @returns {number} w₁·x₁ + w₂·x₂ + b */
export function sumOf([w1, w2, b], [x1, x2]) {
  return w1 * x1 + w2 * x2 + b;
}

/** The part of a square where the sum is above zero.
 *  @param {Weights} weights
 *  @param {number} from left and bottom of the square
 *  @param {number} to right and top
 *  @returns {XY[]} corners in order; none where the sum is nowhere above zero */
export function halfPlane(weights, from, to) {
  /** @type {XY[]} */
  const square = [
    [from, from],
    [to, from],
    [to, to],
    [from, to],
  ];
  return square.flatMap((corner, i) => {
    const next = square[(i + 1) % 4];
    const [here, there] = [sumOf(weights, corner), sumOf(weights, next)];
    /** @type {XY[]} */
    const out = here > 0 ? [corner] : [];
    if (here > 0 !== there > 0) out.push(between(corner, next, here / (here - there)));
    return out;
  });
}

/** The decision line inside a square.
 *  @param {Weights} weights
 *  @param {number} from
 *  @param {number} to
 *  @returns {[XY, XY]|null} its ends; null where it does not cross the square */
export function lineIn(weights, from, to) {
  const corners = /** @type {XY[]} */ ([
    [from, from],
    [to, from],
    [to, to],
    [from, to],
  ]);
  const cuts = corners.flatMap((corner, i) => {
    const next = corners[(i + 1) % 4];
    const [here, there] = [sumOf(weights, corner), sumOf(weights, next)];
    return here > 0 !== there > 0 ? [between(corner, next, here / (here - there))] : [];
  });
  return cuts.length === 2 ? [cuts[0], cuts[1]] : null;
}

/** @param {XY} a
 *  @param {XY} b
 *  @param {number} share of the way from a to b
 *  @returns {XY} */
function between(a, b, share) {
  return [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])];
}
