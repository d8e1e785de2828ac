/**
 * The course page: where to begin or go on, how far each lesson is, from what the browser keeps; and to forget it.
 */

import { el } from "../shell/dom.mjs";
import { showToast } from "../shell/shell.mjs";
import { Progress } from "./progress.mjs";
import { filled } from "./text.mjs";

/** @typedef {{id: string, title: string, minutes: number, card: HTMLElement, all: number, at: number, seen: number, finished: any}} Lesson at: page to go on at */

export class Course {
  #abort = new AbortController();

  /** @param {any} words of the course */
  constructor(words) {
    this.words = words;
    this.progress = new Progress();
    /** @type {NodeListOf<HTMLElement>} */
    this.cards = document.querySelectorAll("[data-lesson]");
    this.unbegun = [...this.cards].map((card) => card.querySelector(".learn-card-progress")?.textContent ?? "");
    const reset = () => {
      this.progress.forget(null);
      this.#draw();
      showToast(words.reset_done);
    };
    this.#draw();
    document.getElementById("learn-reset")?.addEventListener("click", reset, { signal: this.#abort.signal });
  }

  /** @returns {Lesson[]} */
  #lessons() {
    return [...this.cards].map((card) => {
      const { lesson: id = "", moments, minutes } = card.dataset;
      const { seen, finished } = this.progress.of(id);
      const all = Number(moments);
      const title = card.querySelector("h3 a")?.textContent ?? "";
      return { id, title, minutes: Number(minutes), card, all, at: Math.min(Math.max(1, seen.length), all), seen: Math.min(seen.length, all), finished };
    });
  }

  #draw() {
    const lessons = this.#lessons();
    const latest = this.progress.latest();
    const current = lessons.find(({ id }) => id === latest) ?? lessons.find(({ finished }) => !finished) ?? null;
    lessons.forEach((lesson, i) => this.#drawCard(lesson, i, lesson === current));
    document.getElementById("course-go")?.replaceChildren(...this.#goOn(current, lessons[0]));
    const done = lessons.filter(({ finished }) => finished).length;
    document.querySelector(".course-count")?.replaceChildren(filled(this.words.count, { done, all: lessons.length }));
  }

  /** @param {Lesson} lesson
   *  @param {number} i
   *  @param {boolean} isCurrent */
  #drawCard({ card, title, seen, at, all, finished }, i, isCurrent) {
    card.classList.toggle("is-finished", Boolean(finished));
    card.classList.toggle("is-current", isCurrent);
    const begun = () => [filled(this.words.begun, { page: at, all }), el("progress", { value: at, max: all, "aria-label": title })];
    const says = finished ? [filled(this.words.finished, finished)] : seen ? begun() : [this.unbegun[i]];
    card.querySelector(".learn-card-progress")?.replaceChildren(...says);
  }

  /** @param {Lesson|null} lesson null: all are finished
   *  @param {Lesson} first
   *  @returns {Node[]} */
  #goOn(lesson, first) {
    const { words } = this;
    const go = (/** @type {Lesson} */ { id, title }, /** @type {string} */ text) =>
      el("a", { class: "mri-button btn-primary", href: `/learn?lesson=${id}`, text: `▶ ${text}`, "aria-label": `${text}: ${title}` });
    const says = (/** @type {string} */ head, /** @type {(Node|string)[]} */ ...more) => el("div", {}, el("h2", { text: head }), el("p", {}, ...more));
    if (!lesson) return [says(words.all_done), go(first, words.again_button)];
    const { title, seen, at, all, minutes } = lesson;
    if (!seen) return [says(filled(words.start, { title }), filled(words.minutes, { minutes })), go(lesson, words.begin_button)];
    const left = filled(words.left, { page: at, all, minutes: Math.max(1, Math.round((minutes * (all - at + 1)) / all)) });
    const begin = el("a", { href: `/learn?lesson=${first.id}`, text: words.first });
    return [says(filled(words.go_on, { title }), left, ...(lesson === first ? [] : [` · ${words.new_here} `, begin])), go(lesson, words.go_on_button)];
  }

  close() {
    this.#abort.abort();
  }
}
