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
    const draw = () => {
      for (const card of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-lesson]"))) drawCard(card, progress, words);
    };
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
  const says = finished ? filled(words.finished, finished) : seen.length ? filled(words.begun, { seen: Math.min(seen.length, all), all }) : words.not_begun;
  const go = finished ? words.again : seen.length ? words.go_on : words.begin;
  card.classList.toggle("is-finished", Boolean(finished));
  const title = card.querySelector("h2")?.textContent;
  card
    .querySelector(".learn-card-progress")
    ?.replaceChildren(
      el("progress", { value: Math.min(seen.length, all), max: all, "aria-label": title }),
      el("span", { class: "mri-muted", text: says }),
      el("a", { class: "mri-button", href: `/learn?lesson=${lesson}`, text: go, "aria-label": `${go}: ${title}` }),
    );
}
