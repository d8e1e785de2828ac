/**
 * The quality governor: steps down when frames take too long (bloom first, then particles), and up again when there is
 * room. Pure; it is told how long each frame took and when.
 */

export const TIERS = Object.freeze(["plates and dots only", "no bloom", "everything"]);
export const FULL = TIERS.length - 1;

const WINDOW = 45; // frames
const SLOW_MS = 24;
const FAST_MS = 17.5;
const PATIENCE = 6; // calm windows before it tries again what was too much; twice as many after each time that failed

export class Quality {
  tier = FULL;
  isOn = true;
  fps = NaN;
  /** @type {number[]} */
  #times = [];
  #calm = 0;
  #patience = PATIENCE;

  /** One frame of a running picture.
   *  @param {number} ms since the frame before */
  report(ms) {
    this.#times.push(ms);
    if (this.#times.length < WINDOW) return;
    const sorted = this.#times.sort((a, b) => a - b);
    const median = sorted[WINDOW >> 1];
    this.fps = (1000 * WINDOW) / sorted.reduce((sum, each) => sum + each, 0);
    this.#times = [];
    if (!this.isOn) return;
    if (median > SLOW_MS && this.tier > 0) {
      this.tier--;
      this.#calm = 0;
      this.#patience *= 2;
    } else if (median < FAST_MS && this.tier < FULL && ++this.#calm > this.#patience) {
      this.tier++;
      this.#calm = 0;
    }
  }

  /** The picture stood still: what was counted says nothing. */
  rest() {
    this.#times = [];
  }
}
