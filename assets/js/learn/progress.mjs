/**
 * What a person has done of the lessons, kept in the browser: page, pages seen, tasks done, answers given.
 *
 * Refuses to know pages.
 */

import { keep, recall } from "../desk/storage.mjs";

const KEY = "mri-learn";

/** @typedef {object} Done of one lesson
 *  @property {string} at id of the moment to go on at
 *  @property {string[]} seen ids of moments
 *  @property {string[]} done ids of moments whose task was done
 *  @property {Record<string, number[]>} answers moment -> answers given, in order
 *  @property {{right: number, questions: number}|null} finished */

/** @returns {Done} */
function none() {
  return { at: "", seen: [], done: [], answers: {}, finished: null };
}

export class Progress {
  /** @type {Record<string, Done>} */
  #lessons = {};

  constructor() {
    try {
      const kept = JSON.parse(recall(KEY) ?? "{}");
      for (const [lesson, done] of Object.entries(kept)) this.#lessons[lesson] = { ...none(), ...done };
    } catch {
      // another program's or a broken value: begin anew
    }
  }

  /** @param {string} lesson
   *  @returns {Readonly<Done>} */
  of(lesson) {
    return this.#lessons[lesson] ?? none();
  }

  /** @returns {string|undefined} the lesson that was looked at last and is not finished */
  latest() {
    return Object.keys(this.#lessons).findLast((lesson) => !this.#lessons[lesson].finished && this.#lessons[lesson].seen.length > 0);
  }

  /** @param {string} lesson
   *  @param {string} moment that is shown now */
  visit(lesson, moment) {
    const { seen } = this.of(lesson);
    this.#set(lesson, { at: moment, seen: seen.includes(moment) ? seen : [...seen, moment] });
  }

  /** @param {string} lesson
   *  @param {string} moment whose task was done */
  finishTask(lesson, moment) {
    const { done } = this.of(lesson);
    if (!done.includes(moment)) this.#set(lesson, { done: [...done, moment] });
  }

  /** @param {string} lesson
   *  @param {string} moment
   *  @param {number} answer */
  answer(lesson, moment, answer) {
    const { answers } = this.of(lesson);
    this.#set(lesson, { answers: { ...answers, [moment]: [...(answers[moment] ?? []), answer] } });
  }

  /** @param {string} lesson
   *  @param {{right: number, questions: number}} finished */
  finish(lesson, finished) {
    this.#set(lesson, { finished });
  }

  /** @param {string|null} lesson null: all of them */
  forget(lesson) {
    if (lesson === null) this.#lessons = {};
    else delete this.#lessons[lesson];
    this.#keep();
  }

  /** @param {string} lesson
   *  @param {Partial<Done>} fields */
  #set(lesson, fields) {
    const { [lesson]: _, ...others } = this.#lessons;
    this.#lessons = { ...others, [lesson]: { ...this.of(lesson), ...fields } }; // the last one is the latest
    this.#keep();
  }

  #keep() {
    keep(KEY, JSON.stringify(this.#lessons));
  }
}

/** Right answers of the check at the first try.
 *  @param {{id: string, check: boolean, ask: {answers: {right: boolean}[]}|null}[]} moments
 *  @param {Record<string, number[]>} answers */
export function score(moments, answers) {
  const asked = moments.filter((moment) => moment.check && moment.ask);
  const right = asked.filter(({ id, ask }) => ask?.answers[answers[id]?.[0]]?.right);
  return { right: right.length, questions: asked.length };
}
