/**
 * From recorded logits to the next token: temperature by a slider, and a die that is seeded and shown.
 */

import { die, drawn, shares } from "../../core/dice.mjs";
import { formatPercent } from "../../core/format.mjs";
import { button, el, say } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { fill, heading, note, slider, widthOf } from "./parts.mjs";

const NUM_BARS = 10;
const ENOUGH = 10; // throws
const [COLDEST, HOTTEST] = [0.1, 2];

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { data, words, state, announce }) {
  /** @type {{before: string, words: string[], logits: number[], chosen: string}} */
  const { before, words: tokens, logits, chosen } = data.draws[state.draw];
  const reached = new Set();
  let throwNext = die(1);
  const limits = { min: COLDEST, max: HOTTEST, step: 0.05, value: state.temperature ?? 1 };
  const digits = (/** @type {number} */ value) => value.toFixed(2);
  const temperature = slider({ label: words.temperature, part: "temperature", ...limits, words: digits, onInput: (value) => (draw(), reach(value)) });
  const bars = el("ol", { class: "learn-bars" });
  const line = el("div", { class: "learn-die-line", "aria-hidden": "true" });
  const mark = el("u", { hidden: true });
  const said = el("p", { class: "learn-widget-line", role: "status" });
  const list = el("ol", { class: "learn-throws", "aria-label": words.throws });
  const field = { id: "learn-seed", class: "form-control form-control-sm", type: "number", min: 0, max: 999999, step: 1, value: 1 };
  const seed = el("input", { ...field, on: { change: () => again() } });
  const roll = button(cast, { class: "mri-button learn-roll", "data-part": "die", text: words.throw });

  /** @param {number} value */
  function reach(value) {
    if (value <= COLDEST) reached.add("cold");
    if (value >= HOTTEST) reached.add("hot");
    for (const name of reached) announce(name);
    if (reached.size === 2) announce("cold-and-hot");
  }

  function draw() {
    const now = shares(logits, temperature.value());
    const drawnThen = tokens.indexOf(chosen);
    const seen = [...now.keys()].filter((i) => i < NUM_BARS || i === drawnThen);
    const rest = now.reduce((sum, share, i) => (seen.includes(i) ? sum : sum + share), 0);
    const others = barRow(filled(words.others, { n: tokens.length - seen.length }), rest, { class: "is-rest" });
    const rows = seen.map((i) => barRow(tokens[i], now[i], i === drawnThen ? { class: "is-chosen", title: words.chosen_then } : {}));
    bars.replaceChildren(...rows, others);
    const pieces = now.map((share, i) => {
      const look = { style: `width: ${100 * share}%`, class: i === drawnThen ? "is-chosen" : i % 2 ? "is-odd" : "" };
      return el("i", { ...look, title: tokens[i] }, el("span", { text: share > 0.06 ? tokens[i] : "" }));
    });
    line.replaceChildren(...pieces, mark);
    mark.hidden = true;
  }

  function cast() {
    const thrown = throwNext();
    const token = tokens[drawn(shares(logits, temperature.value()), thrown)];
    mark.hidden = false;
    mark.style.left = `${100 * thrown}%`;
    list.append(el("li", { text: `${thrown.toFixed(3)} → ${token}` }));
    list.scrollTop = list.scrollHeight;
    const n = list.childElementCount;
    say(said, filled(words.thrown, { number: thrown.toFixed(3), word: token, n }));
    if (n >= ENOUGH) announce("ten-throws");
  }

  function again() {
    throwNext = die(Number(seed.value) || 0);
    list.replaceChildren();
    mark.hidden = true;
    say(said, filled(words.seeded, { seed: seed.value }));
  }

  draw();
  again();
  const ends = el("div", { class: "learn-die-ends" }, el("span", { text: "0" }), el("span", { text: "1" }));
  const restart = button(again, { text: words.start_again });
  const controls = el("div", { class: "learn-die-controls" }, roll, restart, el("label", { for: "learn-seed", text: words.seed }), seed);
  const head = [heading(words.sampling_title, "derived", words), el("p", { class: "learn-quote", text: `${before} …` })];
  const small = note(filled(words.sampling_note, { n: tokens.length }));
  fill(host, ...head, temperature.node, bars, el("div", { class: "learn-die" }, line, ends), controls, said, list, small);
}

/** @param {string} name
 *  @param {number} share
 *  @param {Record<string, any>} attributes */
function barRow(name, share, attributes) {
  return el("li", attributes, el("span", { text: name }), el("i", {}, el("b", { style: `width: ${widthOf(share)}` })), el("small", { text: percent(share) }));
}

/** @param {number} share
 *  @returns {string} so near to 1 that it matters by how much, with all its digits */
export function percent(share) {
  return share > 0.999 && share < 1 ? `${(100 * share).toPrecision(9)} %` : formatPercent(share);
}
