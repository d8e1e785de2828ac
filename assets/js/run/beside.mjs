/**
 * Recordings that stand beside another one, each as a lane of its own, at the step that is asked for.
 *
 * Knows Runs. Refuses to know the clock, the stage and drawing.
 */

import { openRun } from "./served.mjs";

/** @typedef {{session: string, full_scale: Record<string, number>}} Asked what the page says of one */

export class Beside {
  /** @type {(import("./run.mjs").Run|null)[]} null: on its way, or it did not come */
  #runs;
  /** @type {(Error|null)[]} */
  #failures;
  #abort = new AbortController();

  /** @param {Asked[]} asked
   *  @param {() => void} onChange a recording or a step came, or did not */
  constructor(asked, onChange) {
    this.asked = asked;
    this.onChange = onChange;
    this.#runs = asked.map(() => null);
    this.#failures = asked.map(() => null);
    asked.forEach((_, i) => this.#open(i));
  }

  /** @param {number} i */
  async #open(i) {
    const { signal } = this.#abort;
    this.#failures[i] = null;
    try {
      const run = await openRun(this.asked[i], signal);
      if (signal.aborted) return run.close();
      run.subscribe(this.onChange);
      this.#runs[i] = run;
    } catch (error) {
      this.#failures[i] = /** @type {Error} */ (error);
    }
    if (!signal.aborted) this.onChange();
  }

  /** Why one of them has no picture at this step.
   *  @param {number} step
   *  @returns {Error|null} null: all have, or are on their way */
  failureOf(step) {
    return this.#runs.map((run, i) => this.#failures[i] ?? run?.failureOf(step) ?? null).find(Boolean) ?? null;
  }

  /** @param {number} step
   *  @returns {boolean} nothing that can be shown of it is missing */
  isHere(step) {
    return this.#runs.every((run) => !run || step >= run.numSteps || run.frame(step) !== null);
  }

  /** Ask again for what did not come. */
  retry() {
    this.#runs.forEach((run, i) => (this.#failures[i] ? this.#open(i) : run?.retry()));
  }

  /** @param {number} step
   *  @param {number} direction in which the clock goes
   *  @returns {import("../core/types.mjs").Lane[]} of those that are open */
  at(step, direction) {
    return this.#runs.flatMap((run, i) => {
      if (!run) return [];
      const isThere = step < run.numSteps;
      if (isThere) run.want(step, direction);
      const [frame, before] = [step, step - 1].map((each) => (isThere && each >= 0 ? run.frame(each) : null));
      const none = isThere ? "on its way" : `it has ${run.numSteps} steps`;
      return [{ run, step, frame, before, label: `${"BCDEFGHI"[i]} · ${run.session}`, none }];
    });
  }

  close() {
    this.#abort.abort();
    for (const run of this.#runs) run?.close();
  }
}
