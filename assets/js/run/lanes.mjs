/**
 * The recordings that stand side by side, on one clock: which step of each a moment shows, and whether it is here.
 *
 * Knows Runs, and alignments of two of them. Refuses to know the clock's hand, the stage and drawing.
 */

import { readTheSame } from "../core/moments.mjs";
import { numKeys } from "../core/token_names.mjs";
import { Run } from "./run.mjs";
import { openRun } from "./served.mjs";

/** @typedef {{session: string, full_scale: Record<string, number>}} Asked what the page says of a recording */
/** @typedef {import("../core/types.mjs").Lane} Lane */

const NAMES = "ABCDEFGHI";
const NUM_WORDS = 5; // that name a lane of an alignment

export class Lanes {
  /** @type {(Run|null)[]} null: on its way, or it did not come */
  #runs;
  /** @type {(Error|null)[]} why one is not here */
  #failures;
  #abort = new AbortController();

  /** @param {Run} run the first one
   *  @param {object} more
   *  @param {(Asked|Run)[]} more.others
   *  @param {import("../core/moments.mjs").Alignment|null} [more.clock] of two; null: every moment is that step of each
   *  @param {() => void} more.onChange one of the others, or a step of it, came or did not */
  constructor(run, { others, clock = null, onChange }) {
    this.clock = clock;
    this.onChange = onChange;
    this.#runs = [run, ...others.map((other) => (other instanceof Run ? other : null))];
    this.#failures = this.#runs.map(() => null);
    others.forEach((other, i) => (other instanceof Run ? other.subscribe(onChange) : this.#open(other, i + 1)));
    this.asked = others;
  }

  /** @param {Asked} asked
   *  @param {number} i */
  async #open(asked, i) {
    const { signal } = this.#abort;
    this.#failures[i] = null;
    try {
      const run = await openRun(asked, signal);
      if (signal.aborted) return run.close();
      run.subscribe(this.onChange);
      this.#runs[i] = run;
    } catch (error) {
      this.#failures[i] = /** @type {Error} */ (error);
    }
    if (!signal.aborted) this.onChange();
  }

  /** Moments of the clock. */
  get numSteps() {
    return this.clock?.steps.length ?? /** @type {Run} */ (this.#runs[0]).numSteps;
  }

  /** @param {number} i lane
   *  @param {number} moment
   *  @returns {number} −1: none */
  #stepOf(i, moment) {
    if (this.clock) return this.clock.steps[moment]?.[i] ?? -1;
    return moment < (this.#runs[i]?.numSteps ?? 0) ? moment : -1;
  }

  /** @param {number} moment
   *  @returns {(Run|null)[]} those whose step is wanted and not here */
  #missing(moment) {
    return this.#runs.map((run, i) => (run && this.#stepOf(i, moment) >= 0 && !run.frame(this.#stepOf(i, moment)) ? run : null));
  }

  /** @param {number} moment
   *  @returns {boolean} nothing that can be shown of it is missing */
  isHere(moment) {
    return !this.#missing(moment).some(Boolean);
  }

  /** @param {number} moment
   *  @returns {boolean} the first lane has what it shows, so that there is a picture */
  hasPicture(moment) {
    return !this.#missing(moment)[0] && this.#runs.some((run, i) => run?.frame(this.#stepOf(i, moment)));
  }

  /** Why one of them has no picture of this moment.
   *  @param {number} moment
   *  @returns {Error|null} null: all have, or are on their way */
  failureOf(moment) {
    const failures = this.#missing(moment).map((run, i) => this.#failures[i] ?? run?.failureOf(this.#stepOf(i, moment)));
    return failures.find(Boolean) ?? null;
  }

  /** Ask again for what did not come. */
  retry() {
    this.#runs.forEach((run, i) => (this.#failures[i] ? this.#open(/** @type {Asked} */ (this.asked[i - 1]), i) : run?.retry()));
  }

  /** @param {number} moment
   *  @param {number} direction in which the clock goes */
  want(moment, direction) {
    this.#runs.forEach((run, i) => this.#stepOf(i, moment) >= 0 && run?.want(this.#stepOf(i, moment), direction));
  }

  /** @param {number} moment
   *  @returns {Lane[]} of those that are open */
  at(moment) {
    const isAlone = this.#runs.length === 1;
    return this.#runs.flatMap((run, i) => {
      if (!run) return [];
      const step = this.#stepOf(i, moment);
      const [frame, before] = [step, step - 1].map((each) => (each >= 0 ? run.frame(each) : null));
      const none = step >= 0 ? "on its way" : this.clock ? "no step at this moment" : `it has ${run.numSteps} steps`;
      const name = isAlone ? "" : NAMES[i];
      const label = isAlone ? "" : this.clock ? `${name} ${wordsOf(run, frame)}` : `${name} · ${run.session}`;
      return [{ run, step, frame, before, name, label, none }];
    });
  }

  /** @param {number} moment
   *  @returns {boolean} whether two lanes show what may be subtracted */
  isMatched(moment) {
    const lanes = this.at(moment);
    return lanes.length === 2 && (this.clock ? Boolean(this.clock.whole[moment]) : readTheSame(lanes[0], lanes[1]));
  }

  close() {
    this.#abort.abort();
    for (const run of this.#runs) run?.close();
  }
}

/** @param {Run} run
 *  @param {import("../core/wire.mjs").Frame|null} frame
 *  @returns {string} the last words that a step has read */
function wordsOf({ tokens: { sequence, text } }, frame) {
  if (!frame) return "";
  const end = numKeys(frame);
  const words = sequence.slice(Math.max(0, end - NUM_WORDS), end).map((id) => text[id] ?? `#${id}`);
  return `${end > NUM_WORDS ? "… " : ""}${words.join("").trim()}`;
}
