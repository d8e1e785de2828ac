/**
 * One block as a drawing: the stream goes up on the left, attention and MLP branch off and add. Lines are as thick as the
 * measured lists are long (l2).
 */

import { formatValue } from "../../core/format.mjs";
import { svg } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { dot, fill, heading, label, note, picture, slider, wordSlider } from "./parts.mjs";

const MOST_PX = 46; // thickness of the longest list at a word
const [WIDTH, HEIGHT, STREAM_X] = [520, 420, 80];

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { data, words, state, announce }) {
  const { sizes, tokens } = data.sentences[state.sentence];
  const drawing = picture(WIDTH, HEIGHT, { class: "learn-path", "data-part": "block" });
  const last = sizes[0].length - 1;
  const onInput = (/** @type {number} */ value) => (draw(), announce(`block-${value}`));
  const block = slider({ label: words.block, min: 0, max: last, value: last, part: "slider", words: String, onInput });
  const step = wordSlider(words, tokens, sizes, state.step ?? 5, draw);

  function draw() {
    const here = sizes[step.value()];
    const [pre, attention, mid, mlp, post] = here[block.value()];
    const most = Math.max(...here.flat()); // one scale for all blocks at this word
    drawing.replaceChildren(...lines(here[block.value()], most), ...boxes(here[block.value()], words));
    const values = Object.entries({ pre, attention, mid, mlp, post }).map(([name, size]) => [name, formatValue(size)]);
    drawing.setAttribute("aria-label", filled(words.path_says, { block: block.value(), word: tokens[step.value()], ...Object.fromEntries(values) }));
  }

  draw();
  fill(host, heading(words.path_title, "measured", words), block.node, step.node, drawing, note(words.path_note));
}

/** @param {readonly number[]} sizes of a block's five lists
 *  @param {number} most
 *  @returns {Element[]} */
function lines([pre, attention, mid, mlp, post], most) {
  const path = (/** @type {string} */ d, /** @type {string} */ kind, /** @type {number} */ size) =>
    svg("path", { d, class: kind, "stroke-width": size > 0 ? Math.max(1, (MOST_PX * size) / most) : 0 });
  return [
    svg("path", { d: `M${STREAM_X} 340H290`, class: "learn-path-read" }),
    svg("path", { d: `M${STREAM_X} 170H290`, class: "learn-path-read" }),
    path(`M330 286V240H${STREAM_X}`, "learn-path-write is-attention", attention),
    path(`M330 116V70H${STREAM_X}`, "learn-path-write is-mlp", mlp),
    path(`M${STREAM_X} ${HEIGHT}V240`, "learn-path-stream", pre),
    path(`M${STREAM_X} 240V70`, "learn-path-stream", mid),
    path(`M${STREAM_X} 70V0`, "learn-path-stream", post),
  ];
}

/** @param {readonly number[]} sizes of a block's five lists
 *  @param {any} words
 *  @returns {Element[]} */
function boxes([pre, attention, mid, mlp, post], words) {
  const box = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ text, /** @type {string} */ who) => [
    svg("rect", { x: x - 48, y: y - 17, width: 96, height: 34, rx: 7, class: `learn-path-box is-${who}` }),
    label(x, y + 5, text, { "text-anchor": "middle" }),
  ];
  const plus = (/** @type {number} */ y) => [
    dot([STREAM_X, y], 13, "learn-path-plus"),
    label(STREAM_X, y + 6, "+", { "text-anchor": "middle", class: "is-plus" }),
  ];
  const size = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ name, /** @type {number} */ value) => [
    label(x, y, name, { "text-anchor": "start", class: "is-name" }),
    label(x, y + 17, formatValue(value), { "text-anchor": "start", class: "is-value" }),
  ];
  return [
    ...plus(240),
    ...plus(70),
    ...box(200, 340, words.norm, "norm"),
    ...box(330, 340, words.attention, "attention"),
    ...box(200, 170, words.norm, "norm"),
    ...box(330, 170, words.mlp, "mlp"),
    svg("path", { d: "M330 323V288m-5 8l5 -8l5 8M330 153V118m-5 8l5 -8l5 8", class: "learn-path-read" }),
    ...size(366, 262, words.attention_writes, attention),
    ...size(366, 92, words.mlp_writes, mlp),
    ...size(STREAM_X + 34, 388, words.stream_in, pre),
    ...size(STREAM_X + 34, 204, words.stream_between, mid),
    ...size(STREAM_X + 34, 24, words.stream_out, post),
  ];
}
