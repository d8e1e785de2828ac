/**
 * One block as a drawing: the stream goes up on the left, attention and MLP branch off and add. Lines are as thick as the
 * measured lists are long (l2).
 */

import { formatValue } from "../../core/format.mjs";
import { el } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { heading, slider, svg } from "./parts.mjs";

const MOST_PX = 46; // thickness of the longest list at a word
const [WIDTH, HEIGHT, STREAM_X] = [520, 420, 80];

/** @param {HTMLElement} host
 *  @param {import("../widget.mjs").WidgetContext} context */
export default function mount(host, { data, words, state, announce }) {
  const { sizes, tokens } = data.sentences[state.sentence];
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "learn-path", "data-part": "block" });
  const block = slider({
    label: words.block,
    min: 0,
    max: sizes[0].length - 1,
    value: sizes[0].length - 1,
    part: "slider",
    words: String,
    onInput: (value) => (draw(), announce(`block-${value}`)),
  });
  const step = slider({
    label: words.word,
    min: 0,
    max: sizes.length - 1,
    value: state.step ?? 5,
    part: "word",
    words: (value) => tokens[value],
    onInput: () => draw(),
  });

  function draw() {
    const [pre, attention, mid, mlp, post] = sizes[step.value()][block.value()];
    const most = Math.max(...sizes[step.value()].flat()); // one scale for all blocks at this word
    drawing.replaceChildren(...lines(), ...boxes());
    drawing.setAttribute(
      "aria-label",
      filled(words.path_says, {
        block: block.value(),
        word: tokens[step.value()],
        pre: formatValue(pre),
        attention: formatValue(attention),
        mid: formatValue(mid),
        mlp: formatValue(mlp),
        post: formatValue(post),
      }),
    );

    function lines() {
      const px = (/** @type {number} */ size) => (size > 0 ? Math.max(1, (MOST_PX * size) / most) : 0);
      const stream = (/** @type {number} */ size, /** @type {number} */ from, /** @type {number} */ to) =>
        svg("path", { d: `M${STREAM_X} ${from}V${to}`, class: "learn-path-stream", "stroke-width": px(size) });
      const write = (/** @type {number} */ size, /** @type {number} */ y, /** @type {string} */ who) =>
        svg("path", { d: `M330 ${y + 46}V${y}H${STREAM_X}`, class: `learn-path-write is-${who}`, "stroke-width": px(size) });
      const read = (/** @type {number} */ y) => svg("path", { d: `M${STREAM_X} ${y}H290`, class: "learn-path-read" });
      return [
        read(340),
        read(170),
        write(attention, 240, "attention"),
        write(mlp, 70, "mlp"),
        stream(pre, HEIGHT, 240),
        stream(mid, 240, 70),
        stream(post, 70, 0),
      ];
    }

    function boxes() {
      const box = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ text, /** @type {string} */ who) => [
        svg("rect", { x: x - 48, y: y - 17, width: 96, height: 34, rx: 7, class: `learn-path-box is-${who}` }),
        label(x, y + 5, text, "middle"),
      ];
      const plus = (/** @type {number} */ y) => [
        svg("circle", { cx: STREAM_X, cy: y, r: 13, class: "learn-path-plus" }),
        label(STREAM_X, y + 6, "+", "middle", "is-plus"),
      ];
      const size = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ name, /** @type {number} */ value) => [
        label(x, y, name, "start", "is-name"),
        label(x, y + 17, formatValue(value), "start", "is-value"),
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
      ].flat();
    }
  }
  draw();
  host.replaceChildren(
    el(
      "div",
      { class: "learn-wide" },
      heading(words.path_title, "measured", words),
      block.node,
      step.node,
      drawing,
      el("p", { class: "mri-note", text: words.path_note }),
    ),
  );
  return { close: () => host.replaceChildren() };
}

/** @param {number} x
 *  @param {number} y
 *  @param {string} text
 *  @param {string} anchor
 *  @param {string} [kind] */
function label(x, y, text, anchor, kind = "") {
  return svg("text", { x, y, "text-anchor": anchor, class: kind, text });
}
