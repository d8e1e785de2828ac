/**
 * The step in one plain sentence; a click on a number shows where it comes from.
 *
 * Knows how parts look. What is said, and by which rules, is core/sentence.mjs.
 */

import { sentence } from "../core/sentence.mjs";
import { whySentence } from "../core/why_words.mjs";
import { button, el, refill } from "../shell/dom.mjs";

const RULES = "Written by fixed rules from the numbers of this step; each number opens the panel it comes from. “Sure” begins at 50 %, “leans” at 20 %.";

export class Sentence {
  /** @type {object|null} frame or why that it tells of */
  #said = null;

  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {import("../core/sentence.mjs").Source} context.source
   *  @param {(fields: Record<string, any>) => void} context.onSelect */
  constructor(host, { source, onSelect }) {
    this.source = source;
    this.onSelect = onSelect;
    this.line = el("p", { class: "mri-sentence-line" });
    host.replaceChildren(this.line, el("span", { class: "mri-kind mri-kind-derived", text: "derived", tabindex: 0, title: RULES }));
  }

  /** @param {import("../core/sentence.mjs").Source["firstOdd"]} firstOdd where NaN or ±∞ began, known once the lines are */
  setFirstOdd(firstOdd) {
    if (firstOdd?.step !== this.source.firstOdd?.step) this.#said = null;
    this.source = { ...this.source, firstOdd };
  }

  /** @param {import("../core/wire.mjs").Frame} frame
   *  @param {boolean} isMoving the clock goes on by itself: a screen reader is not told every step
   *  @param {import("../core/why.mjs").Why|null} [why] told instead */
  draw(frame, isMoving, why = null) {
    const live = isMoving ? "off" : "polite";
    if (this.line.getAttribute("aria-live") !== live) this.line.setAttribute("aria-live", live);
    if ((why ?? frame) === this.#said) return;
    this.#said = why ?? frame;
    const said = why ? whySentence(why, /** @type {any} */ (this.source.tokens), this.source.layout.n_head) : sentence(frame, this.source);
    refill(this.line, ...said.map((part) => this.#node(part)));
  }

  /** @param {import("../core/sentence.mjs").Part} part
   *  @returns {Node|string} */
  #node(part) {
    if (typeof part === "string") return part;
    if (!("of" in part)) return el("b", { title: `token ${part.id}`, text: part.text });
    return button(() => this.onSelect(part.of), { class: null, title: `Show where this comes from: ${whereOf(part.of)}`, text: part.text });
  }
}

/** @param {Record<string, any>} of */
function whereOf({ tab, layer, head, point, neuron }) {
  const names = [point, neuron !== undefined && `neuron ${neuron}`, layer !== undefined && `block ${layer}, head ${head}`];
  return [tab, ...names.filter(Boolean)].join(", ");
}
