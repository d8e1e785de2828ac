/**
 * One page's view at a time: a visit ends the one before, and one that was overtaken while it was being built never shows.
 *
 * Knows who came last. Refuses to know what is built, and the page beyond the element that it stands in.
 */

/** @typedef {{close: () => void}} View */

export class Visits {
  /** @type {{host: {isConnected: boolean}, abort: AbortController, view: View|null}|null} */
  #now = null;

  /** @param {() => void} onLeave called when a visit ends */
  constructor(onLeave) {
    this.onLeave = onLeave;
  }

  /** What stands there; null while it is being built, and where nothing is. */
  get view() {
    return this.#now?.view ?? null;
  }

  /** @template {View} T
   *  @param {{isConnected: boolean}|null} host where it will stand; null: nothing will
   *  @param {(signal: AbortSignal) => Promise<() => T>} build fetches what is needed, and gives what then makes the view at
   *    once; the signal says that another visit began, or that the host went
   *  @returns {Promise<T|null>} null: overtaken. Rejects with what `build` does, unless that too was overtaken */
  async open(host, build) {
    this.close();
    if (!host) return null;
    const mine = { host, abort: new AbortController(), view: /** @type {View|null} */ (null) };
    this.#now = mine;
    const isOver = () => {
      this.look();
      return this.#now !== mine;
    };
    try {
      const make = await build(mine.abort.signal);
      if (isOver()) return null;
      const view = make();
      mine.view = view;
      return view;
    } catch (error) {
      if (isOver()) return null;
      throw error;
    }
  }

  /** The page may have changed: a view whose place went goes too. */
  look() {
    if (this.#now && !this.#now.host.isConnected) this.close();
  }

  close() {
    const now = this.#now;
    if (!now) return;
    this.#now = null;
    now.abort.abort();
    now.view?.close();
    this.onLeave();
  }
}
