/**
 * The logit lens: what the stream at every depth would predict, derived, by what of it reaches the end or as it stands. The
 * start at the bottom, the model's own end on top.
 */

import { formatPercent } from "../../core/format.mjs";
import { el, say } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { heading, slider, widthOf } from "./parts.mjs";

/** @param {HTMLElement} host
 *  @param {import("../widget.mjs").WidgetContext} context */
export default function mount(host, { data, words, state, announce }) {
  const sentence = data.sentences[state.sentence];
  const { tokens } = sentence;
  let footing = "exit";
  let lens = sentence.lens[footing];
  let depths = sentence.depths[footing];
  const choice = el(
    "select",
    { class: "form-select form-select-sm", "aria-label": words.lens_which, "data-mri-keys": "own", on: { change: () => look(choice.value) } },
    ...["exit", "stream"].map((name) => el("option", { value: name, text: words[`lens_${name}`] })),
  );
  const note = el("p", { class: "mri-note" });
  const step = slider({
    label: words.word,
    min: 0,
    max: lens.length - 1,
    value: state.step ?? 0,
    part: "word",
    words: (value) => tokens[value],
    onInput: () => draw(),
  });
  const line = el("p", { class: "learn-widget-line", role: "status" });
  const follows = el("p", { class: "learn-lens-follows" });
  const rows = el("ol", { class: "learn-lens", reversed: true, "data-part": "depths" });

  /** @param {string} name of a footing */
  function look(name) {
    footing = name;
    lens = sentence.lens[footing];
    depths = sentence.depths[footing];
    draw();
  }

  /** Row of the first depth with the token that follows in front, −1 where there is none. */
  function found() {
    return lens[step.value()].findIndex((/** @type {[number, number][]} */ row) => wordOf(row[0][0]) === tokens[step.value() + 1]);
  }

  /** @param {number} id */
  function wordOf(id) {
    return sentence.words[id];
  }

  /** @param {number} depth */
  function choose(depth) {
    const row = lens[step.value()][depth];
    const list = row.map((/** @type {[number, number]} */ [id, share]) => `${wordOf(id)} ${formatPercent(share)}`).join(" · ");
    say(line, `${nameOf(depths[depth], words)}: ${list}`);
    rows
      .querySelectorAll("button")
      .forEach((/** @type {Element} */ button, /** @type {number} */ i) => button.setAttribute("aria-pressed", String(depths.length - 1 - i === depth)));
    if (depth === found()) announce("answer-found");
    announce(`depth-${depth}`);
  }

  function draw() {
    const next = tokens[step.value() + 1];
    say(follows, filled(words.lens_follows, { word: next }));
    rows.replaceChildren(...lens[step.value()].map((/** @type {[number, number][]} */ row, /** @type {number} */ depth) => rowOf(row, depth, next)).reverse());
    say(line, words.lens_hint);
    note.textContent = `${words[`lens_${footing}_says`]} ${words.lens_note}`;
  }

  /** @param {[number, number][]} row
   *  @param {number} depth
   *  @param {string} next the token that follows */
  function rowOf(row, depth, next) {
    const chips = row.map(([id, share]) =>
      el(
        "span",
        { class: `learn-lens-word${wordOf(id) === next ? " is-next" : ""}` },
        el("i", { style: `width: ${widthOf(share)}` }),
        el("b", { text: wordOf(id) }),
        el("small", { text: formatPercent(share) }),
      ),
    );
    const name = nameOf(depths[depth], words);
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", "aria-pressed": "false", "data-part": `depth-${depth}`, on: { click: () => choose(depth) } },
        el("span", { class: "learn-lens-depth", text: name }),
        ...chips,
      ),
    );
  }

  draw();
  host.replaceChildren(
    el(
      "div",
      { class: "learn-wide" },
      heading(words.lens_title, "derived", words),
      el("p", { class: "learn-quote", text: sentence.prompt }),
      step.node,
      el("label", { class: "learn-lens-choice", "data-part": "lens" }, el("span", { text: words.lens_which }), choice),
      follows,
      rows,
      line,
      note,
    ),
  );
  return { close: () => host.replaceChildren() };
}

/** A hook point as a place on the way up.
 *  @param {string} key
 *  @param {Record<string, string>} words */
function nameOf(key, words) {
  const [, n, what] = key.match(/^block\.(\d+)\.(\w+)$/) ?? [];
  if (n === undefined) return key === "embed.resid0" ? words.depth_start : words.depth_end;
  return filled(what === "resid_mid" ? words.depth_attention : words.depth_mlp, { n });
}
