/**
 * The course page: how far each lesson is, from what the browser keeps; and to forget it.
 */

import { el } from "../shell/dom.mjs";
import { showToast } from "../shell/shell.mjs";
import { Progress } from "./progress.mjs";
import { filled } from "./text.mjs";

export class Course {
  #abort = new AbortController();

  /** @param {any} words of the course */
  constructor(words) {
    const progress = new Progress();
    /** @type {NodeListOf<HTMLElement>} */
    const cards = document.querySelectorAll("[data-lesson]");
    const draw = () => cards.forEach((card) => drawCard(card, progress, words));
    const reset = () => {
      progress.forget(null);
      draw();
      showToast(words.reset_done);
    };
    draw();
    document.getElementById("learn-reset")?.addEventListener("click", reset, { signal: this.#abort.signal });
  }

  close() {
    this.#abort.abort();
  }
}

/** @param {HTMLElement} card
 *  @param {Progress} progress
 *  @param {any} words */
function drawCard(card, progress, words) {
  const { lesson, moments } = /** @type {{lesson: string, moments: string}} */ (card.dataset);
  const { seen, finished } = progress.of(lesson);
  const all = Number(moments);
  const value = Math.min(seen.length, all);
  const says = finished ? filled(words.finished, finished) : value ? filled(words.begun, { seen: value, all }) : words.not_begun;
  const go = finished ? words.again : value ? words.go_on : words.begin;
  card.classList.toggle("is-finished", Boolean(finished));
  const title = card.querySelector("h2")?.textContent;
  const bar = el("progress", { value, max: all, "aria-label": title });
  const link = el("a", { class: "mri-button", href: `/learn?lesson=${lesson}`, text: go, "aria-label": `${go}: ${title}` });
  card.querySelector(".learn-card-progress")?.replaceChildren(bar, el("span", { class: "mri-muted", text: says }), link);
}
