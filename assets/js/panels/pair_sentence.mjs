/**
 * The sentences of a pair's moment over its words; a block or a head in them is selected by a click.
 *
 * Knows how parts look. What is said, and by which rules, is core/pair_sentence.mjs.
 */

import { pairSentence } from "../core/pair_sentence.mjs";
import { button, el, refill } from "../shell/dom.mjs";

const RULES =
  "Written by fixed rules from the numbers of this page. Plates are alike below a relative difference of 0.6; an answer is the likeliest next word.";

export class PairSentence {
  #said = "";

  /** @param {HTMLElement} host
   *  @param {(fields: Record<string, any>) => void} onSelect */
  constructor(host, onSelect) {
    this.onSelect = onSelect;
    this.line = el("p", { class: "mri-sentence-line" });
    host.replaceChildren(this.line, el("span", { class: "mri-kind mri-kind-derived", text: "derived", tabindex: 0, title: RULES }));
  }

  /** @param {import("../core/pair_sentence.mjs").Moment} at
   *  @param {boolean} isMoving the clock goes on by itself: a screen reader is not told every moment */
  draw(at, isMoving) {
    const live = isMoving ? "off" : "polite";
    if (this.line.getAttribute("aria-live") !== live) this.line.setAttribute("aria-live", live);
    const { alignment, moment, sides, between, look } = at;
    const name = JSON.stringify([alignment.strategy, moment, sides.map(({ frame }) => frame !== null), between, look]);
    if (name === this.#said) return;
    this.#said = name;
    refill(this.line, ...pairSentence(at).map((part) => this.#node(part)));
  }

  /** @param {import("../core/pair_sentence.mjs").Part} part
   *  @returns {Node|string} */
  #node(part) {
    if (typeof part === "string") return part;
    if ("side" in part) return el("b", { class: `is-${part.side}`, text: part.text });
    return button(() => this.onSelect(part.of), { class: null, text: part.text });
  }
}
