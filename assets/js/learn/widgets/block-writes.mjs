/**
 * How much attention and MLP of every block add to the stream at one word, and what of it reaches the end: twelve bars of
 * one scale at each word (l2), in each the part that arrives.
 */

import { formatValue } from "../../core/format.mjs";
import { button, el, say } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { fill, heading, note, widthOf, wordSlider } from "./parts.mjs";

const WRITERS = { attention: 1, mlp: 3 }; // places in a block's five sizes
const OUT = 4;

/** @typedef {keyof typeof WRITERS} Writer */

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { data, words, state, announce }) {
  /** @type {{sizes: number[][][], tokens: string[], reaches: number[]}} */
  const { sizes, tokens, reaches } = data.sentences[state.sentence];
  const step = wordSlider(words, tokens, sizes, state.step ?? 5, draw);
  const line = el("p", { class: "learn-widget-line", role: "status" });
  const area = el("div", { class: "learn-writes", "data-part": "bars" });
  const rows = sizes[0].map((_, block) => ({ bars: [bar(block, "attention"), bar(block, "mlp")], out: el("span", { class: "learn-writes-out" }) }));
  for (const [n, { bars, out }] of [...rows.entries()].reverse()) {
    const name = el("span", { class: "learn-writes-name", text: filled(words.block_n, { n }) });
    area.append(name, el("div", { class: "learn-writes-bars" }, ...bars.map(({ node }) => node)), out);
    out.title = words.stream_out;
  }

  /** @param {number} block
   *  @param {Writer} who */
  function bar(block, who) {
    const [whole, arriving, text] = [el("i"), el("i", { class: "is-arriving" }), el("b")];
    const node = button(() => choose(block, who), { class: `learn-write is-${who}`, "data-part": `${who}-${block}` }, whole, arriving, text);
    return { who, node, whole, arriving, text };
  }

  /** @param {number} block
   *  @param {Writer} who
   *  @returns {{size: number, arriving: number, there: Record<string, any>}} what it adds, what of it reaches the end; both in words */
  function written(block, who) {
    const size = sizes[step.value()][block][WRITERS[who]];
    const arriving = size * Math.abs(reaches[block]);
    return { size, arriving, there: { who: words[who], block, size: formatValue(size), arriving: formatValue(arriving) } };
  }

  /** @param {number} block
   *  @param {Writer} who */
  function choose(block, who) {
    const { size, there } = written(block, who);
    say(line, filled(size === 0 ? words.writes_nothing : words.writes_says, { ...there, word: tokens[step.value()] }));
    announce(`${who}-${block}`);
    if (size === 0 && who === "mlp") announce("silent-mlp");
  }

  function draw() {
    const blocks = sizes[step.value()];
    const most = Math.max(...blocks.flatMap((block) => [block[WRITERS.attention], block[WRITERS.mlp]]));
    rows.forEach(({ bars, out }, block) => {
      for (const { who, node, whole, arriving, text } of bars) {
        const now = written(block, who);
        whole.style.width = widthOf(now.size / most);
        arriving.style.width = widthOf(now.arriving / most);
        text.textContent = filled(words.bar_text, now.there);
        node.setAttribute("aria-label", filled(words.bar_label, now.there));
      }
      out.textContent = `→ ${formatValue(blocks[block][OUT])}`;
    });
    say(line, words.writes_hint);
  }

  draw();
  fill(host, heading(words.writes_title, "measured", words), step.node, area, line, note(words.writes_note));
}
