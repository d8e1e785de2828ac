/**
 * Change one word: the bundled recording that differs by one, and what it says there. No model runs.
 *
 * Where there is none, the sentence itself is offered, to be changed and scanned anew.
 */

import { openingStep } from "../core/opening.mjs";
import { goTo } from "../desk/history.mjs";
import { logits } from "../core/layout.mjs";
import { openRun } from "../run/served.mjs";
import { el } from "../shell/dom.mjs";
import { percentOf } from "./numbers.mjs";
import { choosers, plainWord, sentenceOf } from "./words.mjs";

/** @typedef {object} Counterpart
 *  @property {string} session
 *  @property {string} says what is so there, like "If Mia gives the ball"
 *  @property {string} compare address where the two stand side by side */

const BEFORE = 3; // words before the one that differs

export class Changed {
  #abort = new AbortController();
  /** @type {import("../run/run.mjs").Run|null} */
  #other = null;
  /** The step that chooses the first word of the model's own; −1 until the other recording is here. */
  step = -1;
  /** What would be said there, like "If Mia gives the ball, it says Tom: 99.97 %". */
  swap = "";

  /** @param {object} context
   *  @param {import("../run/run.mjs").Run} context.run
   *  @param {Counterpart|null} context.counterpart
   *  @param {(text: string) => void} context.onWrite a text to be changed by hand
   *  @param {() => void} context.onCome the other recording is here */
  constructor({ run, counterpart, onWrite, onCome }) {
    this.run = run;
    this.counterpart = counterpart;
    this.onCome = onCome;
    this.words = el("p", { class: "simple-changed", translate: "no", lang: "und" });
    const { prompt } = run.meta.session;
    this.buttons = el("div", { class: "simple-ways" });
    if (counterpart) {
      const address = `/?session=${encodeURIComponent(counterpart.session)}&view=simple`;
      this.buttons.append(
        el("button", { type: "button", class: "mri-button", text: "See it there", on: { click: () => goTo(address) } }),
        el("button", { type: "button", class: "mri-button", text: "Compare the two", on: { click: () => goTo(counterpart.compare) } }),
      );
    } else if (prompt) {
      this.words.textContent = "Would it say the same after another word?";
      this.buttons.append(el("button", { type: "button", class: "mri-button", text: "Change this sentence", on: { click: () => onWrite(prompt) } }));
    }
    const title = el("h2", { id: "simple-changed-title", text: "Change one word" });
    this.host = el(
      "section",
      { class: "simple-card", "aria-labelledby": "simple-changed-title", hidden: !counterpart && !prompt },
      title,
      this.words,
      this.buttons,
    );
  }

  /** The first picture stands: have the other one. */
  async begin() {
    if (!this.counterpart) return;
    const { signal } = this.#abort;
    try {
      const other = await openRun({ session: this.counterpart.session, full_scale: {} }, signal, false);
      if (signal.aborted) return other.close();
      this.#other = other;
      const step = openingStep({ session: null, step: null, loop: null }, other.tokens.steps);
      const frame = await other.want(step, 0);
      if (!frame || signal.aborted) return;
      this.#show(frame, step);
      this.onCome();
    } catch (error) {
      if (!signal.aborted) this.words.textContent = /** @type {Error} */ (error).message;
    }
  }

  /** @param {import("../core/wire.mjs").Frame} frame of the other one
   *  @param {number} step */
  #show(frame, step) {
    const { tokens, numPrompt } = /** @type {import("../run/run.mjs").Run} */ (this.#other);
    const sentence = sentenceOf(frame, tokens, numPrompt, choosers(tokens.steps));
    const { sequence } = this.run.tokens;
    const at = sentence.words.findIndex(({ position }) => tokens.sequence[position] !== sequence[position]);
    const parts = sentence.words.slice(Math.max(0, at - BEFORE)).flatMap((word) => {
      const text = word.position === sentence.words[at]?.position ? el("b", { text: word.text }) : word.text;
      return word.hasSpace ? [" ", text] : [text];
    });
    const blank = el("span", { class: "simple-blank is-model", text: sentence.blank.text });
    this.words.replaceChildren(...(at > BEFORE ? ["…"] : []), ...parts, " ", blank);
    const found = logits(frame);
    if (!found?.ids.length) return;
    this.step = step;
    this.swap = `${this.counterpart?.says}, it says ${plainWord(tokens, found.ids[0])}: ${percentOf(found.probs[0])}`;
  }

  close() {
    this.#abort.abort();
    this.#other?.close();
  }
}
