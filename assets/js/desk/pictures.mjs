/**
 * When the page draws: once per animation frame however often it is asked, or at once for what cannot wait.
 *
 * What is drawn at once is drawn while the browser waits for its next frame, which then shows it. Refuses to know what is drawn.
 */

import { frames } from "./frames.mjs";

export class Pictures {
  #isAsked = false;
  #isScheduled = false;
  #isAhead = false; // what the next animation frame shows is drawn already
  #isUntold = false;
  #isClosed = false;
  #on;
  #drawnAtMs = 0;

  /** @param {object} context
   *  @param {() => boolean} context.draw whether there was something to draw
   *  @param {() => void} [context.onFrame] in the animation frame that shows a picture
   *  @param {() => number} [context.now]
   *  @param {(callback: () => void) => void} [context.raf]
   *  @param {(callback: () => void) => void} [context.afterFrame] later than all that an animation frame does */
  constructor(context) {
    const raf = (/** @type {() => void} */ callback) => frames.ask("picture", callback);
    this.#on = { onFrame: () => {}, now: () => performance.now(), raf, afterFrame: (/** @type {() => void} */ callback) => setTimeout(callback), ...context };
  }

  /** Ask for a picture. */
  ask() {
    this.#isAsked = true;
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    this.#on.raf(() => this.#frame());
  }

  #frame() {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    if (this.#isAsked) this.drawNow();
    if (this.#isUntold) this.#on.onFrame();
    this.#isUntold = false;
    if (this.#isAhead) this.#on.afterFrame(() => (this.#isAhead = false));
  }

  /** Ask for a picture, now unless this frame has one, or one was drawn less than `aloneMs` ago.
   *  @param {number} [aloneMs] */
  hurry(aloneMs = 0) {
    this.ask();
    if (this.#isAhead || this.#isClosed || this.#on.now() - this.#drawnAtMs < aloneMs) return;
    this.#isAhead = true;
    this.drawNow();
  }

  /** Draw, whether it was asked for or not. */
  drawNow() {
    this.#isAsked = false;
    if (!this.#on.draw()) return;
    this.#isUntold = true;
    this.#drawnAtMs = this.#on.now();
  }

  /** Whether the coming frame has, or will have, its picture: nobody else need draw for it. */
  get willDraw() {
    return this.#isAsked || this.#isAhead;
  }

  close() {
    this.#isClosed = true;
  }
}
