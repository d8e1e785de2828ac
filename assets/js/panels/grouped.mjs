/**
 * Fetches the groups that the address names, once for each name, and says when they are there.
 *
 * Knows a name. Refuses to know what is drawn with them.
 */

import { Groups, groupsAddress } from "../core/groups.mjs";
import { fetchJson } from "../run/http.mjs";
import { toldUntilAnswered } from "../shell/failed.mjs";
import { showToast } from "../shell/shell.mjs";

export class Grouped {
  /** @type {Groups|null} those to be shown now */
  now = null;
  #asked = "";
  #abort = new AbortController();

  /** @param {object} context
   *  @param {string} context.session
   *  @param {Record<string, any>} context.scales assets/scales.json
   *  @param {() => void} context.onReady */
  constructor(context) {
    this.context = context;
  }

  /** @param {string|null} name */
  want(name) {
    if (this.now && this.now.name !== name) this.now = null;
    if ((name ?? "") === this.#asked) return;
    this.#asked = name ?? "";
    this.#abort.abort(); // another one is under way
    this.#abort = new AbortController();
    if (name !== null) this.#fetch(name, this.#abort.signal);
  }

  /** @param {string} name
   *  @param {AbortSignal} signal */
  async #fetch(name, signal) {
    const { session, scales, onReady } = this.context;
    try {
      this.now = new Groups(name, await toldUntilAnswered(() => fetchJson(groupsAddress(session, name), signal), signal), scales.groups);
      onReady();
    } catch (error) {
      if (!signal.aborted) showToast(/** @type {Error} */ (error).message, "error");
    }
  }

  close() {
    this.#abort.abort();
  }
}
