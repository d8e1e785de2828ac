/**
 * A number opens, below the paragraph it stands in: the formula with the numbers that went in, each of which opens in turn,
 * down to what was measured.
 *
 * Knows the lesson's table of numbers (mri/lessons/numbers.py). Refuses to know what they mean.
 */

import { keys } from "../desk/keys.mjs";
import { button, el } from "../shell/dom.mjs";

/** @typedef {{value: number|string|null, text: string, formula: string, inputs: Record<string, {at?: number, text?: string}>, unit: string, source: string, link: string}} LessonNumber */
/** @typedef {{name: string, at?: number, text?: string}} Input */

const PLACES = ".learn-prose > *, .learn-stay, .learn-question"; // what stays whole: the formula stands below it

export class Formula {
  /** @type {any} */
  #card = null;
  /** @type {HTMLElement|null} */
  #anchor = null;
  /** @type {any} */
  #lines = null;
  #uncover = () => {};

  /** @param {LessonNumber[]} numbers
   *  @param {any} words */
  constructor(numbers, words) {
    this.numbers = numbers;
    this.words = words.number;
  }

  close() {
    this.hide(false);
  }

  /** @param {number} at row of the number
   *  @param {HTMLElement} anchor what was pressed; pressed again, it closes */
  toggle(at, anchor) {
    const isSame = anchor === this.#anchor;
    this.hide(isSame);
    if (isSame) return;
    this.#anchor = anchor;
    anchor.setAttribute("aria-expanded", "true");
    const close = button(() => this.hide(), { class: "mri-icon learn-formula-close", "aria-label": this.words.close, text: "×" });
    this.#lines = el("ol", { class: "learn-formula-lines" });
    const place = { class: "learn-formula", role: "group", "aria-label": this.words.title, tabindex: "-1" };
    this.#card = el("section", place, close, el("h2", { text: this.words.title }), this.#lines);
    (anchor.closest(PLACES) ?? anchor).after(this.#card);
    this.#uncover = keys.cover(() => this.hide());
    this.#append(at);
    this.#card.focus({ preventScroll: true });
  }

  /** @param {boolean} [giveBack] the focus, to what was pressed */
  hide(giveBack = true) {
    if (giveBack && this.#card?.contains(document.activeElement)) this.#anchor?.focus();
    this.#anchor?.setAttribute("aria-expanded", "false");
    this.#card?.remove();
    this.#uncover();
    this.#card = this.#anchor = null;
  }

  /** One line more: this number = its formula.
   *  @param {number} at */
  #append(at) {
    const known = this.#lines.querySelector(`[data-at="${at}"]`);
    const line = known ?? this.#line(at);
    if (!known) this.#lines.append(line);
    line.scrollIntoView({ block: "nearest" });
    line.querySelector("button, a")?.focus({ preventScroll: true });
  }

  /** @param {number} at
   *  @returns {HTMLElement} */
  #line(at) {
    const number = this.numbers[at];
    const value = el("b", { text: `${number.text}${number.unit ? ` ${number.unit}` : ""}` });
    if (!number.formula) {
      const link = number.link ? [" ", el("a", { href: number.link, target: "_blank", rel: "noopener", text: this.words.show })] : [];
      return el("li", { "data-at": at }, value, el("span", { class: "learn-source" }, ` ${this.#source(number)}`), ...link);
    }
    const parts = actualParts(number).map((part) => (typeof part === "string" ? part : this.#input(part)));
    const symbolic = el("div", { class: "learn-symbolic", text: number.formula.replace(/\{(\w+)\}/g, "$1") });
    return el("li", { "data-at": at }, el("div", { class: "learn-actual" }, value, " = ", ...parts), symbolic);
  }

  /** Where a number is from that no formula made.
   *  @param {LessonNumber} number */
  #source({ source }) {
    if (!source) return this.words.made;
    if (source === "weight") return this.words.weight;
    return source.startsWith("weight ") ? source : `${this.words.measured} ${source}`;
  }

  /** @param {Input} part what went in: it opens in turn, or is as it was written */
  #input({ name, at, text }) {
    if (at === undefined) return el("span", { class: "learn-input", title: name, text });
    const known = this.numbers[at].text;
    return button(() => this.#append(at), { class: "learn-number", title: name, "aria-label": `${name}: ${known}`, text: known });
  }
}

/** The formula in pieces: text, and inputs in their places.
 *  @param {LessonNumber} number
 *  @returns {(string|Input)[]} */
export function actualParts({ formula, inputs, text }) {
  return formula
    .split(/(\{\w+\})/)
    .filter(Boolean)
    .map((piece) => {
      const name = /^\{(\w+)\}$/.exec(piece)?.[1];
      if (!name) return piece;
      return name === "value" && !inputs.value ? text : { name, ...inputs[name] };
    });
}

/** As one line of text, for print.
 *  @param {LessonNumber} number
 *  @param {LessonNumber[]} numbers */
export function formulaText(number, numbers) {
  if (!number.formula) return `${number.text}: ${number.source}`;
  const parts = actualParts(number).map((part) => (typeof part === "string" ? part : part.at === undefined ? part.text : numbers[part.at].text));
  return `${number.text} = ${parts.join("")}`;
}
