/**
 * relu and relu² side by side: a slider for z, and what each makes of it. Computed from what the reader sets.
 *
 * Announces `below` (z under 0), `smaller` (relu² is smaller than relu) and `larger`.
 */

import { el } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { numberText, slider, svg } from "./parts.mjs";

const [WIDTH, HEIGHT, FROM, TO, TOP] = [420, 300, -2, 2, 4.2];
const x = (/** @type {number} */ z) => 20 + ((z - FROM) / (TO - FROM)) * (WIDTH - 40);
const y = (/** @type {number} */ value) => HEIGHT - 34 - (value / TOP) * (HEIGHT - 60);
const relu = (/** @type {number} */ z) => Math.max(0, z);
const CURVES = Object.freeze({ relu, relu2: (/** @type {number} */ z) => relu(z) ** 2 });

/** @param {HTMLElement} host
 *  @param {import("../widget.mjs").WidgetContext} context */
export default function mount(host, { words: allWords, state, announce }) {
  const words = allWords.activation;
  let z = 1.5;
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "widget-activation" });
  const input = slider({ label: words.z, part: "z", min: FROM, max: TO, step: 0.05, value: z, onInput: (value) => set(value) });
  const line = el("p", { class: "widget-line", role: "status", "data-part": "values" });
  host.replaceChildren(el("div", { class: "widget" }, picture, input.node, line));

  /** @param {number} value */
  function set(value) {
    z = value;
    draw();
    if (z < 0) announce("below");
    if (z > 0 && CURVES.relu2(z) < relu(z)) announce("smaller");
    if (CURVES.relu2(z) > relu(z)) announce("larger");
  }

  /** @returns {(keyof typeof CURVES)[]} */
  const shown = () => (state.both ? ["relu", "relu2"] : ["relu"]);

  function draw() {
    const parts = [
      svg("line", { x1: x(FROM), x2: x(TO), y1: y(0), y2: y(0), class: "widget-axis" }),
      svg("line", { x1: x(0), x2: x(0), y1: y(0), y2: y(TOP), class: "widget-axis" }),
    ];
    for (const tick of [-2, -1, 1, 2]) parts.push(svg("text", { x: x(tick), y: y(0) + 18, class: "widget-tick", text: numberText(tick) }));
    for (const tick of [1, 2, 4])
      parts.push(
        svg("line", { x1: x(0), x2: x(TO), y1: y(tick), y2: y(tick), class: "widget-grid" }),
        svg("text", { x: x(0) - 10, y: y(tick) + 4, class: "widget-tick", text: String(tick) }),
      );
    for (const name of shown()) {
      const points = Array.from({ length: 81 }, (_, i) => FROM + (i / 80) * (TO - FROM)).map((at) => `${x(at)},${y(CURVES[name](at))}`);
      parts.push(
        svg("polyline", { points: points.join(" "), class: `widget-curve is-${name}`, "data-part": name }),
        svg("text", { x: x(name === "relu" ? 1.75 : 1.3), y: y(name === "relu" ? 1.3 : 2.7), class: `widget-curve-name is-${name}`, text: words[name] }),
      );
      parts.push(svg("circle", { cx: x(z), cy: y(CURVES[name](z)), r: 6, class: `widget-curve-at is-${name}` }));
    }
    parts.push(svg("line", { x1: x(z), x2: x(z), y1: y(0), y2: y(TOP), class: "widget-here" }));
    picture.replaceChildren(...parts);
    const values = { z: numberText(z), relu: numberText(relu(z)), relu2: numberText(CURVES.relu2(z), 4) };
    line.textContent = filled(state.both ? words.both : words.one, values);
    picture.setAttribute("aria-label", filled(words.says, values));
  }

  draw();
  return {
    close() {},
    set(/** @type {any} */ next) {
      state = next;
      z = 1.5;
      input.set(z);
      draw();
    },
  };
}
