/**
 * Words of six groups on the two directions along which their rows differ most.
 */

import { el } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { part } from "./cells.mjs";
import { svg } from "./parts.mjs";

const WIDTH = 860;
const HEIGHT = 560;
const MARGIN = 70;
const LINE = 15; // height of a label
const LETTER = 7.2;

/** @param {HTMLElement} host
 *  @param {import("../widget.mjs").WidgetContext} context */
export default function mount(host, { data, words }) {
  const say = words["word-map"];
  const { points, share } = data["word-map"];
  const groups = [...new Set(points.map((/** @type {any} */ point) => point.group))];
  const place = fitted(points, WIDTH, HEIGHT, MARGIN);
  const labels = apart(points.map((/** @type {any} */ point) => ({ word: point.word, at: place(point) })));
  const shapes = points.flatMap((/** @type {any} */ point, /** @type {number} */ i) => {
    const [x, y] = place(point);
    const kind = `is-group-${groups.indexOf(point.group)}`;
    return [
      svg("line", { x1: x, y1: y, x2: x + 8, y2: labels[i], class: kind }),
      svg("circle", { cx: x, cy: y, r: 4, class: kind }),
      svg("text", { x: x + 10, y: labels[i] + 4, class: kind, text: point.word }),
    ];
  });
  const listed = groups.map(
    (group) =>
      `${group}: ${points
        .filter((/** @type {any} */ point) => point.group === group)
        .map((/** @type {any} */ point) => point.word)
        .join(", ")}`,
  );
  const map = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "lw-map", role: "img", "aria-label": filled(say.alternative, { groups: listed.join("; ") }) },
    ...shapes,
  );
  const legend = groups.map((group, i) => el("li", {}, el("span", { class: `lw-dot is-group-${i}` }), ` ${say.groups[group] ?? group}`));
  const kept = filled(say.share, { share: (100 * share).toFixed(0) });
  host.append(
    part(
      "map",
      say.title,
      el("div", { class: "lw-wide", tabindex: 0, role: "group", "aria-label": say.title }, map),
      el("ul", { class: "lw-legend" }, ...legend),
      el("p", { class: "mri-note" }, el("span", { class: "mri-kind mri-kind-derived", text: say.derived }), ` ${kept}`),
    ),
  );
  return { close() {}, set() {} };
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
