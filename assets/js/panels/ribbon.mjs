/**
 * The words in a line: prompt and response, where the clock stands, and what was predicted next. They are the axis of the lines below.
 *
 * A token belongs to the step that *read* it; a click goes there. What that step predicts is marked on the next token.
 * Knows the answer of /sessions/<id>/tokens. Token text comes ready from the server; nothing is decoded here.
 */

import { columnPxOf, scrollTo, wordAxis } from "../core/axis.mjs";
import { formatShare, formatValue } from "../core/format.mjs";
import { nextName, positionNames, tokenName } from "../core/token_names.mjs";
import { button, el } from "../shell/dom.mjs";
import { Influence } from "./influence.mjs";
import { theme } from "../shell/shell.mjs";

/** @typedef {import("../core/types.mjs").Tokens} Tokens */

/** From so many words on, as wide as most of them are, they stay. */
const MANY = 64;

export class Ribbon {
  #current = -1;
  /** @type {HTMLElement[]} */
  #buttons = [];
  /** @type {string[]} class of each token by where the step is */
  #places = [];
  #columnPx = 0;
  #width = 0;
  #scrollPx = 0;
  /** @type {readonly string[]} */
  #names = [];
  #furthest = Infinity; // what later steps chose is not seen yet
  #next = 0; // position of what the step chose

  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {Tokens} context.tokens
   *  @param {ArrayLike<number>} context.stepOf which step read each position, −1: none
   *  @param {number} context.numPrompt tokens of the prompt
   *  @param {(step: number) => void} context.onSeek
   *  @param {(axis: import("../core/axis.mjs").Axis) => void} [context.onAxis] where the words stand now
   *  @param {((position: number) => void)|null} [context.onWhy] of a word: why it was chosen
   *  @param {boolean} context.hasAttention whether influence can be asked for
   *  @param {Pick<ConstructorParameters<typeof Influence>[0], "session"|"version"|"scales"|"onChoose">} context.influence */
  constructor(host, { tokens, stepOf, numPrompt, onSeek, onAxis = () => {}, onWhy = null, hasAttention, influence }) {
    this.tokens = tokens;
    this.stepOf = stepOf;
    this.numPrompt = numPrompt;
    this.special = new Set(tokens.special);
    this.onSeek = onSeek;
    this.onWhy = onWhy;
    this.onAxis = onAxis;
    host.hidden = tokens.steps.phase[0] === "train"; // there is nothing to read
    this.list = el("ol", { class: "mri-tokens", "aria-label": "Tokens of prompt and response; left and right step through them" });
    this.says = el("div", { class: "mri-ribbon-says" });
    this.influence = new Influence({ ...influence, list: this.list, buttons: this.#buttons, titleOf: (position) => this.#title(position) });
    const asksWhy = { class: "mri-button mri-why-this", title: "What wrote it, and what is lost without it (Y; Alt and a click on any word)" };
    const why = onWhy ? [button(() => onWhy(this.#next), asksWhy, "why this word?")] : [];
    this.foot = el("div", { class: "mri-ribbon-foot" }, ...why, ...(hasAttention ? [this.influence.control] : []));
    host.replaceChildren(this.foot, el("div", { class: "mri-tokens-frame" }, this.list, this.influence.svg));
    this.grow();
    this.observer = new ResizeObserver(() => this.#place());
    this.observer.observe(this.list);
    const scrolled = () => {
      this.#scrollPx = this.list.scrollLeft;
      this.#tellAxis();
    };
    this.list.addEventListener("scroll", scrolled, { passive: true });
  }

  /** There are more tokens, or the last one was read meanwhile. */
  grow() {
    const { sequence, steps } = this.tokens;
    const known = this.#buttons.length;
    if (known) this.#buttons[known - 1].title = this.#title(known - 1);
    if (known === sequence.length) return;
    const names = positionNames(this.tokens);
    for (let at = Math.max(0, known - 3); at < known; at++) if (names[at] !== this.#names[at]) this.#buttons[at].replaceChildren(...this.#words(at)); // whole only now
    this.#names = names;
    const forced = new Set(); // positions of tokens that were put in: chosen by a step marked forced
    for (let step = steps.pos0.length - 1; step >= 0 && steps.pos0[step] + steps.t_add[step] >= known; step--) {
      if (steps.forced[step]) forced.add(steps.pos0[step] + steps.t_add[step]);
    }
    const items = sequence.slice(known).map((_, i) => {
      const button = this.#button(known + i, forced.has(known + i));
      this.#buttons.push(button);
      return el("li", { style: `--chars:${Math.max(1, seenOf(names[known + i]).length)}` }, button);
    });
    this.list.append(...items);
    this.#current = -1; // places are to be told to the new ones
    if (this.#width) this.#place();
  }

  /** Take the width there is, if there is another one or the words want other columns. */
  #place() {
    const width = this.list.clientWidth;
    const isKnown = width === this.#width;
    if (isKnown && this.#names.length > MANY) return; // more words change nothing
    const columnPx = columnPxOf(width, this.#names.map(seenOf));
    if (isKnown && columnPx === this.#columnPx) return;
    [this.#width, this.#columnPx] = [width, columnPx];
    this.list.style.setProperty("--column", `${columnPx}px`);
    this.#tellAxis();
    this.influence.place();
  }

  #tellAxis() {
    const { tokens, stepOf } = this;
    if (this.#width) this.onAxis(wordAxis({ steps: tokens.steps, stepOf, columnPx: this.#columnPx, scrollPx: this.#scrollPx }));
  }

  /** Of a recording that is shown slower than it is made: no word is seen before the step that chose it.
   *  @param {number} furthest step */
  show(furthest) {
    if (furthest === this.#furthest) return;
    this.#furthest = furthest;
    this.#current = -1;
  }

  /** @param {number} position
   *  @param {boolean} isForced
   *  @returns {HTMLElement} */
  #button(position, isForced) {
    const id = this.tokens.sequence[position];
    const classes = ["mri-token", position < this.numPrompt && "is-prompt", this.special.has(id) && "is-special", isForced && "is-forced"];
    const seek = () => this.onSeek(this.stepOf[position] >= 0 ? this.stepOf[position] : this.tokens.steps.pos0.length - 1);
    const pressed = (/** @type {MouseEvent} */ event) => (event.altKey && this.onWhy ? this.onWhy(position) : seek());
    const looks = { class: classes.filter(Boolean).join(" "), title: this.#title(position, isForced), "data-position": position, tabindex: -1 };
    return button(pressed, looks, ...this.#words(position));
  }

  /** @param {number} position
   *  @returns {(Node|string)[]} its text; a piece of a character as that character over its bytes */
  #words(position) {
    const id = this.tokens.sequence[position];
    const whole = this.tokens.text[id] ?? `#${id}`;
    const text = this.special.has(id) ? whole.replace(/^<\|(.+)\|>$/, "$1") : whole; // its frame says that it is a mark
    const name = positionNames(this.tokens)[position];
    return name === tokenName(this.tokens, id) ? readable(text) : [el("ruby", {}, ...readable(text), el("rt", { text: name }))];
  }

  /** @param {number} position
   *  @param {boolean} [isForced]
   *  @returns {string} */
  #title(position, isForced = this.#buttons[position].classList.contains("is-forced")) {
    const where = position < this.numPrompt ? "prompt" : isForced ? "put in by the calculator" : "response";
    const step = this.stepOf[position];
    return `position ${position} · token ${this.tokens.sequence[position]} · ${where}${step >= 0 ? ` · read in step ${step}` : " · chosen last, read by no step"}`;
  }

  /** @param {number} step
   *  @param {import("../core/wire.mjs").Frame} frame
   *  @param {import("../core/influence.mjs").Measure|null} measure of influence
   *  @param {boolean} isPlaying */
  draw(step, frame, measure, isPlaying) {
    if (step !== this.#current) this.#mark(step);
    const { chosen_id: id, forced, pos0, t_add: numRead } = frame.header;
    const read = numRead === 1 ? (positionNames(this.tokens)[pos0] ?? "") : `${numRead} prompt tokens`;
    const logprob = frame.arrays["logits/chosen_logprob"]?.data[0];
    const next = (this.#next = pos0 + numRead);
    const inPrompt = next < this.numPrompt;
    const chosen = inPrompt ? (this.tokens.sequence[next] ?? null) : id >= 0 ? id : null;
    const parts = numRead ? [el("span", {}, "read ", el("b", { text: read }))] : []; // a training script reads no tokens
    if (chosen !== null) {
      const how = inPrompt ? "the prompt goes on with" : forced ? "put in by the calculator:" : "chose";
      parts.push(el("span", { class: "mri-says-next" }, `${how} `, el("b", { text: nextName(this.tokens, frame, chosen) })));
    }
    if (logprob !== undefined && !Number.isNaN(logprob)) {
      const text = `at ${formatShare(Math.exp(logprob))}, surprise ${formatValue(Math.max(0, -logprob / Math.LN2))} bits`;
      parts.push(el("span", { title: "Probability of that token at temperature 1, and its surprise −log₂ p", text }));
    }
    for (const part of parts) part.title ||= part.textContent ?? ""; // where there is no room for all of it
    this.says.replaceChildren(...parts);
    this.influence.draw(step, next, measure, isPlaying, theme() === "light");
  }

  /** @param {number} step */
  #mark(step) {
    this.#current = step;
    const { pos0, t_add: numRead } = this.tokens.steps;
    const [first, next] = [pos0[step], pos0[step] + numRead[step]];
    const hadFocus = this.#buttons.includes(/** @type {any} */ (document.activeElement)) && document.activeElement?.ariaCurrent;
    const lastSeen = this.#furthest < pos0.length ? Math.max(this.numPrompt - 1, pos0[this.#furthest] + numRead[this.#furthest]) : Infinity;
    this.#buttons.forEach((button, position) => {
      button.classList.toggle("is-unseen", position > lastSeen);
      const place = position < first ? "" : position < next - 1 ? "is-read" : position < next ? "is-current" : position === next ? "is-next" : "is-future";
      const before = this.#places[position] ?? "";
      if (place === before) return;
      this.#places[position] = place;
      if (before) button.classList.remove(before);
      if (place) button.classList.add(place);
      if (place === "is-current") button.setAttribute("aria-current", "step");
      else if (before === "is-current") button.removeAttribute("aria-current");
      button.tabIndex = place === "is-current" ? 0 : -1;
      if (hadFocus && place === "is-current") button.focus({ preventScroll: true });
    });
  }

  /** The words scroll to where the step reads, as soon as its column is not in sight.
   *  @param {number} step */
  follow(step) {
    if (step === this.#current || !this.#buttons.length || !this.#width) return; // a training script reads no tokens
    const { pos0, t_add: numRead } = this.tokens.steps;
    const to = scrollTo(Math.max(0, pos0[step] + numRead[step] - 1), this.#columnPx, this.#scrollPx, this.#width);
    if (to !== this.#scrollPx) this.list.scrollLeft = to;
  }

  close() {
    this.observer.disconnect();
    this.influence.close();
  }
}

/** @param {string} name of a word
 *  @returns {string} what is seen of it in its column: without its own space, a mark without its frame */
function seenOf(name) {
  return name.replace(/^␣(?=.)/, "").replace(/^<\|(.+)\|>$/, "$1");
}

/** Text with its spaces visible.
 *  @param {string} text
 *  @returns {(Node|string)[]} */
export function readable(text) {
  if (!/^ | $| {2}|\\/.test(text)) return [text];
  return text
    .split(/( |\\(?:n|t|r|\\|x..|u....))/)
    .filter(Boolean)
    .map((part, i, all) => {
      const isEdge = all.length > 1 && (i === 0 || i === all.length - 1);
      if (part === " ") return el("span", { class: `mri-space${isEdge ? " is-edge" : ""}`, text: " " });
      return part.startsWith("\\") ? el("span", { class: "mri-space", text: part === "\\n" ? "⏎" : part }) : part;
    });
}
