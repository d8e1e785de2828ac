/**
 * How likely the model finds each next word: bars that add up, and under them what one other word would have changed.
 */

import { el, refill, say } from "../shell/dom.mjs";

const FIELD = "Field: probability of the next token, softmax of the logits at temperature 1, measured";

/** @param {number} share of 1
 *  @returns {HTMLElement} */
export function shareBar(share) {
  return el("i", { class: "simple-bar-of", style: `--share:${share}` });
}

export class Shares {
  #drawn = "";

  constructor() {
    this.rows = el("div", { class: "simple-shares", role: "list" });
    this.swap = el("p", { class: "simple-swap", hidden: true });
    this.host = el(
      "section",
      { class: "simple-card simple-next-word", "aria-labelledby": "simple-shares-title" },
      el("h2", { id: "simple-shares-title", text: "Which word comes next?" }),
      el("p", { class: "simple-sub", title: FIELD, text: "How likely the model finds each word" }),
      this.rows,
      this.swap,
    );
  }

  /** @param {ReturnType<typeof import("./numbers.mjs").sharesOf>} found
   *  @param {(id: number) => string} wordOf */
  draw(found, wordOf) {
    const name = JSON.stringify(found);
    if (name === this.#drawn) return;
    this.#drawn = name;
    if (!found) return refill(this.rows, el("p", { class: "simple-sub", text: "This step has no numbers for the next word." }));
    const rows = found.rows.map(({ id, share, percent, odds, isChosen }) => {
      const word = id < 0 ? `all ${found.numOthers.toLocaleString("en")} others together` : wordOf(id);
      const attributes = { role: "listitem", class: `simple-share${isChosen ? " is-chosen" : ""}${id < 0 ? " is-rest" : ""}`, title: odds };
      return el(
        "div",
        attributes,
        el("b", id < 0 ? { text: word } : { text: word, translate: "no", lang: "und" }),
        shareBar(share),
        el("em", { text: percent }),
      );
    });
    refill(this.rows, ...rows);
  }

  /** @param {string} says "" at any other word */
  setSwap(says) {
    this.swap.hidden = !says;
    say(this.swap, says);
  }
}
