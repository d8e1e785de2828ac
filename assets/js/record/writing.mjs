/**
 * How it writes: length, temperature, top-k, seed, each with what it does as it stands.
 */

import { samplingWords } from "../core/record_words.mjs";
import { button, el, say } from "../shell/dom.mjs";

export const USUAL = Object.freeze({ max_new_tokens: 64, temperature: 0.6, top_k: /** @type {number|null} */ (50), seed: 42 });

/** @typedef {{max_new_tokens: number, temperature: number, top_k: number|null, seed: number}} Sampling as in the body of POST /record */

const MOST_SEED = 1e6;

export class Writing {
  /** @param {Sampling} sampling
   *  @param {() => void} onLength another length: sizes are others */
  constructor(sampling, onLength) {
    this.most = number("most", "Words at most", "max_new_tokens", { min: 1, max: 1_000_000, step: 1, required: true }, sampling.max_new_tokens);
    this.temperature = number("temperature", "Temperature", "temperature", { min: 0, max: 100, step: "any", required: true }, sampling.temperature);
    this.topK = number("top-k", "Top-k", "top_k", { min: 1, max: 10_000_000, step: 1 }, sampling.top_k);
    this.seed = number("seed", "Seed", "seed", { min: 0, max: Number.MAX_SAFE_INTEGER, step: 1, required: true }, sampling.seed);
    const dice = button(() => this.#throwDice(), { class: "record-new", text: "new", "aria-label": "New seed" });
    this.seed.input.after(dice);
    this.host = el("div", { class: "record-writing", role: "group", "aria-label": "Writing" }, ...this.#all.map(({ host }) => host));
    this.host.addEventListener("input", (/** @type {Event} */ event) => {
      this.#say();
      if (event.target !== this.most.input || !this.most.input.validity.valid) return;
      this.length = this.sampling.max_new_tokens;
      onLength();
    });
    /** The last one that can be: what is being typed may not. */
    this.length = sampling.max_new_tokens;
    this.#say();
  }

  get #all() {
    return [this.most, this.temperature, this.topK, this.seed];
  }

  /** @returns {Sampling} */
  get sampling() {
    const [most, temperature, topK, seed] = this.#all.map(({ input }) => (input.value === "" ? null : Number(input.value)));
    return { max_new_tokens: most ?? USUAL.max_new_tokens, temperature: temperature ?? USUAL.temperature, top_k: topK, seed: seed ?? USUAL.seed };
  }

  #throwDice() {
    this.seed.input.value = String(Math.floor(Math.random() * MOST_SEED));
    this.#say();
  }

  #say() {
    const { temperature, top_k: topK } = this.sampling;
    const words = samplingWords({ temperature, topK });
    for (const [name, field] of Object.entries({ most: this.most, temperature: this.temperature, topK: this.topK, seed: this.seed })) {
      say(field.says, words[/** @type {keyof typeof words} */ (name)]);
    }
  }
}

/** @param {string} name
 *  @param {string} label
 *  @param {string} field in the field's words
 *  @param {Record<string, any>} limits
 *  @param {number|null} value */
function number(name, label, field, limits, value) {
  const id = `record-${name}`;
  const input = el("input", { type: "number", id, class: "form-control", "aria-describedby": `${id}-says`, inputmode: "decimal", ...limits });
  input.value = value === null ? "" : String(value);
  const says = el("small", { id: `${id}-says` });
  const host = el(
    "div",
    { class: "record-number" },
    el("label", { for: id, text: label, title: field }),
    el("span", { class: "record-number-field" }, input),
    says,
  );
  return { host, input: /** @type {HTMLInputElement} */ (input), says };
}
