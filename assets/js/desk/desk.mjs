/**
 * The desk: all that a person has set, in one store; the address is a view of it.
 *
 * Knows the fields of a view, what changed in them, and the address bar's rules. Refuses to know sessions, frames and drawing:
 * whether a step or a hook point exists is for those who hold the session.
 */

import { urlFromView } from "../core/address.mjs";
import { pushEntry, replaceEntry } from "./history.mjs";

/** @typedef {import("../core/address.mjs").View} View */
/** @typedef {(view: Readonly<View>, before: Readonly<View>, changed: ReadonlySet<string>) => void} Heard */

const THROTTLE_MS = 400;

/** Another one of these is a new entry of the history; the first that a page fills in is not. */
const PLACES = /** @type {const} */ (["session", "tab", "watched"]);
/** Turned on or off, each of these is a new entry. */
const SWITCHES = /** @type {const} */ (["picture", "difference", "sign", "single", "flow", "numbers", "stat", "overlay"]);

/** The selection everybody shares. `select` changes it, subscribers hear of it, the address follows. */
export class Desk {
  /** @type {Set<Heard>} */
  #subscribers = new Set();
  /** @type {any} */
  #timer = null;

  /** @param {object} options
   *  @param {View} options.view
   *  @param {() => boolean} options.isHere whether the address bar is still this view's to write */
  constructor({ view, isHere }) {
    this.view = Object.freeze({ ...view });
    this.isHere = isHere;
  }

  /** Another place, or a switch, makes a new history entry at once; anything else rewrites the present one, a few times a second.
   *  @param {Partial<View>} fields */
  select(fields) {
    const before = this.view;
    const changed = this.#assign(fields);
    if (!changed.size) return;
    const isElsewhere = PLACES.some((name) => changed.has(name) && before[name] !== null);
    if (isElsewhere || SWITCHES.some((name) => changed.has(name))) this.#enter(before);
    else this.#timer ??= setTimeout(() => this.flush(), THROTTLE_MS);
  }

  /** Back or forward was pressed: write nothing.
   *  @param {View} view that the address says */
  restore(view) {
    this.#forgetTimer();
    this.#assign(view);
  }

  /** Write the address now. */
  flush() {
    this.#forgetTimer();
    if (this.isHere()) replaceEntry(urlFromView(this.view) || "?");
  }

  /** The view is gone: forget everybody, and write nothing more over another page's address. */
  close() {
    this.#forgetTimer();
    this.#subscribers.clear();
  }

  /** @param {Heard} callback
   *  @returns {() => void} unsubscribe */
  subscribe(callback) {
    this.#subscribers.add(callback);
    return () => this.#subscribers.delete(callback);
  }

  /** @param {Readonly<View>} before what the entry left behind must say when Back returns to it */
  #enter(before) {
    const isOwed = this.#timer !== null;
    this.#forgetTimer();
    if (!this.isHere()) return;
    if (isOwed) replaceEntry(urlFromView(before));
    pushEntry(urlFromView(this.view) || "?");
  }

  #forgetTimer() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** @param {Partial<View>} fields
   *  @returns {ReadonlySet<keyof View>} those that are another now */
  #assign(fields) {
    const before = this.view;
    const names = /** @type {(keyof View)[]} */ (Object.keys(fields));
    const changed = new Set(names.filter((name) => !isSame(before[name], fields[name])));
    if (!changed.size) return changed;
    this.view = Object.freeze({ ...before, ...fields });
    for (const callback of [...this.#subscribers]) callback(this.view, before, changed);
    return changed;
  }
}

/** @param {any} one
 *  @param {any} other
 *  @returns {boolean} equal, or lists of the same names */
function isSame(one, other) {
  return one === other || (Array.isArray(one) && Array.isArray(other) && one.join() === other.join());
}
