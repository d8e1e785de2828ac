/**
 * A small MLP over the plane of its two inputs: what it answers everywhere, and the line of each hidden unit.
 *
 * Weights are those that were recorded in the Scanner's step (data.relu2 or data.relu); answers are computed from them here.
 * A unit is chosen with its button, and with it its neuron in the Scanner; announces `units` after three different ones.
 */

import { el, refill } from "../../shell/dom.mjs";
import { themeChanged } from "../../shell/shell.mjs";
import { halfPlane, lineIn, sumOf } from "../half_plane.mjs";
import { filled } from "../text.mjs";
import { kindChip, numberText, svg } from "./parts.mjs";

const CASES = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const WANTED = [0, 1, 1, 0];
const [FROM, TO, SIZE, CELLS] = [-0.5, 1.5, 320, 40];
const STEPS_PER_UPDATE = 4;
const place = (/** @type {number} */ value) => ((value - FROM) / (TO - FROM)) * SIZE;
const xy = (/** @type {readonly number[]} */ [x1, x2]) => [place(x1), SIZE - place(x2)];

/** @typedef {{power: number, loss: number[], w1: number[][][], b1: number[][], w2: number[][], b2: number[][]}} Updates */

/** @param {Updates} net
 *  @param {number} update
 *  @param {readonly number[]} x
 *  @returns {{pre: number[], act: number[], out: number}} */
export function answer(net, update, x) {
  const pre = net.w1[update].map(([w1, w2], i) => sumOf([w1, w2, net.b1[update][i]], x));
  const act = pre.map((z) => Math.max(0, z) ** net.power);
  return { pre, act, out: act.reduce((sum, h, i) => sum + h * net.w2[update][i], net.b2[update][0]) };
}

/** @param {HTMLElement} host
 *  @param {import("../widget.mjs").WidgetContext} context */
export default function mount(host, { data, words: allWords, state, announce, scanner, onStep, onView }) {
  const words = allWords.half_planes;
  /** @type {Updates} */
  let net = data[state.net ?? "relu2"];
  let step = 0;
  /** @type {number|null} */
  let unit = null;
  const chosen = new Set();
  const title = el("h3", { class: "widget-title" });
  const canvas = el("canvas", { "aria-hidden": "true" });
  const picture = svg("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img" });
  const field = el("div", { class: "widget-field", "data-part": "plane" }, canvas, picture);
  const units = el("div", { class: "widget-units", role: "group", "aria-label": words.units, "data-part": "units" });
  const line = el("p", { class: "widget-says", "data-part": "unit", role: "status" });
  const answers = el("table", { class: "widget-table", "data-part": "answers" });
  const loss = svg("svg", { viewBox: "0 0 320 60", class: "widget-loss", role: "img", "data-part": "loss" });
  const lossSays = el("p", { class: "widget-says" });
  host.replaceChildren(
    el("div", { class: "widget" }, el("div", { class: "widget-head" }, title, kindChip("derived", words.derived)), field, units, line, answers, loss, lossSays),
  );

  const update = () => Math.min(Math.floor(step / STEPS_PER_UPDATE), net.loss.length - 1);

  /** @param {number} i */
  function choose(i) {
    unit = i;
    chosen.add(i);
    scanner()?.desk.select({ point: "mlp_act", neuron: i });
    draw();
    if (chosen.size >= 3) announce("units");
  }

  function draw() {
    const now = update();
    const here = answer(net, now, CASES[step % STEPS_PER_UPDATE]);
    const isDead = net.w1[now].map((_, i) => CASES.every((each) => answer(net, now, each).pre[i] <= 0));
    title.textContent = filled(words.title, { update: now, step });
    refill(
      units,
      ...isDead.map((dead, i) =>
        el(
          "button",
          {
            type: "button",
            class: `widget-unit${dead ? " is-dead" : ""}`,
            "aria-pressed": String(i === unit),
            "aria-label": filled(dead ? words.dead_unit : words.unit, { i }),
            style: `--share:${Math.min(1, here.act[i]).toFixed(2)}`,
            on: { click: () => choose(i) },
          },
          String(i),
        ),
      ),
    );
    line.textContent = unit === null ? words.pick : unitText(net, now, unit, isDead[unit], words);
    drawField(canvas, net, now);
    picture.replaceChildren(...lines(net, now, unit, isDead, step % STEPS_PER_UPDATE));
    picture.setAttribute(
      "aria-label",
      filled(words.says, {
        update: now,
        answers: CASES.map((each) => `${each.join(" ")}: ${numberText(answer(net, now, each).out)}`).join("; "),
        dead: isDead.filter(Boolean).length,
      }),
    );
    answers.replaceChildren(...answerRows(net, now, step % STEPS_PER_UPDATE, words));
    loss.replaceChildren(...lossParts(net.loss, now));
    loss.setAttribute("aria-label", filled(words.loss, { update: now, loss: numberText(net.loss[now], 4) }));
    lossSays.textContent = filled(words.loss, { update: now, loss: numberText(net.loss[now], 4) });
  }

  /** @param {any} next */
  function set(next) {
    state = next;
    net = data[next.net ?? "relu2"];
    chosen.clear();
    draw();
  }

  themeChanged.addEventListener("change", draw);
  onStep((now) => {
    step = now;
    draw();
  });
  onView(({ point, neuron }) => {
    if (point !== "mlp_act" || neuron === null || neuron === unit) return;
    unit = neuron;
    draw();
  });
  set(state);
  return { close: () => themeChanged.removeEventListener("change", draw), set };
}

