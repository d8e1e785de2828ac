/**
 * One perceptron to play with: two switches, two weights, a bias, the sum, the threshold, the answer.
 *
 * Everything is computed from what the reader sets. Announces what the lesson may ask for: `both` (both inputs on),
 * `against` (both on, and it says 0 because one weight is negative), `bias` (both off, and it says 1).
 */

import { button, el, svg } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { sumOf } from "../half_plane.mjs";
import { dot, label, line, numberText, picture, slider } from "./parts.mjs";

const START = { w1: 1, w2: 0.5, b: -0.25, x1: 0, x2: 0 };
const [WIDTH, HEIGHT] = [560, 300];

/** @typedef {typeof START} Setting */

/** @param {Setting} now
 *  @returns {{total: number, y: number}} the sum, and 1 where it is above the threshold */
export function answerOf({ w1, w2, b, x1, x2 }) {
  const total = sumOf([w1, w2, b], [x1, x2]);
  return { total, y: total > 0 ? 1 : 0 };
}

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { words: allWords, state, announce }) {
  const words = allWords.perceptron;
  /** @type {Setting} */
  const now = { ...START, .../** @type {any} */ (state) };
  const inputs = /** @type {const} */ (["x1", "x2"]);
  const toggles = inputs.map((name) => button(() => set({ [name]: 1 - now[name] }), { class: "widget-toggle", "data-part": name, role: "switch" }));
  const names = /** @type {const} */ (["w1", "w2", "b"]);
  const sliders = names.map((name) =>
    slider({ label: words[name], part: name, min: -2, max: 2, step: 0.25, value: now[name], onInput: (value) => set({ [name]: value }) }),
  );
  const drawing = picture(WIDTH, HEIGHT, { class: "widget-perceptron" });
  const says = el("p", { class: "widget-line", "data-part": "sum", role: "status" });
  const controls = el("div", { class: "widget-controls" }, el("div", { class: "widget-toggles" }, ...toggles), ...sliders.map(({ node }) => node));
  host.replaceChildren(el("div", { class: "widget" }, drawing, says, controls));

  /** @param {Record<string, number>} fields */
  function set(fields) {
    Object.assign(now, fields);
    draw();
    const { w1, w2, x1, x2 } = now;
    const { y } = answerOf(now);
    if (x1 && x2) announce("both");
    if (x1 && x2 && !y && Math.min(w1, w2) < 0) announce("against");
    if (!x1 && !x2 && y) announce("bias");
  }

  function draw() {
    const { x1, x2 } = now;
    const { total, y } = answerOf(now);
    const [w1, w2, b, sum] = [now.w1, now.w2, now.b, total].map((each) => numberText(each));
    toggles.forEach((toggle, i) => {
      toggle.textContent = filled(words.input, { i: i + 1, value: now[inputs[i]] });
      toggle.setAttribute("aria-checked", String(now[inputs[i]] === 1));
    });
    sliders.forEach(({ node }, i) => (node.hidden = !(state.controls ?? names).includes(names[i])));
    says.textContent = `${w1} · ${x1} + ${w2} · ${x2} + ${b} = ${sum} ${y ? "> 0" : "≤ 0"} → ${y}`;
    drawing.setAttribute("aria-label", filled(words.says, { x1, x2, w1, w2, b, sum, y }));
    drawing.replaceChildren(...parts(now, words));
  }

  draw();
  const begin = (/** @type {any} */ next) => {
    state = next;
    names.forEach((name, i) => name in next && sliders[i].set(next[name]));
    Object.assign(now, next);
    draw();
  };
  return { set: begin };
}

/** @param {Setting} now
 *  @param {any} words
 *  @returns {Element[]} */
function parts(now, words) {
  const { w1, w2, b, x1, x2 } = now;
  const { total, y } = answerOf(now);
  return [
    wire([84, 90], [286, 150], w1, x1, "wire1"),
    wire([84, 210], [286, 150], w2, x2, "wire2"),
    wire([300, 262], [300, 186], b, 1, "wireb"),
    wire([318, 150], [470, 150], y, y, "wirey"),
    label(186, 102, `× ${numberText(w1)}`, { class: "widget-weight" }),
    label(186, 212, `× ${numberText(w2)}`, { class: "widget-weight" }),
    label(352, 234, `+ ${numberText(b)}`, { class: "widget-weight" }),
    node(66, 90, 28, x1, x1, "x₁"),
    node(66, 210, 28, x2, x2, "x₂"),
    node(300, 150, 38, numberText(total), y, words.sum),
    node(494, 150, 34, y, y, words.output),
    label(300, 284, words.bias, { class: "widget-name" }),
    label(394, 138, words.threshold, { class: "widget-name" }),
  ];
}

/** @param {readonly number[]} from
 *  @param {readonly number[]} to
 *  @param {number} weight
 *  @param {number} isLive 1: something comes through
 *  @param {string} part */
function wire(from, to, weight, isLive, part) {
  const kind = `widget-wire ${weight < 0 ? "is-negative" : "is-positive"}${isLive ? " is-live" : ""}`;
  return line(from, to, kind, { "data-part": part, "stroke-width": 1.5 + 4 * Math.abs(weight) });
}

/** @param {number} x
 *  @param {number} y
 *  @param {number} r
 *  @param {string|number} text
 *  @param {number} isLive
 *  @param {string} name */
function node(x, y, r, text, isLive, name) {
  const circle = dot([x, y], r, `widget-node${isLive ? " is-live" : ""}`);
  return svg("g", {}, circle, label(x, y + 6, text, { class: "widget-number" }), label(x, y - r - 9, name, { class: "widget-name" }));
}
