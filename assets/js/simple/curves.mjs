/**
 * Looks back as curves over the words: where each runs and where its label stands, or that there is no room for them. Pure.
 *
 * All boxes are CSS pixels of the line of words. Each curve has a height of its own, the farthest look the highest, so that no two cross.
 */

/** @typedef {{left: number, right: number, top: number}} Box of a word */
/** @typedef {{from: Box, weight: number, label: string, labelPx: number}} Asked a look at one word; `label`: what stands on it */
/** @typedef {{path: string, width: number, label: string, x: number, y: number, isTold: boolean}} Curve x, y: left end and middle of the label */

export const LANE_PX = 18;
const BEND_PX = 16;
const GAP_PX = 8;
const EDGE_PX = 12; // from the bend to a label

/** @param {Asked[]} asked
 *  @param {Box} to the word that looks
 *  @param {number} roomPx over the words
 *  @returns {Curve[]|null} null: they do not fit */
export function placeCurves(asked, to, roomPx) {
  const order = [...asked].sort((a, b) => a.from.left - b.from.left || b.weight - a.weight);
  if (order.length * LANE_PX > roomPx) return null;
  /** @type {Curve[]} */
  const curves = [];
  const ends = order.length;
  for (const [lane, { from, weight, label, labelPx }] of order.entries()) {
    const y = to.top - roomPx + LANE_PX * (lane + 0.5);
    const x = (from.left + from.right) / 2;
    const end = to.right - 4 - Math.min(ends - 1 - lane, 3) * 5;
    if (end - x < 2 * BEND_PX) return null;
    const inside = x + BEND_PX + EDGE_PX;
    const isInside = inside + labelPx <= end - BEND_PX;
    const labelX = isInside ? inside : x - BEND_PX - labelPx;
    if (labelX < 0) return null;
    const bottom = from.top + 4;
    const path = `M${x} ${bottom} C${x} ${y + BEND_PX / 3} ${x + BEND_PX / 3} ${y} ${x + BEND_PX} ${y} H${end - BEND_PX} C${end - BEND_PX / 3} ${y} ${end} ${y + BEND_PX / 3} ${end} ${to.top + 4}`;
    curves.push({ path, width: 1 + 3 * weight, label, x: labelX, y, isTold: isInside });
  }
  return curves.some((one, i) => curves.slice(i + 1).some((other) => one.y === other.y && Math.abs(one.x - other.x) < GAP_PX)) ? null : curves;
}
