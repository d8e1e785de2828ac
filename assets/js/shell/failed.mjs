/**
 * What did not come, in its place on the page: what it is, why, and a button that asks again.
 *
 * Refuses to know what is asked for, and when it is asked for again by itself.
 */

import { Again, untilAnswered } from "../run/again.mjs";
import { button, el, say } from "./dom.mjs";
import { retractToast, showToast } from "./shell.mjs";

const ITSELF = "It is asked for again by itself, and when you come back to this window.";

export class Failed {
  /** @param {() => void} retry */
  constructor(retry) {
    this.title = el("h2");
    this.why = el("p");
    this.itself = el("p", { class: "mri-note" });
    const parts = [el("div", { class: "mri-state-mark" }), this.title, this.why, this.itself, button(retry, { text: "Retry" })];
    this.host = el("div", { class: "mri-failed", role: "alert", hidden: true }, ...parts);
  }

  /** @param {string} title what did not come
   *  @param {Error|null} error null: it came */
  show(title, error) {
    this.host.hidden = !error;
    if (!error) return;
    say(this.title, title);
    say(this.why, error.message);
    say(this.itself, /** @type {any} */ (error).isFinal ? "" : ITSELF);
  }
}

/** What a page cannot stand without: where it will stand, it says that it did not come, until it did.
 *  @template T
 *  @param {HTMLElement} host
 *  @param {string} title
 *  @param {() => Promise<T>} ask
 *  @param {AbortSignal} signal
 *  @returns {Promise<T>} as untilAnswered */
export async function shownUntilAnswered(host, title, ask, signal) {
  const again = new Again();
  const failed = new Failed(() => again.now());
  const show = (/** @type {Error} */ error) => {
    if (!failed.host.isConnected) host.append(failed.host);
    failed.show(title, error);
  };
  try {
    return await untilAnswered(ask, signal, show, again);
  } finally {
    failed.host.remove();
  }
}

/** A toast for as long as something that a page stands without did not come. */
export class Told {
  #words = "";

  /** @param {Error|null} error null: it came, or nobody wants it any more
   *  @param {Parameters<typeof showToast>[2]} [button] */
  show(error, button) {
    if (error && !this.#words) showToast((this.#words = error.message), "error", button);
    else if (!error && this.#words) {
      retractToast(this.#words);
      this.#words = "";
    }
  }
}

/** What a page stands without for a while: a toast says that it did not come, until it did.
 *  @template T
 *  @param {() => Promise<T>} ask
 *  @param {AbortSignal} signal
 *  @returns {Promise<T>} as untilAnswered */
export async function toldUntilAnswered(ask, signal) {
  const told = new Told();
  try {
    return await untilAnswered(ask, signal, (error) => told.show(error));
  } finally {
    told.show(null);
  }
}
