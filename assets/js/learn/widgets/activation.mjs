/**
 * relu and relu² side by side: a slider for z, and what each makes of it. Computed from what the reader sets.
 *
 * Announces `below` (z under 0), `smaller` (relu² is smaller than relu) and `larger`.
 */

import { el, svg } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { dot, label, line, numberText, picture, points, slider } from "./parts.mjs";

const [WIDTH, HEIGHT, FROM, TO, TOP] = [420, 300, -2, 2, 4.2];
const START = 1.5;
const x = (/** @type {number} */ z) => 20 + ((z - FROM) / (TO - FROM)) * (WIDTH - 40);
const y = (/** @type {number} */ value) => HEIGHT - 34 - (value / TOP) * (HEIGHT - 60);
const relu = (/** @type {number} */ z) => Math.max(0, z);
const relu2 = (/** @type {number} */ z) => relu(z) ** 2;
const CURVES = [
  { name: "relu", curve: relu, nameAt: [1.75, 1.3] },
  { name: "relu2", curve: relu2, nameAt: [1.3, 2.7] },
];
const zs = Array.from({ length: 81 }, (_, i) => FROM + (i / 80) * (TO - FROM));

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { words: allWords, state, announce }) {
  const words = allWords.activation;
  const drawing = picture(WIDTH, HEIGHT, { class: "widget-activation" });
  const input = slider({ label: words.z, part: "z", min: FROM, max: TO, step: 0.05, value: START, onInput: (z) => (draw(), tell(z)) });
  const says = el("p", { class: "widget-line", role: "status", "data-part": "values" });
  host.replaceChildren(el("div", { class: "widget" }, drawing, input.node, says));

  /** @param {number} z */
  function tell(z) {
    if (z < 0) announce("below");
    if (z > 0 && relu2(z) < relu(z)) announce("smaller");
    if (relu2(z) > relu(z)) announce("larger");
  }

  function draw() {
    const z = input.value();
    const curves = CURVES.slice(0, state.both ? 2 : 1).flatMap(({ name, curve, nameAt }) => [
      svg("polyline", { points: points(zs.map((at) => [x(at), y(curve(at))])), class: `widget-curve is-${name}`, "data-part": name }),
      label(x(nameAt[0]), y(nameAt[1]), words[name], { class: `widget-curve-name is-${name}` }),
      dot([x(z), y(curve(z))], 6, `widget-curve-at is-${name}`),
    ]);
    drawing.replaceChildren(...axes(), ...curves, line([x(z), y(0)], [x(z), y(TOP)], "widget-here"));
    const values = { z: numberText(z), relu: numberText(relu(z)), relu2: numberText(relu2(z), 4) };
    says.textContent = filled(state.both ? words.both : words.one, values);
    drawing.setAttribute("aria-label", filled(words.says, values));
  }

  draw();
  return { set: (next) => ((state = next), input.set(START), draw()) };
}

function axes() {
  const [across, up] = [line([x(FROM), y(0)], [x(TO), y(0)], "widget-axis"), line([x(0), y(0)], [x(0), y(TOP)], "widget-axis")];
  const ticks = [-2, -1, 1, 2].map((z) => label(x(z), y(0) + 18, numberText(z), { class: "widget-tick" }));
  const levels = [1, 2, 4].map((value) => label(x(0) - 10, y(value) + 4, value, { class: "widget-tick" }));
  const grid = [1, 2, 4].map((value) => line([x(0), y(value)], [x(TO), y(value)], "widget-grid"));
  return [across, up, ...ticks, ...grid, ...levels];
}
