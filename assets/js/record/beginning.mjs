/**
 * A recording that was asked for, until its first step is there; of two that are compared, until both are over.
 *
 * Knows POST /record and where it stands. Refuses to know the dialog.
 */

import { beginningWords } from "../core/record_words.mjs";
import { untilAnswered } from "../run/again.mjs";
import { recordingStatus, startRecording, steerRecording } from "../run/http.mjs";

const POLL_MS = 250;

/** @typedef {(words: string, done: number, of: number) => void} OnWait told where it stands */

export class Beginning {
  #abort = new AbortController();
  /** @type {string[]} in the order in which they are recorded */
  ids = [];

  /** @param {OnWait} onWait */
  constructor(onWait) {
    this.onWait = onWait;
  }

  /** @param {Record<string, any>[]} requests bodies of POST /record
   *  @throws {Error} where the server does not take one, or it fails before its first step; of several, at all */
  async run(requests) {
    for (const request of requests) this.ids.push((await startRecording(request)).id);
    const isPair = requests.length > 1;
    for (const [i, id] of this.ids.entries()) await this.#until(id, isPair, isPair ? `Prompt ${"AB"[i]}` : "");
  }

  /** @param {string} id
   *  @param {boolean} isToEnd
   *  @param {string} name */
  async #until(id, isToEnd, name) {
    const { signal } = this.#abort;
    for (;;) {
      const status = await untilAnswered(
        () => recordingStatus(id),
        signal,
        (error) => this.onWait(error.message, 0, 0),
      );
      const { state, step, max_steps: most, message } = status;
      if (state === "error") throw new Error(message);
      if (state === "finished" || (!isToEnd && most)) return;
      this.onWait(beginningWords(status, name), most && step + 1, most);
      await new Promise((done) => setTimeout(done, POLL_MS));
      signal.throwIfAborted();
    }
  }

  /** What waits leaves the queue, what runs ends.
   *  @throws {Error} where the server does not answer */
  async cancel() {
    for (const id of [...this.ids].reverse()) await steerRecording(id, "stop");
  }

  /** Nobody looks any more; the recording goes on. */
  leave() {
    this.#abort.abort();
  }
}
