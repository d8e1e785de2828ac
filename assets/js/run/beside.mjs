/**
 * Recordings that stand beside another one, each as a lane of its own, at the step that is asked for.
 *
 * Knows addresses and the frame cache. Refuses to know the clock, the stage and drawing.
 */

import { fetchSide } from "./compared.mjs";

/** @typedef {import("./compared.mjs").ComparedSide} Side */

export class Beside {
  /** @type {(Side|null)[]} null: on its way, or it did not come */
  #sides;
  /** @type {(Error|null)[]} */
  #failures;

  /** @param {{session: string, full_scale: Record<string, number>}[]} asked
   *  @param {() => void} onChange a recording or a step came, or did not */
  constructor(asked, onChange) {
    this.asked = asked;
    this.onChange = onChange;
    this.abort = new AbortController();
    this.#sides = asked.map(() => null);
    this.#failures = asked.map(() => null);
    asked.forEach((_, i) => this.#open(i));
  }

  /** @param {number} i */
  async #open(i) {
    const { signal } = this.abort;
    this.#failures[i] = null;
    try {
      const side = await fetchSide(this.asked[i].session, signal);
      if (signal.aborted) return side.cache.close();
      side.cache.onFailure = this.onChange;
      this.#sides[i] = side;
    } catch (error) {
      this.#failures[i] = /** @type {Error} */ (error);
    }
    if (!signal.aborted) this.onChange();
  }

  /** Why one of them has no picture at this step; null: it has, or is on its way.
   *  @param {number} step
   *  @returns {Error|null} */
  failureOf(step) {
    return this.#sides.map((side, i) => this.#failures[i] ?? side?.cache.failureOf(step) ?? null).find(Boolean) ?? null;
  }

  /** @param {number} step
   *  @returns {boolean} nothing that can be shown of it is missing */
  isHere(step) {
    return this.#sides.every((side) => !side || step >= side.cache.numSteps || side.cache.get(step) !== null);
  }

  /** Ask again for what did not come. */
  retry() {
    this.#sides.forEach((side, i) => (this.#failures[i] ? this.#open(i) : side?.cache.retry()));
  }

  /** @param {number} step
   *  @param {number} direction in which the clock goes
   *  @returns {import("../core/types.mjs").Lane[]} */
  at(step, direction) {
    return this.#sides.flatMap((side, i) => {
      const { session, full_scale: fullScale } = this.asked[i];
      if (!side) return [];
      const { cache, layout, tokens } = side;
      const isThere = step < cache.numSteps;
      const isHere = !isThere || cache.get(step) !== null;
      if (isThere)
        cache.ensure(step, direction).then(
          () => isHere || this.onChange(),
          () => {}, // the cache says it
        );
      const none = isThere ? "on its way" : `it has ${cache.numSteps} steps`;
      const [frame, before] = [isThere ? cache.get(step) : null, step > 0 && isThere ? cache.get(step - 1) : null];
      return [{ run: { layout, tokens, fullScale }, step, frame, before, label: `${"BCDEFGHI"[i]} · ${session}`, none }];
    });
  }

  close() {
    this.abort.abort();
    for (const side of this.#sides) side?.cache.close();
  }
}
