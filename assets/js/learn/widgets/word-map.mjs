/**
 * Words of six groups on the two directions along which their rows differ most.
 */

import { el } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { part } from "./cells.mjs";
import { dot, kindNote, label, line, picture } from "./parts.mjs";

const [WIDTH, HEIGHT, MARGIN] = [860, 560, 70];
const LINE = 15; // height of a label
const LETTER = 7.2;

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { data, words }) {
  const say = words["word-map"];
  /** @type {{points: {word: string, group: string, x: number, y: number}[], share: number}} */
  const { points, share } = data["word-map"];
  const groups = [...new Set(points.map(({ group }) => group))];
  const places = points.map(fitted(points, WIDTH, HEIGHT, MARGIN));
  const labels = apart(points.map(({ word }, i) => ({ word, at: places[i] })));
  const shapes = points.flatMap(({ word, group }, i) => {
    const [x, y] = places[i];
    const kind = `is-group-${groups.indexOf(group)}`;
    return [line([x, y], [x + 8, labels[i]], kind), dot([x, y], 4, kind), label(x + 10, labels[i] + 4, word, { class: kind })];
  });
  const wordsOf = (/** @type {string} */ group) => points.filter((point) => point.group === group).map(({ word }) => word);
  const listed = groups.map((group) => `${group}: ${wordsOf(group).join(", ")}`).join("; ");
  const map = picture(WIDTH, HEIGHT, { class: "lw-map", "aria-label": filled(say.alternative, { groups: listed }) }, ...shapes);
  const legend = groups.map((group, i) => el("li", {}, el("span", { class: `lw-dot is-group-${i}` }), ` ${say.groups[group] ?? group}`));
  const kept = filled(say.share, { share: (100 * share).toFixed(0) });
  const area = el("div", { class: "lw-wide", tabindex: 0, role: "group", "aria-label": say.title }, map);
  host.append(part("map", say.title, area, el("ul", { class: "lw-legend" }, ...legend), kindNote("derived", say.derived, kept)));
  return { set() {} };
}

/** From data to the picture, the same scale both ways.
 *  @param {readonly {x: number, y: number}[]} points
 *  @param {number} width
 *  @param {number} height
 *  @param {number} margin
 *  @returns {(point: {x: number, y: number}) => [number, number]} */
export function fitted(points, width, height, margin) {
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.min((width - 2 * margin) / (right - left), (height - 2 * margin) / (high - low));
  return ({ x, y }) => [width / 2 + (x - (left + right) / 2) * scale, height / 2 - (y - (low + high) / 2) * scale];
}

/** Heights for labels beside their dots so that none covers another: from the top, each as near to its dot as it can be.
 *  @param {readonly {word: string, at: [number, number]}[]} labels
 *  @returns {number[]} y of each */
export function apart(labels) {
  /** @type {{left: number, right: number, y: number}[]} */
  const placed = [];
  const heights = new Array(labels.length);
  const order = labels.map((_, i) => i).sort((a, b) => labels[a].at[1] - labels[b].at[1]);
  for (const i of order) {
    const [x, y] = labels[i].at;
    const own = { left: x, right: x + 14 + labels[i].word.length * LETTER, y: y - LINE / 2 };
    const isFree = () => placed.every(({ left, right, y: other }) => right < own.left || own.right < left || Math.abs(other - own.y) >= LINE);
    while (!isFree()) own.y += 1;
    placed.push(own);
    heights[i] = own.y;
  }
  return heights;
}
