/**
 * What is kept: each preset with what it keeps, what it will not show, and what all of it weighs at most.
 *
 * Which of them is suggested changes with model and prompt until somebody chose one.
 */

import { sizeWords, suggested } from "../core/record_words.mjs";
import { el, refill } from "../shell/dom.mjs";

export class Presets {
  /** @type {Wire.PresetOffer[]} */
  #offers = [];

  /** @param {string} chosen by somebody before; "": nobody has
   *  @param {boolean} isPair
   *  @param {() => void} onChoose */
  constructor(chosen, isPair, onChoose) {
    this.chosen = chosen;
    this.isPair = isPair;
    this.onChoose = onChoose;
    this.host = el("div", { class: "record-presets", role: "radiogroup", "aria-label": "Keep" });
  }

  /** The name that is asked for. */
  get name() {
    const can = this.#offers.find(({ name, problem }) => name === this.chosen && !problem);
    return can?.name ?? suggested(this.#offers, this.isPair);
  }

  /** @returns {number} of the one that is asked for; 0: not known yet */
  get steps() {
    return this.#offers.find(({ name }) => name === this.name)?.steps ?? 0;
  }

  /** @param {Wire.PresetOffer[]} offers */
  show(offers) {
    this.#offers = offers;
    refill(this.host, ...offers.map((offer) => this.#row(offer)));
  }

  /** @param {Wire.PresetOffer} offer */
  #row({ name, title, keeps, lacks, bytes, steps, problem }) {
    const isSuggested = name === suggested(this.#offers, this.isPair);
    const choose = () => {
      this.chosen = name;
      this.onChoose();
    };
    const radio = el("input", {
      type: "radio",
      class: "form-check-input",
      name: "record-preset",
      value: name,
      disabled: Boolean(problem),
      on: { change: choose },
    });
    radio.checked = name === this.name;
    radio.setAttribute("aria-label", title);
    radio.setAttribute("aria-describedby", `record-keeps-${name}`);
    const what = problem
      ? [el("span", { text: problem })]
      : [el("span", { text: keeps }), lacks.length ? lacking(lacks) : el("span", { class: "record-lacks", text: "nothing is left out" })];
    const size = `The file of ${steps.toLocaleString("en")} steps, at most: often it is smaller`;
    return el(
      "label",
      { class: "record-preset" },
      radio,
      el("span", { class: "record-name", title: `preset ${name}` }, el("b", { text: title }), isSuggested ? el("i", { text: "suggested" }) : ""),
      el("span", { class: "record-keeps", id: `record-keeps-${name}` }, ...what),
      el("span", { class: "record-size", title: size, text: problem ? "" : sizeWords(bytes) }),
    );
  }
}

/** @param {[string, string][]} lacks in the page's words and the field's
 *  @returns {HTMLElement} */
function lacking(lacks) {
  const each = lacks.flatMap(([words, field], i) => [i ? ", " : " ", el("span", { title: field, text: words })]);
  return el("span", { class: "record-lacks" }, el("em", { text: "will not show" }), ...each);
}