/** @param {Updates} net
 *  @param {number} update
 *  @param {number} unit
 *  @param {boolean} isDead
 *  @param {any} words */
function unitText(net, update, unit, isDead, words) {
  const [w1, w2] = net.w1[update][unit];
  const numbers = { i: unit, w1: numberText(w1), w2: numberText(w2), b: numberText(net.b1[update][unit]), v: numberText(net.w2[update][unit]) };
  return filled(isDead ? words.dead_text : words.unit_text, numbers);
}

/** What the network answers at every place: the more accent, the nearer to 1.
 *  @param {HTMLCanvasElement} canvas
 *  @param {Updates} net
 *  @param {number} update */
function drawField(canvas, net, update) {
  canvas.width = canvas.height = CELLS; // the browser makes it larger, and smooth
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  const style = getComputedStyle(canvas);
  ctx.fillStyle = style.getPropertyValue("--panel");
  ctx.fillRect(0, 0, CELLS, CELLS);
  ctx.fillStyle = style.getPropertyValue("--accent");
  for (let row = 0; row < CELLS; row++) {
    for (let col = 0; col < CELLS; col++) {
      const at = [FROM + ((col + 0.5) / CELLS) * (TO - FROM), TO - ((row + 0.5) / CELLS) * (TO - FROM)];
      ctx.globalAlpha = 0.62 * Math.min(1, Math.max(0, answer(net, update, at).out));
      ctx.fillRect(col, row, 1, 1);
    }
  }
  ctx.globalAlpha = 1;
}

/** @param {Updates} net
 *  @param {number} update
 *  @param {number|null} unit
 *  @param {boolean[]} isDead
 *  @param {number} at case of the step
 *  @returns {Element[]} */
function lines(net, update, unit, isDead, at) {
  const points = (/** @type {readonly number[][]} */ list) => list.map((each) => xy(each).join()).join(" ");
  const weights = (/** @type {number} */ i) => /** @type {[number, number, number]} */ ([...net.w1[update][i], net.b1[update][i]]);
  const parts = unit === null ? [] : [svg("polygon", { points: points(halfPlane(weights(unit), FROM, TO)), class: "widget-half", "data-part": "half" })];
  net.w1[update].forEach((_, i) => {
    const ends = lineIn(weights(i), FROM, TO);
    if (!ends) return;
    const [[ax, ay], [bx, by]] = ends.map(xy);
    parts.push(svg("line", { x1: ax, y1: ay, x2: bx, y2: by, class: `widget-unit-line${i === unit ? " is-chosen" : ""}${isDead[i] ? " is-dead" : ""}` }));
  });
  CASES.forEach((each, i) => {
    const [x, y] = xy(each);
    if (i === at) parts.push(svg("circle", { cx: x, cy: y, r: 24, class: "widget-here" }));
    parts.push(
      svg("circle", { cx: x, cy: y, r: 16, class: `widget-case${WANTED[i] ? " is-one" : ""}` }),
      svg("text", { x, y: y + 5.5, class: `widget-case-text${WANTED[i] ? " is-one" : ""}`, text: String(WANTED[i]) }),
    );
  });
  return parts;
}

/** @param {Updates} net
 *  @param {number} update
 *  @param {number} at
 *  @param {any} words
 *  @returns {Element[]} */
function answerRows(net, update, at, words) {
  const head = ["x₁", "x₂", words.answer, words.wanted, ""].map((text) => el("th", { scope: "col", text }));
  const rows = CASES.map((each, i) => {
    const { out } = answer(net, update, each);
    const isRight = out > 0.5 === (WANTED[i] === 1);
    const cells = [...each, numberText(out), WANTED[i]].map((text) => el("td", { text: String(text) }));
    return el(
      "tr",
      { class: `${isRight ? "is-right" : "is-wrong"}${i === at ? " is-here" : ""}` },
      ...cells,
      el("td", { text: isRight ? "✓" : "✗", "aria-label": isRight ? words.right : words.wrong }),
    );
  });
  return [el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)];
}

/** On a logarithmic axis: a loss falls by factors.
 *  @param {number[]} losses
 *  @param {number} update
 *  @returns {Element[]} */
function lossParts(losses, update) {
  const [low, high] = [Math.min(...losses), Math.max(...losses)].map(Math.log);
  const at = (/** @type {number} */ i) => [4 + (312 * i) / (losses.length - 1), 54 - (48 * (Math.log(losses[i]) - low)) / (high - low)];
  const [x, y] = at(update);
  return [
    svg("line", { x1: 4, x2: 316, y1: 54, y2: 54, class: "widget-grid" }),
    svg("polyline", { points: losses.map((_, i) => at(i).join()).join(" "), class: "widget-loss-line" }),
    svg("circle", { cx: x, cy: y, r: 4.5, class: "widget-loss-now" }),
  ];
}
