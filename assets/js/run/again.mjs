/**
 * When to ask again what was not answered: after 1 s, then 2 s, 4 s … 30 s; at once when the browser is online again or
 * the window gets the focus, and when a person says so.
 *
 * Knows time and the browser's own news. Refuses to know what is asked, and the page.
 */

export const FIRST_WAIT_MS = 1000;
export const MOST_WAIT_MS = 30_000;
const NEWS = ["online", "focus"];

export class Again {
  #tries = 0;
  /** @type {unknown} */
  #timer = null;
  /** @type {Set<() => void>} who waits */
  #waiting = new Set();
  #hear = () => this.now();

  /** @param {object} [options]
   *  @param {(callback: () => void, ms: number) => unknown} [options.setTimer]
   *  @param {(timer: any) => void} [options.clearTimer]
   *  @param {Pick<EventTarget, "addEventListener"|"removeEventListener">} [options.news] tells "online" and "focus" */
  constructor({ setTimer = (callback, ms) => setTimeout(callback, ms), clearTimer = (timer) => clearTimeout(timer), news = globalThis.window } = {}) {
    this.setTimer = setTimer;
    this.clearTimer = clearTimer;
    this.news = news;
    for (const name of NEWS) news?.addEventListener(name, this.#hear);
  }

  /** Something was not answered. Whoever comes meanwhile waits until the same moment.
   *  @param {() => void} go called when it is time to ask again */
  wait(go) {
    this.#waiting.add(go);
    this.#timer ??= this.setTimer(() => this.now(), Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#tries++));
  }

  /** Ask now, if somebody waits. */
  now() {
    const waiting = [...this.#waiting];
    this.#stop();
    for (const go of waiting) go();
  }

  /** Something was answered: the next wait is a short one. */
  answered() {
    this.#tries = 0;
  }

  close() {
    this.#stop();
    for (const name of NEWS) this.news?.removeEventListener(name, this.#hear);
  }

  #stop() {
    if (this.#timer !== null) this.clearTimer(this.#timer);
    this.#timer = null;
    this.#waiting.clear();
  }
}

/** The answer, however often it has to be asked for.
 *  @template T
 *  @param {() => Promise<T>} ask
 *  @param {AbortSignal} signal nobody wants it any more
 *  @param {(error: Error) => void} onFailure each time that it is not answered
 *  @param {Again} [again]
 *  @returns {Promise<T>} rejects with what will not be otherwise the next time (`isFinal` is not false), and once aborted */
export async function untilAnswered(ask, signal, onFailure, again = new Again()) {
  const stop = () => again.now(); // who waits learns of it
  signal.addEventListener("abort", stop);
  try {
    for (;;) {
      signal.throwIfAborted();
      try {
        const answer = await ask();
        signal.throwIfAborted();
        return answer;
      } catch (error) {
        if (signal.aborted || /** @type {any} */ (error).isFinal !== false) throw error;
        onFailure(/** @type {Error} */ (error));
        await new Promise((go) => again.wait(() => go(null)));
      }
    }
  } finally {
    signal.removeEventListener("abort", stop);
    again.close();
  }
}
