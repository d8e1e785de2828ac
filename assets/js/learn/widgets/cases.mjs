/**
 * The four cases of two inputs: as places on the plane from FROM to TO, and as the rows of a table.
 */

import { el } from "../../shell/dom.mjs";
import { dot, label, numberText, tableParts } from "./parts.mjs";

export const CASES = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
export const [FROM, TO] = [-0.5, 1.5];

/** @param {number} left of the plane in the picture
 *  @param {number} bottom
 *  @param {number} size
 *  @returns {(x: readonly number[]) => [number, number]} inputs -> place in the picture */
export function placeIn(left, bottom, size) {
  const share = (/** @type {number} */ value) => (value - FROM) / (TO - FROM);
  return ([x1, x2]) => [left + share(x1) * size, bottom - share(x2) * size];
}

/** A case on the plane, with the answer that is wanted.
 *  @param {readonly number[]} at place in the picture
 *  @param {number} r
 *  @param {number} wanted 0 or 1
 *  @param {boolean} isHere it is the one that is looked at
 *  @param {string} [kind] class
 *  @returns {Element[]} */
export function caseDot([x, y], r, wanted, isHere, kind = "") {
  const one = wanted ? " is-one" : "";
  const parts = [dot([x, y], r, `widget-case${one}${kind}`), label(x, y + 5.5, wanted, { class: `widget-case-text${one}` })];
  return isHere ? [dot([x, y], Math.round(1.5 * r), "widget-here"), ...parts] : parts;
}

/** @param {any} words of the widget: wanted, right, wrong
 *  @param {readonly string[]} heads of the columns between the inputs and what is wanted
 *  @param {{values: readonly number[], wanted: number, isRight: boolean}[]} cases `values`: what stands in those columns
 *  @param {number} at case that is looked at, −1: none
 *  @returns {Element[]} head and body */
export function caseTable(words, heads, cases, at) {
  const rows = cases.map(({ values, wanted, isRight }, i) => {
    const cells = [...CASES[i], ...values.map((value) => numberText(value)), wanted].map((text) => el("td", { text }));
    const mark = el("td", { text: isRight ? "✓" : "✗", "aria-label": isRight ? words.right : words.wrong });
    return el("tr", { class: `${isRight ? "is-right" : "is-wrong"}${i === at ? " is-here" : ""}` }, ...cells, mark);
  });
  return tableParts(["x₁", "x₂", ...heads, words.wanted, ""], rows);
}
