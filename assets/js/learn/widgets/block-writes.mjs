/**
 * How much attention and MLP of every block add to the stream at one word, and what of it reaches the end: twelve bars of
 * one scale at each word (l2), in each the part that arrives.
 */

import { formatValue } from "../../core/format.mjs";
import { el, say } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { heading, slider, widthOf } from "./parts.mjs";

const [ATTENTION, MLP, OUT] = [1, 3, 4]; // places in a block's five sizes

/** @param {HTMLElement} host
 *  @param {import("../widget.mjs").WidgetContext} context */
export default function mount(host, { data, words, state, announce }) {
  const { sizes, tokens, reaches } = data.sentences[state.sentence];
  const step = slider({
    label: words.word,
    min: 0,
    max: sizes.length - 1,
    value: state.step ?? 5,
    part: "word",
    words: (value) => tokens[value],
    onInput: () => draw(),
  });
  const line = el("p", { class: "learn-widget-line", role: "status" });
  const rows = el("div", { class: "learn-writes", "data-part": "bars" });
  for (let i = sizes[0].length - 1; i >= 0; i--) {
    rows.append(
      el("span", { class: "learn-writes-name", text: filled(words.block_n, { n: i }) }),
      el("div", { class: "learn-writes-bars" }, bar(i, ATTENTION), bar(i, MLP)),
      el("span", { class: "learn-writes-out" }),
    );
  }

  /** @param {number} size of what was added
   *  @param {number} block
   *  @returns {number} what of it reaches the end */
  function arriving(size, block) {
    return size * Math.abs(reaches[block]);
  }

  /** @param {number} block
   *  @param {number} which */
  function bar(block, which) {
    const who = which === MLP ? "mlp" : "attention";
    return el(
      "button",
      { type: "button", class: `learn-write is-${who}`, "data-part": `${who}-${block}`, on: { click: () => choose(block, which) } },
      el("i"),
      el("i", { class: "is-arriving" }),
      el("b"),
    );
  }

  /** @param {number} block
   *  @param {number} which */
  function choose(block, which) {
    const size = sizes[step.value()][block][which];
    const who = which === MLP ? words.mlp : words.attention;
    say(
      line,
      filled(size === 0 ? words.writes_nothing : words.writes_says, {
        who,
        block,
        word: tokens[step.value()],
        size: formatValue(size),
        arriving: formatValue(arriving(size, block)),
      }),
    );
    announce(`${which === MLP ? "mlp" : "attention"}-${block}`);
    if (size === 0 && which === MLP) announce("silent-mlp");
  }

  function draw() {
    const blocks = sizes[step.value()];
    const most = Math.max(...blocks.flatMap((/** @type {number[]} */ block) => [block[ATTENTION], block[MLP]]));
    const buttons = rows.querySelectorAll("button");
    const outs = rows.querySelectorAll(".learn-writes-out");
    blocks.forEach((/** @type {number[]} */ block, /** @type {number} */ i) => {
      const row = blocks.length - 1 - i; // the highest block stands on top
      [ATTENTION, MLP].forEach((which, at) => {
        const button = buttons[2 * row + at];
        const who = which === MLP ? words.mlp : words.attention;
        const there = { who, block: i, size: formatValue(block[which]), arriving: formatValue(arriving(block[which], i)) };
        button.children[0].style.width = widthOf(block[which] / most);
        button.children[1].style.width = widthOf(arriving(block[which], i) / most);
        button.lastChild.textContent = filled(words.bar_text, there);
        button.setAttribute("aria-label", filled(words.bar_label, there));
      });
      outs[row].textContent = `→ ${formatValue(block[OUT])}`;
      outs[row].setAttribute("title", words.stream_out);
    });
    say(line, words.writes_hint);
  }
  draw();
  host.replaceChildren(
    el(
      "div",
      { class: "learn-wide" },
      heading(words.writes_title, "measured", words),
      step.node,
      rows,
      line,
      el("p", { class: "mri-note", text: words.writes_note }),
    ),
  );
  return { close: () => host.replaceChildren() };
}
