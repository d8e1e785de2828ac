/**
 * All heads by two measured scores, over the same list with all heads and with three of them switched off; and how one score
 * does without other threes.
 */

import { el } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { paintOf, part } from "./cells.mjs";
import { svg } from "./parts.mjs";

const KINDS = ["previous", "induction"];

/** @param {HTMLElement} host
 *  @param {import("../widget.mjs").WidgetContext} context */
export default function mount(host, { data, words, announce }) {
  const say = words["head-scores"];
  const scores = data["head-scores"];
  const best = strongest(scores.all.previous, 2);
  const clicked = new Set();
  let which = "all";
  const readout = el("p", { class: "lw-readout", role: "status", text: say.choose });
  const box = el("input", { type: "checkbox", on: { change: () => turn(box.checked) } });
  /** @type {Record<string, any[][]>} */
  const buttons = Object.fromEntries(
    KINDS.map((kind) => [
      kind,
      scores.all[kind].map((/** @type {number[]} */ row, /** @type {number} */ layer) =>
        row.map((_, head) => el("button", { type: "button", on: { click: () => choose(kind, layer, head) } })),
      ),
    ]),
  );

  /** @param {boolean} isOff */
  function turn(isOff) {
    which = isOff ? "off" : "all";
    if (isOff) announce("switched");
    draw();
  }

  /** @param {string} kind
   *  @param {number} layer
   *  @param {number} head */
  function choose(kind, layer, head) {
    const at = (/** @type {string} */ of) => scores[which][of][layer][head].toFixed(3);
    readout.textContent = filled(say.head, { layer, head, previous: at("previous"), induction: at("induction") });
    if (kind === "previous") clicked.add(`${layer}.${head}`);
    if (best.every((name) => clicked.has(name))) announce("previous-found");
  }

  async function draw() {
    const colour = await paintOf("attention");
    for (const kind of KINDS)
      buttons[kind].forEach((row, layer) =>
        row.forEach((button, head) => {
          const score = scores[which][kind][layer][head];
          button.textContent = score.toFixed(2);
          button.style.background = colour(score);
          button.className = score > 0.55 ? "is-bright" : "";
          button.setAttribute("aria-label", filled(say.cell, { layer, head, kind: say[kind], score: score.toFixed(2) }));
        }),
      );
  }

  /** @param {string} kind */
  function table(kind) {
    const heads = scores.all[kind][0].map((/** @type {number} */ _, /** @type {number} */ head) =>
      el("th", { scope: "col", text: filled(say.head_short, { head }) }),
    );
    const rows = buttons[kind].map((row, layer) =>
      el("tr", {}, el("th", { scope: "row", text: filled(say.block_short, { layer }) }), ...row.map((button) => el("td", {}, button))),
    );
    return part(
      kind,
      say[kind],
      el("table", { class: "lw-scores" }, el("thead", {}, el("tr", {}, el("td"), ...heads)), el("tbody", {}, ...rows.reverse())),
      el("p", { class: "mri-note", text: say[`${kind}_note`] }),
    );
  }

  host.append(
    part("switch", "", el("label", { class: "lw-check" }, box, ` ${say.switch}`)),
    el("div", { class: "lw-pair" }, ...KINDS.map(table)),
    readout,
    controls(scores, say),
    el("p", { class: "mri-note" }, el("span", { class: "mri-kind mri-kind-measured", text: say.measured }), ` ${say.note}`),
  );
  draw();
  return { close() {}, set() {} };
}

/** The score of the strongest induction head without each of the other threes, without ours, and with no head off.
 *  @param {any} scores
 *  @param {any} say
 *  @returns {HTMLElement} */
function controls(scores, say) {
  const [name] = strongest(scores.all.induction, 1);
  const [layer, head] = name.split(".").map(Number);
  const [whole, ours] = [scores.all.induction[layer][head], scores.off.induction[layer][head]];
  const x = (/** @type {number} */ score) => 20 + 480 * (score / 0.7);
  const ticks = [0, 0.2, 0.4, 0.6].map((at) => svg("text", { x: x(at), y: 58, "text-anchor": "middle", text: String(at) }));
  const dots = scores.controls.map((/** @type {number} */ score, /** @type {number} */ i) =>
    svg("circle", { cx: x(score), cy: 14 + 7 * (i % 3), r: 4, class: "lw-control" }),
  );
  const words = filled(say.controls_alternative, {
    all: whole.toFixed(2),
    off: ours.toFixed(2),
    count: dots.length,
    scores: scores.controls.map((/** @type {number} */ score) => score.toFixed(2)).join(", "),
  });
  const picture = svg(
    "svg",
    { viewBox: "0 0 520 62", role: "img", class: "lw-controls", "aria-label": words },
    svg("line", { x1: 20, x2: 500, y1: 42, y2: 42, class: "lw-axis" }),
    ...ticks,
    ...dots,
    svg("circle", { cx: x(whole), cy: 21, r: 7, class: "lw-control-whole" }),
    svg("path", { d: `M${x(ours)} 12l8 9l-8 9l-8 -9z`, class: "lw-control-ours" }),
  );
  return part("controls", say.controls, picture, el("p", { class: "mri-note", text: filled(say.controls_note, { head: name, count: dots.length }) }));
}

/** Names "layer.head" of the largest scores.
 *  @param {readonly (readonly number[])[]} scores
 *  @param {number} count
 *  @returns {string[]} */
export function strongest(scores, count) {
  const named = scores.flatMap((row, layer) => row.map((score, head) => ({ name: `${layer}.${head}`, score })));
  return named
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ name }) => name);
}
