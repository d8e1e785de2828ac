/**
 * The one animation frame: whoever wants to do something before the next picture asks here.
 *
 * First the clock moves, then what it changed is drawn, then what moves by itself: a step is drawn in the frame that it came in.
 */

/** @typedef {"clock"|"picture"|"motion"} Turn */

const TURNS = /** @type {const} */ (["clock", "picture", "motion"]);

export class Frames {
  /** @type {Record<Turn, ((now: number) => void)[]>} */
  #asked = { clock: [], picture: [], motion: [] };
  #isScheduled = false;
  #raf;

  /** @param {(callback: (now: number) => void) => unknown} [raf] calls back before the next picture */
  constructor(raf = (callback) => requestAnimationFrame(callback)) {
    this.#raf = raf;
  }

  /** @param {Turn} turn who asks for its own turn, or for one that is past, within a frame gets the next frame
   *  @param {(now: number) => void} callback called once, with the frame's time in milliseconds */
  ask(turn, callback) {
    this.#asked[turn].push(callback);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#raf((now) => this.#frame(now));
  }

  /** @param {number} now */
  #frame(now) {
    for (const turn of TURNS) {
      const due = this.#asked[turn];
      this.#asked[turn] = [];
      for (const callback of due) {
        try {
          callback(now);
        } catch (error) {
          reportError(error); // one that throws takes nobody else's turn
        }
      }
    }
    this.#isScheduled = TURNS.some((turn) => this.#asked[turn].length);
    if (this.#isScheduled) this.#raf((next) => this.#frame(next));
  }
}

export const frames = new Frames();
