/**
 * A word's row of the embedding table, and the words whose rows point the same way.
 */

import { formatValue, trueMinus } from "../../core/format.mjs";
import { untilAnswered } from "../../run/again.mjs";
import { fetchJson } from "../../run/http.mjs";
import { button, el, refill } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { bar, cellRow, part } from "./cells.mjs";

const WORDS_TO_LOOK_UP = 3;

/** @typedef {{word: string, id: number, row: number[], near: {word: string, cosine: number}[]}} Answer what the server knows of a word */

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { data, words, announce }) {
  const say = words["word-rows"];
  /** @type {{words: string[], first: Answer}} */
  const { words: all, first } = data["word-rows"];
  const list = el("datalist", { id: "lw-words" }, ...all.map((word) => el("option", { value: word })));
  const input = el("input", { type: "text", class: "form-control", list: "lw-words", maxlength: 30, value: "red", autocomplete: "off", spellcheck: "false" });
  const submit = (/** @type {Event} */ event) => (event.preventDefault(), lookUp(input.value.trim(), "typed"));
  const field = [el("label", {}, el("span", { text: say.word }), input), el("button", { class: "mri-button", text: say.look }), list];
  const form = el("form", { class: "lw-field", on: { submit } }, ...field);
  const problem = el("p", { class: "lw-problem", role: "status" });
  const cells = cellRow(say.row);
  const facts = el("p", { class: "lw-readout" });
  const near = el("ol", { class: "lw-near" });
  const path = el("p", { class: "mri-muted", role: "status" });
  /** @type {Set<string>} */
  const seen = new Set();
  /** @type {string[]} */
  let walk = [];
  let asked = new AbortController();

  /** @param {string} word
   *  @param {"typed"|"walked"|"first"} how */
  async function lookUp(word, how) {
    const known = found(all, word);
    problem.textContent = known === null ? filled(say.unknown, { word }) : "";
    if (known === null) return;
    asked.abort();
    const { signal } = (asked = new AbortController()); // another word was asked for before
    const written = input.value;
    near.setAttribute("aria-busy", "true");
    const tell = (/** @type {Error} */ error) => (problem.textContent = error.message);
    const ask = () => fetchJson(`/lessons/words/${encodeURIComponent(known)}`, signal);
    const answer = await untilAnswered(ask, signal, tell).catch((error) => signal.aborted || tell(error));
    if (signal.aborted) return;
    near.removeAttribute("aria-busy");
    if (!answer.row) return;
    problem.textContent = "";
    show(answer, how, written);
  }

  /** @param {Answer} answer
   *  @param {"typed"|"walked"|"first"} how
   *  @param {string} written what stood in the field when it was asked: what was typed since is the reader's */
  function show(answer, how, written) {
    if (input.value === written) input.value = answer.word;
    cells.show(answer.row);
    facts.textContent = filled(say.facts, { id: answer.id, values: answer.row.length, first: answer.row.slice(0, 4).map(formatValue).join(", ") });
    refill(near, ...answer.near.map(neighbour));
    walk = how === "walked" ? [...walk, answer.word] : [answer.word];
    path.textContent = walk.length > 1 ? filled(say.path, { path: walk.join(" → ") }) : "";
    if (how === "typed") seen.add(answer.word);
    if (seen.size >= WORDS_TO_LOOK_UP) announce("looked-up");
    if (walk.length > 1 && walk[0] === "red") announce("walked");
  }

  /** @param {{word: string, cosine: number}} other */
  function neighbour({ word, cosine }) {
    const written = trueMinus(cosine.toFixed(2));
    const attributes = { class: null, "aria-label": filled(say.near_one, { word, cosine: written }) };
    const parts = [el("b", { text: word }), bar(cosine), el("span", { class: "lw-figure", text: written })];
    const other = button(() => lookUp(word, "walked"), attributes, ...parts);
    return el("li", {}, other);
  }

  host.append(part("word", "", form, problem), part("row", say.row, cells.node, facts), part("near", say.near, near, path));
  show(first, "first", input.value);
  return { close: () => asked.abort(), set() {} };
}

/** @param {readonly string[]} words
 *  @param {string} wanted however it is written
 *  @returns {string|null} as it stands in the list */
export function found(words, wanted) {
  return words.find((word) => word === wanted) ?? words.find((word) => word.toLowerCase() === wanted.toLowerCase()) ?? null;
}
