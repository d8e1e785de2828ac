/**
 * One perceptron to play with: two switches, two weights, a bias, the sum, the threshold, the answer.
 *
 * Everything is computed from what the reader sets. Announces what the lesson may ask for: `both` (both inputs on),
 * `against` (both on, and it says 0 because one weight is negative), `bias` (both off, and it says 1).
 */

import { el } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { sumOf } from "../half_plane.mjs";
import { numberText, slider, svg } from "./parts.mjs";

const START = { w1: 1, w2: 0.5, b: -0.25, x1: 0, x2: 0 };
const [WIDTH, HEIGHT] = [560, 300];
const SIGN = (/** @type {number} */ value) => (value < 0 ? "is-negative" : "is-positive");

/** @param {HTMLElement} host
 *  @param {import("../widget.mjs").WidgetContext} context */
export default function mount(host, { words: allWords, state, announce }) {
  const words = allWords.perceptron;
  const now = { ...START, .../** @type {any} */ (state) };
  const toggles = [1, 2].map((i) =>
    el("button", {
      type: "button",
      class: "widget-toggle",
      "data-part": `x${i}`,
      role: "switch",
      on: { click: () => set({ [`x${i}`]: 1 - /** @type {any} */ (now)[`x${i}`] }) },
    }),
  );
  const names = /** @type {const} */ (["w1", "w2", "b"]);
  const sliders = names.map((name) =>
    slider({ label: words[name], part: name, min: -2, max: 2, step: 0.25, value: now[name], onInput: (value) => set({ [name]: value }) }),
  );
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "widget-perceptron", role: "img" });
  const line = el("p", { class: "widget-line", "data-part": "sum", role: "status" });
  const controls = el("div", { class: "widget-controls" }, el("div", { class: "widget-toggles" }, ...toggles), ...sliders.map(({ node }) => node));
  host.replaceChildren(el("div", { class: "widget" }, picture, line, controls));

  /** @param {Record<string, number>} fields */
  function set(fields) {
    Object.assign(now, fields);
    draw();
    tell();
  }

  function draw() {
    const { w1, w2, b, x1, x2 } = now;
    const total = sumOf([w1, w2, b], [x1, x2]);
    const fires = total > 0;
    toggles.forEach((button, i) => {
      const isOn = i ? x2 === 1 : x1 === 1;
      button.textContent = filled(words.input, { i: i + 1, value: isOn ? 1 : 0 });
      button.setAttribute("aria-checked", String(isOn));
    });
    sliders.forEach(({ node }, i) => (node.hidden = !(state.controls ?? names).includes(names[i])));
    line.textContent = `${numberText(w1)} · ${x1} + ${numberText(w2)} · ${x2} + ${numberText(b)} = ${numberText(total)} ${fires ? "> 0" : "≤ 0"} → ${fires ? 1 : 0}`;
    picture.setAttribute(
      "aria-label",
      filled(words.says, { x1, x2, w1: numberText(w1), w2: numberText(w2), b: numberText(b), sum: numberText(total), y: fires ? 1 : 0 }),
    );
    picture.replaceChildren(...drawing(now, total, words));
  }

  function tell() {
    const { w1, w2, b, x1, x2 } = now;
    const fires = sumOf([w1, w2, b], [x1, x2]) > 0;
    if (x1 && x2) announce("both");
    if (x1 && x2 && !fires && Math.min(w1, w2) < 0) announce("against");
    if (!x1 && !x2 && fires) announce("bias");
  }

  draw();
  return {
    close() {},
    set(/** @type {any} */ next) {
      state = next;
      const { name: _, controls: __, ...fields } = next;
      for (const [i, name] of names.entries()) if (name in fields) sliders[i].set(fields[name]);
      Object.assign(now, fields);
      draw();
    },
  };
}

/** @param {typeof START} now
 *  @param {number} total
 *  @param {any} words
 *  @returns {Element[]} */
function drawing({ w1, w2, b, x1, x2 }, total, words) {
  const fires = total > 0;
  const wire = (/** @type {number[]} */ [fromX, fromY, toX, toY], /** @type {number} */ weight, /** @type {boolean} */ isLive, /** @type {string} */ part) =>
    svg("line", {
      x1: fromX,
      y1: fromY,
      x2: toX,
      y2: toY,
      "data-part": part,
      class: `widget-wire ${SIGN(weight)}${isLive ? " is-live" : ""}`,
      "stroke-width": 1.5 + 4 * Math.abs(weight),
    });
  const node = (
    /** @type {number} */ x,
    /** @type {number} */ y,
    /** @type {number} */ r,
    /** @type {string} */ text,
    /** @type {boolean} */ isLive,
    /** @type {string} */ name,
  ) =>
    svg(
      "g",
      {},
      svg("circle", { cx: x, cy: y, r, class: `widget-node${isLive ? " is-live" : ""}` }),
      svg("text", { x, y: y + 6, class: "widget-number", text }),
      svg("text", { x, y: y - r - 9, class: "widget-name", text: name }),
    );
  const label = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ text) => svg("text", { x, y, class: "widget-weight", text });
  return [
    wire([84, 90, 286, 150], w1, x1 === 1, "wire1"),
    wire([84, 210, 286, 150], w2, x2 === 1, "wire2"),
    wire([300, 262, 300, 186], b, true, "wireb"),
    wire([318, 150, 470, 150], fires ? 1 : 0, fires, "wirey"),
    label(186, 102, `× ${numberText(w1)}`),
    label(186, 212, `× ${numberText(w2)}`),
    label(352, 234, `+ ${numberText(b)}`),
    node(66, 90, 28, String(x1), x1 === 1, "x₁"),
    node(66, 210, 28, String(x2), x2 === 1, "x₂"),
    node(300, 150, 38, numberText(total), fires, words.sum),
    node(494, 150, 34, fires ? "1" : "0", fires, words.output),
    svg("text", { x: 300, y: 284, class: "widget-name", text: words.bias }),
    svg("text", { x: 394, y: 138, class: "widget-name", text: words.threshold }),
  ];
}
