/**
 * A small MLP over the plane of its two inputs: what it answers everywhere, and the line of each hidden unit.
 *
 * Weights are those that were recorded in the Scanner's step (data.relu2 or data.relu); answers are computed from them here.
 * A unit is chosen with its button, and with it its neuron in the Scanner; announces `units` after three different ones.
 */

import { button, el, refill, svg } from "../../shell/dom.mjs";
import { themeChanged } from "../../shell/shell.mjs";
import { halfPlane, lineIn, sumOf } from "../half_plane.mjs";
import { filled } from "../text.mjs";
import { CASES, FROM, TO, caseDot, caseTable, placeIn } from "./cases.mjs";
import { dot, kindChip, line, numberText, picture, points } from "./parts.mjs";

const WANTED = [0, 1, 1, 0];
const [SIZE, CELLS] = [320, 40];
const STEPS_PER_UPDATE = 4;
const xy = placeIn(0, SIZE, SIZE);

/** @typedef {{power: number, loss: number[], w1: number[][][], b1: number[][], w2: number[][], b2: number[][]}} Updates */

/** @param {Updates} net
 *  @param {number} update
 *  @param {readonly number[]} x */
export function answer(net, update, x) {
  const pre = net.w1[update].map(([w1, w2], i) => sumOf([w1, w2, net.b1[update][i]], x));
  const act = pre.map((z) => Math.max(0, z) ** net.power);
  return { pre, act, out: act.reduce((sum, h, i) => sum + h * net.w2[update][i], net.b2[update][0]) };
}

/** @type {import("../widget.mjs").Mount} */
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
  const drawing = picture(SIZE, SIZE, {});
  const field = el("div", { class: "widget-field", "data-part": "plane" }, canvas, drawing);
  const units = el("div", { class: "widget-units", role: "group", "aria-label": words.units, "data-part": "units" });
  const says = el("p", { class: "widget-says", "data-part": "unit", role: "status" });
  const answers = el("table", { class: "widget-table", "data-part": "answers" });
  const loss = picture(320, 60, { class: "widget-loss", "data-part": "loss" });
  const lossSays = el("p", { class: "widget-says" });
  const head = el("div", { class: "widget-head" }, title, kindChip("derived", words.derived));
  host.replaceChildren(el("div", { class: "widget" }, head, field, units, says, answers, loss, lossSays));

  /** @param {number} i */
  function choose(i) {
    unit = i;
    chosen.add(i);
    scanner()?.desk.select({ point: "mlp_act", neuron: i });
    draw();
    if (chosen.size >= 3) announce("units");
  }

  function draw() {
    const now = Math.min(Math.floor(step / STEPS_PER_UPDATE), net.loss.length - 1);
    const at = step % STEPS_PER_UPDATE;
    const here = answer(net, now, CASES[at]);
    const outs = CASES.map((each) => answer(net, now, each).out);
    const isDead = deadUnits(net, now);
    title.textContent = filled(words.title, { update: now, step });
    const buttons = isDead.map((dead, i) => {
      const look = { class: `widget-unit${dead ? " is-dead" : ""}`, style: `--share:${Math.min(1, here.act[i]).toFixed(2)}`, text: i };
      return button(() => choose(i), { ...look, "aria-pressed": String(i === unit), "aria-label": filled(dead ? words.dead_unit : words.unit, { i }) });
    });
    refill(units, ...buttons);
    says.textContent = unit === null ? words.pick : filled(isDead[unit] ? words.dead_text : words.unit_text, numbersOf(net, now, unit));
    drawField(canvas, net, now);
    drawing.replaceChildren(...lines(net, now, unit, isDead), ...CASES.flatMap((each, i) => caseDot(xy(each), 16, WANTED[i], i === at)));
    const spoken = CASES.map((each, i) => `${each.join(" ")}: ${numberText(outs[i])}`).join("; ");
    drawing.setAttribute("aria-label", filled(words.says, { update: now, answers: spoken, dead: isDead.filter(Boolean).length }));
    const cases = outs.map((out, i) => ({ values: [out], wanted: WANTED[i], isRight: out > 0.5 === (WANTED[i] === 1) }));
    answers.replaceChildren(...caseTable(words, [words.answer], cases, at));
    loss.replaceChildren(...lossParts(net.loss, now));
    lossSays.textContent = filled(words.loss, { update: now, loss: numberText(net.loss[now], 4) });
    loss.setAttribute("aria-label", lossSays.textContent);
  }

  /** @param {any} next */
  function set(next) {
    net = data[next.net ?? "relu2"];
    chosen.clear();
    draw();
  }

  themeChanged.addEventListener("change", draw);
  onStep((now) => ((step = now), draw()));
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
 *  @returns {boolean[]} of each unit: it answers 0 in every case */
export function deadUnits(net, update) {
  const answers = CASES.map((each) => answer(net, update, each));
  return net.b1[update].map((_, i) => answers.every(({ pre }) => pre[i] <= 0));
}

/** @param {Updates} net
 *  @param {number} update
 *  @param {number} unit */
function numbersOf(net, update, unit) {
  const [w1, w2, b, v] = [...net.w1[update][unit], net.b1[update][unit], net.w2[update][unit]].map((each) => numberText(each));
  return { i: unit, w1, w2, b, v };
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
 *  @returns {Element[]} */
function lines(net, update, unit, isDead) {
  const all = net.w1[update].map(([w1, w2], i) => /** @type {const} */ ([w1, w2, net.b1[update][i]]));
  const half = unit === null ? [] : [points(halfPlane(all[unit], FROM, TO).map(xy))];
  const shapes = half.map((corners) => svg("polygon", { points: corners, class: "widget-half", "data-part": "half" }));
  all.forEach((weights, i) => {
    const ends = lineIn(weights, FROM, TO)?.map(xy);
    const kind = `${i === unit ? " is-chosen" : ""}${isDead[i] ? " is-dead" : ""}`;
    if (ends) shapes.push(line(ends[0], ends[1], `widget-unit-line${kind}`));
  });
  return shapes;
}

/** On a logarithmic axis: a loss falls by factors.
 *  @param {number[]} losses
 *  @param {number} update
 *  @returns {Element[]} */
function lossParts(losses, update) {
  const [low, high] = [Math.min(...losses), Math.max(...losses)].map(Math.log);
  const places = losses.map((loss, i) => [4 + (312 * i) / (losses.length - 1), 54 - (48 * (Math.log(loss) - low)) / (high - low)]);
  return [
    line([4, 54], [316, 54], "widget-grid"),
    svg("polyline", { points: points(places), class: "widget-loss-line" }),
    dot(places[update], 4.5, "widget-loss-now"),
  ];
}
