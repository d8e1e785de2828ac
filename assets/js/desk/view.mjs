/**
 * What is selected, and the address that says so.
 *
 * Knows the selection's fields and the address bar's rules. Refuses to know sessions, frames and drawing:
 * whether a step or a hook point exists is for those who hold the session.
 */

import { urlFromView, viewFromUrl } from "../core/address.mjs";

/** @typedef {import("../core/address.mjs").View} View */

/** Browsers refuse more than about 100 history entries in 30 seconds. */
const THROTTLE_MS = 400;

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
  constructor({ view, history = globalThis.history, setTimer = (callback, ms) => setTimeout(callback, ms), clearTimer = (timer) => clearTimeout(timer) }) {
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
