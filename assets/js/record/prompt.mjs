/**
 * A prompt that is checked while it is typed: how many tokens, and the words that the model reads in pieces, underlined.
 *
 * Knows POST /record/check. What was typed stays, whatever the server says of it.
 */

import { promptWords } from "../core/record_words.mjs";
import { untilAnswered } from "../run/again.mjs";
import { checkPrompt } from "../run/http.mjs";
import { el } from "../shell/dom.mjs";

const CHECK_AFTER_MS = 180;
export const MOST_LETTERS = 20_000; // mri/worker/request.py

export class Prompt {
  #checking = new AbortController();
  /** @type {any} */
  #timer = null;

  /** @param {string} id
   *  @param {string} name
   *  @param {string} text
   *  @param {() => Record<string, any>} settings that a check needs beside the prompt
   *  @param {(plan: Wire.RecordPlan) => void} onPlan */
  constructor(id, name, text, settings, onPlan) {
    this.settings = settings;
    this.onPlan = onPlan;
    /** @type {Wire.RecordPlan|null} of what stands there now, or a little before */
    this.plan = null;
    this.marks = el("div", { class: "record-marks", "aria-hidden": "true" });
    this.field = el("textarea", {
      id,
      class: "form-control",
      rows: 2,
      maxlength: MOST_LETTERS,
      enterkeyhint: "go",
      "aria-describedby": `${id}-says`,
      on: { input: () => this.#typed(), scroll: () => this.#follow() },
    });
    this.field.value = text;
    this.says = el("p", { id: `${id}-says`, class: "record-says", role: "status" });
    this.label = el("label", { for: id, text: name, title: "What the model reads first (prompt)" });
    this.host = el("div", { class: "record-prompt" }, el("div", { class: "record-field" }, this.field, this.marks), this.says);
  }

  get text() {
    return this.field.value;
  }

  /** Mode, model or length are others: it is looked at again. */
  check() {
    clearTimeout(this.#timer);
    this.#look();
  }

  close() {
    clearTimeout(this.#timer);
    this.#checking.abort();
  }

  #typed() {
    this.marks.replaceChildren();
    clearTimeout(this.#timer);
    this.#checking.abort();
    this.#timer = setTimeout(() => this.#look(), CHECK_AFTER_MS);
  }

  async #look() {
    this.#checking.abort();
    const { signal } = (this.#checking = new AbortController());
    const prompt = this.text;
    try {
      const ask = () => checkPrompt({ prompt, ...this.settings() }, signal);
      const plan = await untilAnswered(ask, signal, ({ message }) => this.#tell([{ text: message }], true));
      if (prompt === this.text) this.#show(plan);
    } catch (error) {
      if (!signal.aborted) this.#tell([{ text: /** @type {Error} */ (error).message }], true);
    }
  }

  /** @param {Wire.RecordPlan} plan */
  #show(plan) {
    this.plan = plan;
    if (plan.problem) this.#tell([{ text: plan.problem }], true);
    else this.#tell(plan.tokens ? promptWords(plan) : [{ text: "Write a few words to start from." }]);
    this.#mark(plan.unknown);
    this.onPlan(plan);
  }

  /** @param {Wire.UnknownWord[]} unknown */
  #mark(unknown) {
    const parts = [];
    let from = 0;
    for (const { at, length } of unknown) {
      parts.push(this.text.slice(from, at), el("u", { text: this.text.slice(at, at + length) }));
      from = at + length;
    }
    this.marks.replaceChildren(...parts, `${this.text.slice(from)}\u200b`); // a last empty line counts, too
    this.#follow();
  }

  /** What is underlined stays under its words. */
  #follow() {
    this.marks.scrollTop = this.field.scrollTop;
  }

  /** @param {import("../core/record_words.mjs").Said[]} parts
   *  @param {boolean} [isError] */
  #tell(parts, isError = false) {
    const words = parts.map(({ strong, text }) => strong ?? text).join("");
    if (this.says.textContent === words && this.says.classList.contains("is-error") === isError) return;
    this.says.classList.toggle("is-error", isError);
    this.says.replaceChildren(
      ...parts.map(({ strong, text }) => (strong ? el("b", { text: strong, translate: "no", lang: "und" }) : /** @type {string} */ (text))),
    );
  }
}
