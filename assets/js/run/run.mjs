/**
 * One recording: what is known of it, its frames, and its lines over all steps, as far as they are here.
 *
 * Asks its Source for what is wanted, grows, settles, asks again for what failed, and says when it cannot. Knows steps; refuses to
 * know addresses, the clock and the page: whoever shows it subscribes, and looks at what it has by then.
 */

import { Growth, stepsOfPositions } from "../core/growth.mjs";
import { layoutFromMeta } from "../core/layout.mjs";
import { Again, untilAnswered } from "./again.mjs";
import { FrameCache } from "./cache.mjs";

/** @typedef {import("../core/wire.mjs").Frame} Frame */
/** @typedef {import("../core/types.mjs").Tokens} Tokens */
/** @typedef {import("../core/types.mjs").Series} Series */

/** Where a recording comes from. Rejects with an Error whose message is a sentence; `isFinal` is true where asking again is of no use.
 *  @typedef {object} Source
 *  @property {string} session its id
 *  @property {Wire.Meta} meta
 *  @property {Tokens} tokens
 *  @property {(start: number, stop: number, signal: AbortSignal) => Promise<ArrayBuffer>} frames records of exactly the steps start…stop−1
 *  @property {(stat: string, signal: AbortSignal) => Promise<Series>} series
 *  @property {{l2?: Series, p99?: Series, limit: number}} [begun] it is under way: what was recorded before; left out of a finished one
 *  @property {string} [alone] it has no server: what stands where one would be asked
 *  @property {import("./pin.mjs").Pin} [pin] where it can be kept in this browser */

export class Run {
  /** Whether more steps may come. */
  isGrowing;
  /** Whether they come now; not while it is paused. */
  isRunning;
  /** @type {Error|null} why there are no lines yet */
  seriesFailure = null;
  /** @type {Growth|null} of a recording that was under way when it was opened */
  #growth = null;
  /** @type {Series|null} */
  #series = null;
  /** @type {Promise<void>|null} */
  #asked = null;
  /** @type {Set<() => void>} */
  #subscribers = new Set();
  #abort = new AbortController();
  /** @type {Again|null} of the lines */
  #again = null;
  #makeAgain;
  #cache;
  #scale;

  /** @param {Source} source
   *  @param {object} [known]
   *  @param {Record<string, number>} [known.fullScale] hook point -> magnitude at the top of the colour scale
   *  @param {number} [known.limit] largest magnitude of any value
   *  @param {boolean} [known.isFilling] false: until `fill` a step that is missing comes with its neighbours only
   *  @param {() => Again} [known.makeAgain] */
  constructor(source, { fullScale = {}, limit = 0, isFilling = true, makeAgain = () => new Again() } = {}) {
    const { session, meta, tokens, begun } = source;
    this.source = source;
    this.session = session;
    this.tokens = tokens;
    this.layout = layoutFromMeta(meta);
    this.isGrowing = this.isRunning = Boolean(begun);
    if (begun) this.#growth = new Growth({ layout: this.layout, tokens, ...begun });
    this.stepOf = this.#growth?.stepOf ?? stepsOfPositions(tokens);
    this.#scale = this.#growth ?? { fullScale, limit };
    this.#makeAgain = makeAgain;
    this.#cache = new FrameCache({
      numSteps: this.#growth?.numSteps ?? meta.num_steps,
      isFilling: isFilling || this.isGrowing,
      fetchWindow: (start, stop, signal) => source.frames(start, stop, signal),
      onFailure: () => this.#tell(),
      again: makeAgain(),
    });
  }

  get meta() {
    return this.source.meta;
  }

  /** Tokens of the prompt. */
  get numPrompt() {
    return this.meta.session.num_prompt_tokens;
  }

  /** Of a growing one, those that have had their turn. */
  get numSteps() {
    return this.#growth?.numSteps ?? this.meta.num_steps;
  }

  get fullScale() {
    return this.#scale.fullScale;
  }

  get limit() {
    return this.#scale.limit;
  }

  /** Lines over all steps; null until they are here (`wantSeries`). */
  get series() {
    return this.#growth ? { ...this.#growth.series, firstOdd: this.#growth.firstOdd } : this.#series;
  }

  /** @param {number} step
   *  @returns {Frame|null} null where it is not at hand */
  frame(step) {
    return this.#cache.get(step);
  }

  /** Have a step here; who subscribed hears of it when it came, and when it did not.
   *  @param {number} step
   *  @param {number} [direction] 1 or −1: what lies that way is wanted next; 0: only this step
   *  @returns {Promise<Frame|null>} null: it did not come, `failureOf` says why */
  async want(step, direction = 1) {
    const isHere = this.frame(step) !== null;
    try {
      const frame = await this.#cache.ensure(step, direction);
      if (!isHere) this.#tell();
      return frame;
    } catch {
      return null;
    }
  }

  /** From now on steps come with many others. @param {number} step where the clock is */
  fill(step) {
    this.#cache.fill(step);
  }

  /** Have the lines over all steps here, however often they have to be asked for. */
  wantSeries() {
    if (!this.#growth) this.#asked ??= this.#fetchSeries();
    return this.#asked;
  }

  async #fetchSeries() {
    const { signal } = this.#abort;
    const say = (/** @type {Error|null} */ error) => {
      this.seriesFailure = error;
      this.#tell();
    };
    const again = (this.#again = this.#makeAgain());
    try {
      this.#series = await untilAnswered(() => this.source.series("l2", signal), signal, say, again);
      say(null);
    } catch (error) {
      this.#asked = null; // whoever wants it after all asks anew
      if (!signal.aborted) say(/** @type {Error} */ (error));
    }
  }

  /** Why a step is not here: its last request failed, and none was answered since.
   *  @param {number} step
   *  @returns {Error|null} whose message is a sentence */
  failureOf(step) {
    return this.#cache.failureOf(step);
  }

  /** Ask now for what failed. */
  retry() {
    this.#cache.retry();
    this.#again?.now();
    if (this.seriesFailure) this.wantSeries();
  }

  /** The next steps of one that grows, in order; one that is here already is taken anew.
   *  @param {Frame[]} frames
   *  @throws {RangeError} where one is left out */
  append(frames) {
    const growth = /** @type {Growth} */ (this.#growth);
    for (const frame of frames) {
      if (frame.header.step >= growth.numSteps) growth.append(frame);
      this.#cache.push(frame);
    }
    this.#tell();
  }

  /** @param {boolean} isRunning or paused */
  setRunning(isRunning) {
    if (isRunning === this.isRunning) return;
    this.isRunning = isRunning;
    this.#tell();
  }

  /** It is over: no more steps come.
   *  @param {Iterable<number>} thin steps that came without their payloads: they are asked for again when needed */
  settle(thin) {
    this.isGrowing = this.isRunning = false;
    for (const step of thin) this.#cache.forget(step);
    this.#tell();
  }

  /** @param {() => void} hear called after every change
   *  @returns {() => void} unsubscribe */
  subscribe(hear) {
    this.#subscribers.add(hear);
    return () => this.#subscribers.delete(hear);
  }

  #tell() {
    for (const hear of [...this.#subscribers]) hear();
  }

  /** Nobody shows it any more: what is under way is broken off, nothing is told. */
  close() {
    this.#subscribers.clear();
    this.#abort.abort();
    this.#cache.close();
  }
}
