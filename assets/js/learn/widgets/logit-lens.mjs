/**
 * The logit lens: what the stream at every depth would predict, derived, by what of it reaches the end or as it stands. The
 * start at the bottom, the model's own end on top.
 */

import { formatPercent } from "../../core/format.mjs";
import { button, el, say } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { fill, heading, widthOf, wordSlider } from "./parts.mjs";

/** @typedef {[number, number]} Guess id of a token and its share */

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { data, words, state, announce }) {
  const sentence = data.sentences[state.sentence];
  /** @type {{tokens: string[]}} */
  const { tokens } = sentence;
  const wordOf = (/** @type {number} */ id) => sentence.words[id];
  const looks = { class: "form-select form-select-sm", "aria-label": words.lens_which, "data-mri-keys": "own" };
  const footings = ["exit", "stream"].map((name) => el("option", { value: name, text: words[`lens_${name}`] }));
  const choice = el("select", { ...looks, on: { change: () => draw() } }, ...footings);
  const note = el("p", { class: "mri-note" });
  const step = wordSlider(words, tokens, sentence.lens.exit, state.step ?? 0, draw);
  const line = el("p", { class: "learn-widget-line", role: "status" });
  const follows = el("p", { class: "learn-lens-follows" });
  const list = el("ol", { class: "learn-lens", reversed: true, "data-part": "depths" });

  /** @returns {{guesses: Guess[][], keys: string[], next: string}} at every depth, and the token that follows */
  function now() {
    return { guesses: sentence.lens[choice.value][step.value()], keys: sentence.depths[choice.value], next: tokens[step.value() + 1] };
  }

  /** @param {number} depth
   *  @param {HTMLElement} pressed */
  function choose(depth, pressed) {
    const { guesses, keys, next } = now();
    const said = guesses[depth].map(([id, share]) => `${wordOf(id)} ${formatPercent(share)}`).join(" · ");
    say(line, `${nameOf(keys[depth], words)}: ${said}`);
    for (const each of list.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each === pressed));
    if (depth === guesses.findIndex(([[id]]) => wordOf(id) === next)) announce("answer-found"); // the first one
    announce(`depth-${depth}`);
  }

  function draw() {
    const { guesses, keys, next } = now();
    say(follows, filled(words.lens_follows, { word: next }));
    list.replaceChildren(...guesses.map((row, depth) => rowOf(row, depth, nameOf(keys[depth], words), next)).reverse());
    say(line, words.lens_hint);
    note.textContent = `${words[`lens_${choice.value}_says`]} ${words.lens_note}`;
  }

  /** @param {Guess[]} row
   *  @param {number} depth
   *  @param {string} name of the depth
   *  @param {string} next the token that follows */
  function rowOf(row, depth, name, next) {
    const chips = row.map(([id, share]) => {
      const parts = [el("i", { style: `width: ${widthOf(share)}` }), el("b", { text: wordOf(id) }), el("small", { text: formatPercent(share) })];
      return el("span", { class: `learn-lens-word${wordOf(id) === next ? " is-next" : ""}` }, ...parts);
    });
    const parts = [el("span", { class: "learn-lens-depth", text: name }), ...chips];
    /** @type {HTMLButtonElement} */
    const node = button(() => choose(depth, node), { class: null, "aria-pressed": "false", "data-part": `depth-${depth}` }, ...parts);
    return el("li", {}, node);
  }

  draw();
  const which = el("label", { class: "learn-lens-choice", "data-part": "lens" }, el("span", { text: words.lens_which }), choice);
  const quote = el("p", { class: "learn-quote", text: sentence.prompt });
  fill(host, heading(words.lens_title, "derived", words), quote, step.node, which, follows, list, line, note);
}

/** A hook point as a place on the way up.
 *  @param {string} key
 *  @param {Record<string, string>} words */
export function nameOf(key, words) {
  const [, n, what] = key.match(/^block\.(\d+)\.(\w+)$/) ?? [];
  if (n === undefined) return key === "embed.resid0" ? words.depth_start : words.depth_end;
  return filled(what === "resid_mid" ? words.depth_attention : words.depth_mlp, { n });
}
