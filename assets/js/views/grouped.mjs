/**
 * Fetches the groups that the address names, once for each name, and says when they are there.
 *
 * Knows the network and a name. Refuses to know what is drawn with them.
 */

import { Groups, groupsAddress } from "../core/groups.mjs";

export class Grouped {
  /** @type {Groups|null} those to be shown now */
  now = null;
  #asked = "";
  #abort = new AbortController();

  /** @param {object} context
   *  @param {string} context.session
   *  @param {Record<string, any>} context.scales assets/scales.json
   *  @param {() => void} context.onReady
   *  @param {(sentence: string) => void} context.onError */
  constructor(context) {
    this.context = context;
  }

  /** @param {string|null} name */
  want(name) {
    if (this.now && this.now.name !== name) this.now = null;
    if (name === null || name === this.#asked) {
      if (name === null) this.#asked = "";
      return;
    }
    this.#asked = name;
    this.#fetch(name).catch((error) => this.#abort.signal.aborted || this.context.onError(error.message));
  }

  /** @param {string} name */
  async #fetch(name) {
    const response = await fetch(groupsAddress(this.context.session, name), { signal: this.#abort.signal });
    const answer = await response.json().catch(() => ({ error: `The server refused with status ${response.status}: look at its log.` }));
    if (!response.ok) throw new Error(answer.error);
    if (this.#asked !== name) return;
    this.now = new Groups(name, answer, this.context.scales.groups);
    this.context.onReady();
  }

  close() {
    this.#abort.abort();
  }
}
