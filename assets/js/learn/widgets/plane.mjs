/**
 * The plane of two inputs with the decision line of one perceptron, and the four cases in a table.
 *
 * Set by hand, everything is computed from the sliders; following a recording (`follow: and` or `xor`), the weights are those of the
 * Scanner's step. Announces the task's name when all four cases are right, and `tried` after some different settings.
 */

import { el, svg } from "../../shell/dom.mjs";
import { corners, halfPlane, lineIn, sumOf } from "../half_plane.mjs";
import { filled } from "../text.mjs";
import { CASES, FROM, TO, caseDot, caseTable, placeIn } from "./cases.mjs";
import { kindChip, label, line, numberText, picture, points, slider } from "./parts.mjs";

/** @typedef {import("../half_plane.mjs").Weights} Weights */

/** @type {Record<string, readonly number[]>} */
export const TASKS = Object.freeze({ and: [0, 0, 0, 1], or: [0, 1, 1, 1], xor: [0, 1, 1, 0] });
const [SIZE, EDGE] = [320, 26];
const ENOUGH_TRIES = 6;
const xy = placeIn(EDGE, SIZE - EDGE / 2, SIZE - EDGE);

/** @param {Weights} weights
 *  @returns {number[]} what the perceptron says in each case */
export function outputsOf(weights) {
  return CASES.map((each) => (sumOf(weights, each) > 0 ? 1 : 0));
}

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { data, words: allWords, state, announce, onStep }) {
  const words = allWords.plane;
  /** @type {[number, number, number]} */
  let weights = [0, 0, 0];
  let best = 0;
  /** @type {any} the recording that is followed */
  let followed = null;
  let step = 0;
  const tried = new Set();
  const sliders = ["w1", "w2", "b"].map((name, i) =>
    slider({ label: words[name], part: name, min: -2, max: 2, step: 0.25, value: 0, onInput: (value) => turn(i, value) }),
  );
  const drawing = picture(SIZE + 8, SIZE + EDGE / 2, { class: "widget-plane", "data-part": "plane" });
  const title = el("h3", { class: "widget-title" });
  const chip = kindChip("derived", words.derived);
  const sliderBox = el("div", { class: "widget-controls" }, ...sliders.map(({ node }) => node));
  const read = el("p", { class: "widget-line", "data-part": "weights" });
  const table = el("table", { class: "widget-table", "data-part": "table" });
  const says = el("p", { class: "widget-says", role: "status" });
  host.replaceChildren(el("div", { class: "widget" }, el("div", { class: "widget-head" }, title, chip), drawing, read, sliderBox, table, says));

  /** @param {number} i
   *  @param {number} value */
  function turn(i, value) {
    weights[i] = value;
    tried.add(weights.join());
    if (draw() === CASES.length) announce(state.task);
    if (tried.size >= ENOUGH_TRIES) announce("tried");
  }

  /** @returns {number} cases that are right */
  function draw() {
    const [w1, w2, b] = weights.map((each) => numberText(each));
    const at = followed ? followed.case[step] : -1;
    const task = followed?.task ?? state.task;
    const wanted = TASKS[task];
    const outputs = outputsOf(weights);
    const cases = CASES.map((each, i) => ({ values: [sumOf(weights, each), outputs[i]], wanted: wanted[i], isRight: outputs[i] === wanted[i] }));
    const right = cases.filter(({ isRight }) => isRight).length;
    if (tried.size) best = Math.max(best, right);
    title.textContent = filled(followed ? words.followed : words.title, { task: words.tasks[task], step });
    chip.hidden = read.hidden = !followed;
    sliderBox.hidden = Boolean(followed);
    read.textContent = `w₁ = ${w1}   w₂ = ${w2}   b = ${b}`;
    drawing.replaceChildren(...planeParts(weights, cases, at));
    const on = CASES.filter((_, i) => outputs[i]).map((each) => each.join(" "));
    drawing.setAttribute("aria-label", filled(words.says, { w1, w2, b, right, on: on.join(", ") || words.none }));
    table.replaceChildren(...caseTable(words, [words.sum, words.output], cases, at));
    const isTrying = state.task === "xor" && !followed && tried.size;
    says.textContent = filled(isTrying ? words.best : words.count, { right, best, tried: tried.size });
    return right;
  }

  /** @param {number} now */
  function follow(now) {
    step = now;
    if (!followed) return;
    weights = followed.weights[Math.min(now, followed.weights.length - 1)].slice();
    draw();
  }

  /** @param {any} next */
  function set(next) {
    state = next;
    followed = next.follow ? data[next.follow] : null;
    tried.clear();
    best = 0;
    weights = (next.weights ?? [0.5, 0.5, 0.25]).slice();
    sliders.forEach(({ set: show }, i) => show(weights[i]));
    if (followed) follow(step);
    else draw();
  }

  onStep(follow);
  set(state);
  return { set };
}

/** @param {Weights} weights
 *  @param {readonly {wanted: number, isRight: boolean}[]} cases
 *  @param {number} at case that is looked at, −1: none
 *  @returns {Element[]} */
function planeParts(weights, cases, at) {
  const tick = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string|number} */ text) => label(x, y, text, { class: "widget-tick" });
  const [foot, side] = [xy([0, FROM])[1] + 16, EDGE - 11];
  const ends = lineIn(weights, FROM, TO)?.map(xy);
  return [
    svg("polygon", { points: points(corners(FROM, TO).map(xy)), class: "widget-no" }),
    svg("polygon", { points: points(halfPlane(weights, FROM, TO).map(xy)), class: "widget-yes", "data-part": "yes" }),
    ...[0, 1].flatMap((value) => [
      tick(xy([value, 0])[0], foot, value),
      tick(side, xy([0, value])[1] + 4, value),
      line(xy([value, FROM]), xy([value, TO]), "widget-grid"),
      line(xy([FROM, value]), xy([TO, value]), "widget-grid"),
    ]),
    tick(xy([1.38, 0])[0], foot, "x₁"),
    tick(side, xy([0, 1.38])[1] + 4, "x₂"),
    ...(ends ? [line(ends[0], ends[1], "widget-decision", { "data-part": "line" })] : []),
    ...cases.flatMap(({ wanted, isRight }, i) => {
      const [x, y] = xy(CASES[i]);
      const cross = isRight ? [] : [label(x + 21, y - 12, "✗", { class: "widget-cross" })];
      return [...caseDot([x, y], 17, wanted, i === at, isRight ? "" : " is-wrong"), ...cross];
    }),
  ];
}
