/**
 * The plane of two inputs with the decision line of one perceptron, and the four cases in a table.
 *
 * Set by hand, everything is computed from the sliders; following a recording (`follow: and` or `xor`), the weights are those of the
 * Scanner's step. Announces the task's name when all four cases are right, and `tried` after some different settings.
 */

import { el } from "../../shell/dom.mjs";
import { halfPlane, lineIn, sumOf } from "../half_plane.mjs";
import { filled } from "../text.mjs";
import { kindChip, numberText, slider, svg } from "./parts.mjs";

/** @typedef {[number, number, number]} Weights */

const CASES = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
export const TASKS = Object.freeze({ and: [0, 0, 0, 1], or: [0, 1, 1, 1], xor: [0, 1, 1, 0] });
const [FROM, TO, SIZE, EDGE] = [-0.5, 1.5, 320, 26];
const ENOUGH_TRIES = 6;
const place = (/** @type {number} */ value) => EDGE + ((value - FROM) / (TO - FROM)) * (SIZE - EDGE);
const xy = (/** @type {readonly number[]} */ [x1, x2]) => [place(x1), SIZE - place(x2) + EDGE / 2];

/** @param {HTMLElement} host
 *  @param {import("../widget.mjs").WidgetContext} context */
export default function mount(host, { data, words: allWords, state, announce, onStep }) {
  const words = allWords.plane;
  const names = /** @type {const} */ (["w1", "w2", "b"]);
  /** @type {Weights} */
  let weights = [0, 0, 0];
  let best = 0;
  /** @type {any} the recording that is followed */
  let followed = null;
  let step = 0;
  const tried = new Set();
  const sliders = names.map((name, i) => slider({ label: words[name], part: name, min: -2, max: 2, step: 0.25, value: 0, onInput: (value) => turn(i, value) }));
  const picture = svg("svg", { viewBox: `0 0 ${SIZE + 8} ${SIZE + EDGE / 2}`, class: "widget-plane", role: "img", "data-part": "plane" });
  const title = el("h3", { class: "widget-title" });
  const chip = kindChip("derived", words.derived);
  const sliderBox = el("div", { class: "widget-controls" }, ...sliders.map(({ node }) => node));
  const read = el("p", { class: "widget-line", "data-part": "weights" });
  const table = el("table", { class: "widget-table", "data-part": "table" });
  const says = el("p", { class: "widget-says", role: "status" });
  host.replaceChildren(el("div", { class: "widget" }, el("div", { class: "widget-head" }, title, chip), picture, read, sliderBox, table, says));

  /** @param {number} i
   *  @param {number} value */
  function turn(i, value) {
    weights[i] = value;
    tried.add(weights.join());
    draw();
    const right = numRight();
    best = Math.max(best, right);
    if (right === 4) announce(state.task);
    if (tried.size >= ENOUGH_TRIES) announce("tried");
  }

  const wanted = () => TASKS[/** @type {keyof typeof TASKS} */ (followed?.task ?? state.task)];
  const outputs = () => CASES.map((each) => (sumOf(weights, each) > 0 ? 1 : 0));
  const numRight = () => outputs().filter((output, i) => output === wanted()[i]).length;

  function draw() {
    const [w1, w2, b] = weights.map((each) => numberText(each));
    const at = followed ? followed.case[step] : -1;
    const task = words.tasks[followed?.task ?? state.task];
    title.textContent = filled(followed ? words.followed : words.title, { task, step });
    chip.hidden = !followed;
    sliderBox.hidden = Boolean(followed);
    read.hidden = !followed;
    read.textContent = `w₁ = ${w1}   w₂ = ${w2}   b = ${b}`;
    picture.replaceChildren(...drawing(weights, wanted(), at));
    const right = numRight();
    picture.setAttribute(
      "aria-label",
      filled(words.says, {
        w1,
        w2,
        b,
        right,
        on:
          CASES.filter((_, i) => outputs()[i])
            .map((each) => each.join(" "))
            .join(", ") || words.none,
      }),
    );
    const head = ["x₁", "x₂", words.sum, words.output, words.wanted, ""].map((text) => el("th", { scope: "col", text }));
    const rows = CASES.map((each, i) => {
      const isRight = outputs()[i] === wanted()[i];
      const cells = [...each, numberText(sumOf(weights, each)), outputs()[i], wanted()[i]].map((text) => el("td", { text: String(text) }));
      return el(
        "tr",
        { class: `${isRight ? "is-right" : "is-wrong"}${i === at ? " is-here" : ""}` },
        ...cells,
        el("td", { text: isRight ? "✓" : "✗", "aria-label": isRight ? words.right : words.wrong }),
      );
    });
    table.replaceChildren(el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
    says.textContent = filled(state.task === "xor" && !followed && tried.size ? words.best : words.count, {
      right,
      best: Math.max(best, right),
      tried: tried.size,
    });
  }

  /** @param {number} now */
  function follow(now) {
    step = now;
    if (!followed) return;
    weights = /** @type {Weights} */ ([...followed.weights[Math.min(now, followed.weights.length - 1)]]);
    draw();
  }

  /** @param {any} next */
  function set(next) {
    state = next;
    followed = next.follow ? data[next.follow] : null;
    tried.clear();
    best = 0;
    weights = [.../** @type {Weights} */ (next.weights ?? [0.5, 0.5, 0.25])];
    sliders.forEach(({ set: show }, i) => show(weights[i]));
    if (followed) follow(step);
    else draw();
  }

  onStep(follow);
  set(state);
  return { close() {}, set };
}

/** @param {Weights} weights
 *  @param {readonly number[]} wanted
 *  @param {number} at case that is looked at, −1: none
 *  @returns {Element[]} */
function drawing(weights, wanted, at) {
  const points = (/** @type {readonly number[][]} */ list) => list.map((each) => xy(each).join()).join(" ");
  const frame = [
    [FROM, FROM],
    [TO, FROM],
    [TO, TO],
    [FROM, TO],
  ];
  const line = lineIn(weights, FROM, TO);
  const parts = [
    svg("polygon", { points: points(frame), class: "widget-no" }),
    svg("polygon", { points: points(halfPlane(weights, FROM, TO)), class: "widget-yes", "data-part": "yes" }),
  ];
  for (const value of [0, 1]) {
    const [x, y] = [xy([value, FROM])[0], xy([FROM, value])[1]];
    parts.push(
      svg("text", { x, y: xy([0, FROM])[1] + 16, class: "widget-tick", text: String(value) }),
      svg("text", { x: EDGE - 11, y: y + 4, class: "widget-tick", text: String(value) }),
    );
    parts.push(
      svg("line", { x1: x, x2: x, y1: xy([0, FROM])[1], y2: xy([0, TO])[1], class: "widget-grid" }),
      svg("line", { y1: y, y2: y, x1: xy([FROM, 0])[0], x2: xy([TO, 0])[0], class: "widget-grid" }),
    );
  }
  parts.push(
    svg("text", { x: xy([1.38, 0])[0], y: xy([0, FROM])[1] + 16, class: "widget-tick", text: "x₁" }),
    svg("text", { x: EDGE - 11, y: xy([0, 1.38])[1] + 4, class: "widget-tick", text: "x₂" }),
  );
  if (line) {
    const [[ax, ay], [bx, by]] = line.map(xy);
    parts.push(svg("line", { x1: ax, y1: ay, x2: bx, y2: by, class: "widget-decision", "data-part": "line" }));
  }
  CASES.forEach((each, i) => {
    const [x, y] = xy(each);
    const isRight = (sumOf(weights, each) > 0 ? 1 : 0) === wanted[i];
    if (i === at) parts.push(svg("circle", { cx: x, cy: y, r: 26, class: "widget-here" }));
    parts.push(
      svg("circle", { cx: x, cy: y, r: 17, class: `widget-case${wanted[i] ? " is-one" : ""}${isRight ? "" : " is-wrong"}` }),
      svg("text", { x, y: y + 5.5, class: `widget-case-text${wanted[i] ? " is-one" : ""}`, text: String(wanted[i]) }),
    );
    if (!isRight) parts.push(svg("text", { x: x + 21, y: y - 12, class: "widget-cross", text: "✗" }));
  });
  return parts;
}
