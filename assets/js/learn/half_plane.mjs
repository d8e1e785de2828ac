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

/** @param {number} from left and bottom of a square
 *  @param {number} to right and top
 *  @returns {XY[]} in order */
export function corners(from, to) {
  return [
    [from, from],
    [to, from],
    [to, to],
    [from, to],
  ];
}

/** The part of a square where the sum is above zero.
 *  @param {Weights} weights
 *  @param {number} from
 *  @param {number} to
 *  @returns {XY[]} corners in order; none where the sum is nowhere above zero */
export function halfPlane(weights, from, to) {
  return sides(weights, from, to).flatMap(({ corner, isAbove, cut }) => [...(isAbove ? [corner] : []), ...cut]);
}

/** The decision line inside a square.
 *  @param {Weights} weights
 *  @param {number} from
 *  @param {number} to
 *  @returns {[XY, XY]|null} its ends; null where it does not cross the square */
export function lineIn(weights, from, to) {
  const cuts = sides(weights, from, to).flatMap(({ cut }) => cut);
  return cuts.length === 2 ? [cuts[0], cuts[1]] : null;
}

/** The sides of a square, each with the corner it begins at and where the line cuts it.
 *  @param {Weights} weights
 *  @param {number} from
 *  @param {number} to
 *  @returns {{corner: XY, isAbove: boolean, cut: XY[]}[]} */
function sides(weights, from, to) {
  const square = corners(from, to);
  return square.map((a, i) => {
    const b = square[(i + 1) % 4];
    const [here, there] = [sumOf(weights, a), sumOf(weights, b)];
    const share = here / (here - there);
    return { corner: a, isAbove: here > 0, cut: here > 0 !== there > 0 ? [[a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])]] : [] };
  });
}
