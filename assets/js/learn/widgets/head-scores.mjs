/**
 * All heads by two measured scores, over the same list with all heads and with three of them switched off; and how one score
 * does without other threes.
 */

import { button, el, say, svg } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { paintOf, part } from "./cells.mjs";
import { dot, kindNote, label, line, note, picture, row, tableParts } from "./parts.mjs";

const KINDS = ["previous", "induction"];

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { data, words, announce }) {
  const own = words["head-scores"];
  const scores = data["head-scores"];
  const best = strongest(scores.all.previous, 2);
  const clicked = new Set();
  const readout = el("p", { class: "lw-readout", role: "status", text: own.choose });
  const box = el("input", { type: "checkbox", on: { change: () => (box.checked && announce("switched"), draw()) } });
  const shown = () => scores[box.checked ? "off" : "all"];
  /** @type {Record<string, HTMLElement[][]>} */
  const cells = Object.fromEntries(KINDS.map((kind) => [kind, grid(kind)]));

  /** @param {string} kind
   *  @returns {HTMLElement[][]} a button for each head of each block */
  function grid(kind) {
    const press = (/** @type {number} */ layer, /** @type {number} */ head) => button(() => choose(kind, layer, head), { class: "" });
    return scores.all[kind].map((/** @type {number[]} */ heads, /** @type {number} */ layer) => heads.map((_, head) => press(layer, head)));
  }

  /** @param {string} kind
   *  @param {number} layer
   *  @param {number} head */
  function choose(kind, layer, head) {
    const at = (/** @type {string} */ of) => shown()[of][layer][head].toFixed(3);
    readout.textContent = filled(own.head, { layer, head, previous: at("previous"), induction: at("induction") });
    if (kind === "previous") clicked.add(`${layer}.${head}`);
    if (best.every((name) => clicked.has(name))) announce("previous-found");
  }

  async function draw() {
    const colour = await paintOf("attention");
    for (const kind of KINDS)
      cells[kind].forEach((heads, layer) =>
        heads.forEach((cell, head) => {
          const score = shown()[kind][layer][head];
          say(cell, score.toFixed(2), score > 0.55 ? "is-bright" : "");
          cell.style.background = colour(score);
          cell.setAttribute("aria-label", filled(own.cell, { layer, head, kind: own[kind], score: score.toFixed(2) }));
        }),
      );
  }

  /** @param {string} kind */
  function table(kind) {
    const heads = cells[kind][0].map((_, head) => filled(own.head_short, { head }));
    const rows = cells[kind].map((heads, layer) => row(filled(own.block_short, { layer }), heads));
    return part(kind, own[kind], el("table", { class: "lw-scores" }, ...tableParts(["", ...heads], rows.reverse())), note(own[`${kind}_note`]));
  }

  host.append(
    part("switch", "", el("label", { class: "lw-check" }, box, ` ${own.switch}`)),
    el("div", { class: "lw-pair" }, ...KINDS.map(table)),
    readout,
    controls(scores, own),
    kindNote("measured", own.measured, own.note),
  );
  draw();
  return { set() {} };
}

/** The score of the strongest induction head without each of the other threes, without ours, and with no head off.
 *  @param {any} scores
 *  @param {any} own
 *  @returns {HTMLElement} */
function controls(scores, own) {
  const [name] = strongest(scores.all.induction, 1);
  const [layer, head] = name.split(".").map(Number);
  const [whole, ours] = [scores.all.induction[layer][head], scores.off.induction[layer][head]];
  const x = (/** @type {number} */ score) => 20 + 480 * (score / 0.7);
  const ticks = [0, 0.2, 0.4, 0.6].map((at) => label(x(at), 58, at, { "text-anchor": "middle" }));
  /** @type {number[]} */
  const others = scores.controls;
  const dots = others.map((score, i) => dot([x(score), 14 + 7 * (i % 3)], 4, "lw-control"));
  const told = { all: whole.toFixed(2), off: ours.toFixed(2), count: dots.length, scores: others.map((score) => score.toFixed(2)).join(", ") };
  const marks = [dot([x(whole), 21], 7, "lw-control-whole"), svg("path", { d: `M${x(ours)} 12l8 9l-8 9l-8 -9z`, class: "lw-control-ours" })];
  const shapes = [line([20, 42], [500, 42], "lw-axis"), ...ticks, ...dots, ...marks];
  const drawing = picture(520, 62, { class: "lw-controls", "aria-label": filled(own.controls_alternative, told) }, ...shapes);
  return part("controls", own.controls, drawing, note(filled(own.controls_note, { head: name, count: dots.length })));
}

/** Names "layer.head" of the largest scores.
 *  @param {readonly (readonly number[])[]} scores
 *  @param {number} count */
export function strongest(scores, count) {
  const named = scores.flatMap((row, layer) => row.map((score, head) => ({ name: `${layer}.${head}`, score })));
  return named
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ name }) => name);
}
