/**
 * The token ribbon: prompt and response, where the clock stands, and what was predicted next.
 *
 * A token belongs to the step that *read* it; a click goes there. What that step predicts is marked on the next token.
 * Knows the answer of /sessions/<id>/tokens. Token text comes ready from the server; nothing is decoded here.
 */

import { formatPercent } from "../core/format.mjs";
import { el } from "./dom.mjs";
import { Influence } from "./influence.mjs";
import { theme } from "./shell.mjs";

/** @typedef {object} Tokens
 *  @property {number[]} sequence id at each position
 *  @property {Record<string, string>} text id -> display string
 *  @property {number[]} special
 *  @property {{pos0: number[], t_add: number[], phase: string[], chosen_id: number[], forced: boolean[]}} steps */

/** Which step read each position; −1 for a token that no step read (the last chosen one).
 *  @param {Tokens} tokens
 *  @returns {Int32Array} (sequence length,) */
export function stepOfPosition({ sequence, steps }) {
  const out = new Int32Array(sequence.length).fill(-1);
  steps.pos0.forEach((pos0, step) => out.fill(step, pos0, pos0 + steps.t_add[step]));
  return out;
}

const LINE_PX = 25;

export class Ribbon {
  #current = -1;
  /** @type {HTMLElement[]} */
  #buttons = [];
  /** @type {string[]} class of each token by where the step is */
  #places = [];
  /** @type {number[]|null} top of each token's line, null: to be measured */
  #lines = null;
  #height = 0;
  #scrolled = 0;

  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {Tokens} context.tokens
   *  @param {number} context.numPrompt tokens of the prompt
   *  @param {(step: number) => void} context.onSeek
   *  @param {boolean} context.hasAttention whether influence can be asked for
   *  @param {Pick<ConstructorParameters<typeof Influence>[0], "session"|"version"|"scales"|"onChoose">} context.influence */
  constructor(host, { tokens, numPrompt, onSeek, hasAttention, influence }) {
    this.tokens = tokens;
    this.numPrompt = numPrompt;
    this.stepOf = stepOfPosition(tokens);
    const special = new Set(tokens.special);
    const forced = forcedPositions(tokens);
    this.#buttons = tokens.sequence.map((id, position) => {
      const step = this.stepOf[position];
      const isSpecial = special.has(id);
      const isForced = forced.has(position);
      const classes = ["mri-token", position < numPrompt && "is-prompt", isSpecial && "is-special", isForced && "is-forced"];
      const where = position < numPrompt ? "prompt" : isForced ? "put in by the calculator" : "response";
      const title = `position ${position} · token ${id} · ${where}${step >= 0 ? ` · read in step ${step}` : " · chosen last, read by no step"}`;
      const target = step >= 0 ? step : tokens.steps.pos0.length - 1;
      return el("button", { type: "button", class: classes.filter(Boolean).join(" "), title, "data-position": position, tabindex: -1, on: { click: () => onSeek(target) } }, ...readable(tokens.text[id] ?? `#${id}`));
    });
    this.list = el("ol", { class: "mri-tokens", "aria-label": "Tokens of prompt and response; left and right step through them" });
    this.list.append(...this.#buttons.map((button) => el("li", {}, button)));
    this.says = el("div", { class: "mri-ribbon-says" });
    this.influence = new Influence({ ...influence, list: this.list, buttons: this.#buttons });
    const foot = el("div", { class: "mri-ribbon-foot" }, this.says, ...(hasAttention ? [this.influence.control] : []));
    host.replaceChildren(el("div", { class: "mri-tokens-frame" }, this.list, this.influence.svg), foot);
    this.observer = new ResizeObserver(() => {
      this.#lines = null;
      this.influence.place();
    });
    this.observer.observe(this.list);
    this.list.addEventListener("scroll", () => (this.#scrolled = this.list.scrollTop), { passive: true });
  }

  /** @param {number} step
   *  @param {import("../core/wire.mjs").Frame} frame
   *  @param {import("../core/influence.mjs").Measure|null} measure of influence
   *  @param {boolean} isPlaying */
  draw(step, frame, measure, isPlaying) {
    if (step !== this.#current) this.#mark(step);
    const { chosen_id: id, forced, pos0, t_add: numRead } = frame.header;
    const read = numRead === 1 ? [this.#name(this.tokens.sequence[pos0])] : [`${numRead} prompt tokens`];
    const logprob = frame.arrays["logits/chosen_logprob"]?.data[0];
    const next = pos0 + numRead;
    const inPrompt = next < this.numPrompt;
    const chosen = inPrompt ? this.tokens.sequence[next] : id >= 0 ? id : null;
    const parts = [el("span", {}, "read ", el("b", { text: read.join(" ") }))];
    if (chosen !== null) {
      const how = inPrompt ? "the prompt goes on with" : forced ? "put in by the calculator:" : "chose";
      parts.push(el("span", { class: "mri-says-next" }, `${how} `, el("b", { text: this.#name(chosen) })));
    }
    if (logprob !== undefined && !Number.isNaN(logprob)) {
      parts.push(el("span", { title: "Probability of that token at temperature 1, and its surprise −log₂ p" }, `p ${formatPercent(Math.exp(logprob))} · surprise ${(-logprob / Math.LN2).toFixed(2)} bits`));
    }
    this.says.replaceChildren(...parts);
    this.influence.draw(step, next, measure, isPlaying, theme() === "light");
  }

  /** @param {number} id
   *  @returns {string} */
  #name(id) {
    return (this.tokens.text[id] ?? `#${id}`).replace(/ /g, "␣");
  }

  /** @param {number} step */
  #mark(step) {
    this.#current = step;
    const { pos0, t_add: numRead } = this.tokens.steps;
    const [first, next] = [pos0[step], pos0[step] + numRead[step]];
    this.#buttons.forEach((button, position) => {
      const place = position < first ? "" : position < next - 1 ? "is-read" : position < next ? "is-current" : position === next ? "is-next" : "is-future";
      const before = this.#places[position] ?? "";
      if (place === before) return;
      this.#places[position] = place;
      if (before) button.classList.remove(before);
      if (place) button.classList.add(place);
      if (place === "is-current") button.setAttribute("aria-current", "step");
      else if (before === "is-current") button.removeAttribute("aria-current");
      button.tabIndex = place === "is-current" ? 0 : -1;
    });
  }

  /** Scroll to where the step reads. To be called before anything of the page is changed, and lines are measured once
   *  for each width: else the page would have to be laid out in between.
   *  @param {number} step */
  follow(step) {
    if (step === this.#current) return;
    if (!this.#lines) {
      this.#lines = this.#buttons.map((button) => button.offsetTop);
      this.#height = this.list.clientHeight;
      this.#scrolled = this.list.scrollTop;
    }
    const { pos0, t_add: numRead } = this.tokens.steps;
    const top = this.#lines[Math.min(pos0[step] + numRead[step], this.#lines.length - 1)] - LINE_PX / 2;
    if (top < this.#scrolled || top + LINE_PX > this.#scrolled + this.#height) this.list.scrollTop = top - this.#height / 2 + LINE_PX / 2;
  }

  close() {
    this.observer.disconnect();
    this.influence.close();
  }
}

/** Positions of tokens that were not sampled but put in: chosen by a step marked forced.
 *  @param {Tokens} tokens
 *  @returns {Set<number>} */
function forcedPositions({ steps }) {
  const positions = new Set();
  steps.forced.forEach((isForced, step) => isForced && positions.add(steps.pos0[step] + steps.t_add[step]));
  return positions;
}

/** Text with its spaces visible.
 *  @param {string} text
 *  @returns {(Node|string)[]} */
function readable(text) {
  if (!/^ | $| {2}|\\/.test(text)) return [text];
  return text.split(/( |\\(?:n|t|r|\\|x..|u....))/).filter(Boolean).map((part) => {
    if (part === " ") return el("span", { class: "mri-space", text: " " });
    return part.startsWith("\\") ? el("span", { class: "mri-space", text: part === "\\n" ? "⏎" : part }) : part;
  });
}
