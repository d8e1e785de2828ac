/**
 * What is selected, and the address that says so.
 *
 * Knows the selection's fields and the address bar's rules. Refuses to know sessions, frames and drawing:
 * whether a step or a hook point exists is for those who hold the session.
 */

import { GROUPS_PATTERN } from "../core/groups.mjs";

/** @typedef {object} View null: nothing chosen, the page takes its default
 *  @property {string|null} lesson
 *  @property {number|null} moment of the lesson, from 1
 *  @property {string|null} session
 *  @property {number|null} step
 *  @property {string|null} point hook point key
 *  @property {number|null} layer
 *  @property {number|null} head
 *  @property {number|null} neuron
 *  @property {string|null} tab
 *  @property {"tower"|"flat"|null} picture of the stage
 *  @property {"attention"|"gradient"|null} influence measure over the token ribbon
 *  @property {string|null} loop "first-last", the steps that playing stays in
 *  @property {string|null} groups of neurons that colour the stage, see core/groups.mjs
 *  @property {readonly string[]|null} watched neurons to keep an eye on, "<hook point>:<neuron>", see core/watched.mjs
 *  @property {string|null} a of the Compare page: one session
 *  @property {string|null} b the other one
 *  @property {"prefix"|"mapping"|"pooled"|null} align how their tokens stand for each other
 *  @property {"difference"|"cosine"|"length"|null} by what its map shows */

/** What a value in the address must look like; anything else is taken as not there. */
const NUMBER = /^\d{1,9}$/;
const PATTERNS = {
  lesson: /^[a-z0-9-]{1,64}$/,
  moment: NUMBER,
  session: /^[A-Za-z0-9_-]{1,64}$/,
  step: NUMBER,
  point: /^[\w.-]{1,200}$/,
  layer: NUMBER,
  head: NUMBER,
  neuron: NUMBER,
  tab: /^[\w-]{1,40}$/,
  loop: /^\d{1,9}-\d{1,9}$/,
  picture: /^(tower|flat)$/,
  influence: /^(attention|gradient)$/,
  groups: GROUPS_PATTERN,
  watched: /^[\w.-]{1,200}:\d{1,9}(,[\w.-]{1,200}:\d{1,9}){0,5}$/,
  a: /^[A-Za-z0-9_-]{1,64}$/,
  b: /^[A-Za-z0-9_-]{1,64}$/,
  align: /^(prefix|mapping|pooled)$/,
  by: /^(difference|cosine|length)$/,
};

/** Nothing chosen yet.
 *  @type {Readonly<View>} */
export const EMPTY_VIEW = Object.freeze(
  /** @type {View} */ (Object.fromEntries(Object.keys(PATTERNS).map((name) => [name, null]))),
);

/** Browsers refuse more than about 100 history entries in 30 seconds. */
const THROTTLE_MS = 400;

/** @param {string} search like "?session=demo&step=12"
 *  @returns {View} */
export function viewFromUrl(search) {
  const params = new URLSearchParams(search);
  const view = { ...EMPTY_VIEW };
  for (const [name, pattern] of Object.entries(PATTERNS)) {
    const text = params.get(name);
    if (text === null || !pattern.test(text)) continue;
    /** @type {any} */ (view)[name] = pattern === NUMBER ? Number(text) : name === "watched" ? [...new Set(text.split(","))] : text;
  }
  return view;
}

/** @param {View} view
 *  @returns {string} like "?session=demo&step=12", "" where nothing is chosen; inverse of viewFromUrl */
export function urlFromView(view) {
  const texts = Object.keys(PATTERNS).map((name) => [name, String(/** @type {any} */ (view)[name] ?? "")]);
  const params = new URLSearchParams(texts.filter(([, text]) => text !== ""));
  return params.size ? `?${params}`.replaceAll("%3A", ":").replaceAll("%2C", ",") : ""; // both may stand in a query as they are
}

/** The selection everybody shares. `select` changes it, subscribers hear of it, the address follows. */
export class ViewState {
  /** @type {Set<(view: Readonly<View>, before: Readonly<View>) => void>} */
  #subscribers = new Set();
  #history;
  #setTimer;
  #clearTimer;
  /** @type {unknown} */
  #timer = null;

  /** @param {object} options
   *  @param {View} options.view
   *  @param {Pick<History, "pushState"|"replaceState">} [options.history]
   *  @param {(callback: () => void, ms: number) => unknown} [options.setTimer]
   *  @param {(timer: any) => void} [options.clearTimer] */
  constructor({
    view,
    history = globalThis.history,
    setTimer = (callback, ms) => setTimeout(callback, ms),
    clearTimer = (timer) => clearTimeout(timer),
  }) {
    this.view = Object.freeze({ ...view });
    this.#history = history;
    this.#setTimer = setTimer;
    this.#clearTimer = clearTimer;
  }

  /** A new session, tab or watched neuron makes a new history entry at once; anything else rewrites the present one, a
   *  few times a second.
   *  @param {Partial<View>} fields */
  select(fields) {
    const before = this.view;
    if (!this.#assign(fields)) return;
    const isNewEntry = before.session !== null && before.session !== this.view.session;
    const isNewTab = before.tab !== null && before.tab !== this.view.tab;
    const isNewWatch = before.watched !== null && !isSame(before.watched, this.view.watched);
    if (isNewEntry || isNewTab || isNewWatch) this.#push(before);
    else this.#timer ??= this.#setTimer(() => this.flush(), THROTTLE_MS);
  }

  /** Back or forward was pressed: take the selection from the address and write nothing.
   *  @param {string} search */
  restore(search) {
    this.#forgetTimer();
    this.#assign(viewFromUrl(search));
  }

  /** Write the address now. */
  flush() {
    this.#forgetTimer();
    this.#history.replaceState(null, "", urlFromView(this.view) || "?");
  }

  /** The view is gone: forget everybody, and write nothing more over another page's address. */
  close() {
    this.#forgetTimer();
    this.#subscribers.clear();
  }

  /** @param {(view: Readonly<View>, before: Readonly<View>) => void} callback
   *  @returns {() => void} unsubscribe */
  subscribe(callback) {
    this.#subscribers.add(callback);
    return () => this.#subscribers.delete(callback);
  }

  /** @param {Readonly<View>} before what the entry left behind must say when Back returns to it */
  #push(before) {
    if (this.#timer !== null) this.#history.replaceState(null, "", urlFromView(before));
    this.#forgetTimer();
    this.#history.pushState(null, "", urlFromView(this.view) || "?");
  }

  #forgetTimer() {
    if (this.#timer !== null) this.#clearTimer(this.#timer);
    this.#timer = null;
  }

  /** @param {Partial<View>} fields
   *  @returns {boolean} whether anything changed */
  #assign(fields) {
    const before = this.view;
    const after = Object.freeze({ ...before, ...fields });
    const hasChanged = Object.keys(fields).some((name) => !isSame(/** @type {any} */ (before)[name], /** @type {any} */ (after)[name]));
    if (!hasChanged) return false;
    this.view = after;
    for (const callback of [...this.#subscribers]) callback(after, before);
    return true;
  }
}

/** @param {any} one
 *  @param {any} other
 *  @returns {boolean} equal, or lists of the same names */
function isSame(one, other) {
  return one === other || (Array.isArray(one) && Array.isArray(other) && one.join() === other.join());
}
