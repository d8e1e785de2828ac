/**
 * Three call-outs beside the tower, counted upwards as the words go. They shrink to their numbers when somebody begins, and stay so.
 */

import { keep, recall } from "../desk/storage.mjs";
import { el } from "../shell/dom.mjs";

const SEEN = "mri-callouts-seen";
const COUNTS = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"];

/** @param {number} n
 *  @returns {string} */
function count(n) {
  return COUNTS[n] ?? String(n);
}

export class Callouts {
  /** @param {import("../core/layout.mjs").Layout} layout
   *  @param {() => void} onChange what lines lead to stands elsewhere now */
  constructor(layout, onChange) {
    this.onChange = onChange;
    const { n_layer: numLayers, n_head: numHeads, points } = layout;
    const looks = `${count(numHeads).toLowerCase()} look${numHeads === 1 ? "" : "s"} back`;
    const texts = [
      ["Words go in here,", `each as a list of ${points[0].width.toLocaleString("en")} numbers.`, "Field: the embedding, where the residual stream starts"],
      ["Each dot: a number.", "Bigger and warmer means larger.", "Field: an activation, measured"],
      [
        numLayers === 1 ? "One layer of work." : `${count(numLayers)} layers of work, 0 to ${numLayers - 1}.`,
        `Each takes ${looks} at the words, then adds what it has learnt.`,
        `Field: ${numLayers} blocks of attention (${numHeads} heads) and an MLP`,
      ],
    ];
    this.parts = texts.map(([head, text, title], i) => {
      const number = el("button", {
        type: "button",
        class: "simple-number",
        text: String(i + 1),
        "aria-label": `${i + 1}: ${head}`,
        on: { click: () => this.#toggle(i) },
      });
      return el("div", { class: "simple-callout", title }, number, el("p", {}, el("b", { text: head }), ` ${text}`));
    });
    this.host = el("div", { class: "simple-callouts" }, ...this.parts.toReversed());
    this.#fold(recall(SEEN) !== null);
  }

  /** @param {boolean} isFolded */
  #fold(isFolded) {
    for (const part of this.parts) part.classList.toggle("is-folded", isFolded);
    this.#say();
  }

  /** @param {number} i */
  #toggle(i) {
    this.parts[i].classList.toggle("is-folded");
    this.#say();
  }

  #say() {
    for (const part of this.parts) part.firstElementChild?.setAttribute("aria-expanded", String(!part.classList.contains("is-folded")));
    this.onChange();
  }

  /** Somebody begins. */
  seen() {
    if (recall(SEEN) !== null && this.parts.every((part) => part.classList.contains("is-folded"))) return;
    keep(SEEN, new Date().toISOString());
    this.#fold(true);
  }

  /** Somebody asks for them. */
  show() {
    this.#fold(false);
  }
}
