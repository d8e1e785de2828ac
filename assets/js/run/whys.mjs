/**
 * Why, over all steps of one recording: what came with it, and what the server is asked for when the clock has rested.
 *
 * Knows a Run and two addresses of the server. Every answer is kept by its step; what was refused is told in its place, and asked
 * again by a person only. Refuses to know the page and how anything is drawn.
 */

import { answerAt, hasLedger, keptTokens, pairOf, whyOf } from "../core/why.mjs";
import { fetchSweep, fetchWhy } from "./http.mjs";

/** @typedef {import("../core/wire.mjs").Frame} Frame */
/** @typedef {{token: number|null, against: number|null}} Asked by a person */
/** @typedef {{text: string, isRefused: boolean}} Word what stands in the place of an answer; "" where it is only on its way */

const REST_MS = 200;
const MOST_KEPT = 64;
const WINDOW = 8;
/** Of a recording under way. */
const LATER = "measured when the recording is over";

/** Answers of one kind, by key: one request at a time, the newest. */
class Answers {
  /** @type {Map<string, any>} oldest first */
  #kept = new Map();
  /** @type {Map<string, Word>} */
  #words = new Map();
  #key = "";
  #request = new AbortController();

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
  }

  /** @param {string} key */
  get(key) {
    return this.#kept.get(key) ?? null;
  }

  /** @param {string} key
   *  @returns {Word} */
  wordOf(key) {
    return this.#words.get(key) ?? { text: "", isRefused: false };
  }

  /** @param {string} key
   *  @param {any} answer */
  keep(key, answer) {
    this.#kept.set(key, answer);
    for (const old of [...this.#kept.keys()].slice(0, -MOST_KEPT)) this.#kept.delete(old);
  }

  /** @param {string} key
   *  @param {(signal: AbortSignal, onWait: (text: string) => void) => Promise<any>} ask keeps what it gets */
  async want(key, ask) {
    if (key === this.#key || this.#kept.has(key) || this.wordOf(key).isRefused) return;
    this.stop();
    const request = (this.#request = new AbortController());
    this.#key = key;
    const tell = (/** @type {Word} */ word) => {
      if (request.signal.aborted || (word.text === this.wordOf(key).text && word.isRefused === this.wordOf(key).isRefused)) return;
      this.#words.set(key, word);
      this.onChange();
    };
    try {
      await ask(request.signal, (text) => tell({ text, isRefused: false }));
      this.#words.delete(key);
      if (!request.signal.aborted) this.onChange();
    } catch (error) {
      tell({ text: /** @type {Error} */ (error).message, isRefused: true });
    }
    if (this.#request === request) this.#key = "";
  }

  stop() {
    this.#request.abort();
    this.#key = "";
  }

  /** What was refused may be asked again. */
  forgive() {
    this.#words.clear();
  }
}

export class Whys {
  /** Without a ledger in the recording all is computed, once a person wants it. */
  isComputed = false;
  #sweeps;
  #answers;
  /** @type {any} */
  #timer = null;
  #wanted = "";
  /** @type {{of: any[], why: import("../core/why.mjs").Why|null}} the one that was asked for last */
  #last = { of: [], why: null };

  /** @param {object} of
   *  @param {import("./run.mjs").Run} of.run
   *  @param {() => void} of.onChange something came
   *  @param {() => Promise<boolean>} of.canAsk whether there is a server */
  constructor({ run, onChange, canAsk }) {
    this.run = run;
    this.canAsk = canAsk;
    this.onChange = onChange;
    this.#sweeps = new Answers(onChange);
    this.#answers = new Answers(onChange);
  }

  /** Whether its model has parts at all: else there is no Why. */
  get hasParts() {
    return this.run.layout.n_layer > 0 && this.run.layout.n_head > 0;
  }

  get hasLedger() {
    return hasLedger(this.run.layout);
  }

  /** @param {Frame} frame
   *  @param {Asked} asked
   *  @returns {import("../core/why.mjs").Why|null} of this step, as far as it is known */
  at(frame, asked) {
    if (!this.hasParts) return null;
    const pair = pairOf(frame, asked);
    if (!pair) return null;
    const { step } = frame.header;
    const [answer, sweep] = [this.#answers.get(keyOf(step, pair)), this.#sweepOf(step, pair)];
    const of = [frame, pair.token, pair.against, answer, sweep];
    if (of.some((each, i) => each !== this.#last.of[i])) this.#last = { of, why: whyOf({ frame, layout: this.run.layout, asked, answer, sweep }) };
    return this.#last.why;
  }

  /** @param {number} step
   *  @param {{token: number, against: number}} pair
   *  @returns {Frame|null} of these tokens, or of all that were kept, which may be among them */
  #sweepOf(step, pair) {
    return this.#sweeps.get(keyOf(step, pair)) ?? this.#sweeps.get(String(step));
  }

  /** What stands where the answers will be.
   *  @param {Frame} frame
   *  @param {Asked} asked
   *  @returns {{lost: Word, more: Word}} */
  words(frame, asked) {
    const never = this.run.isGrowing ? LATER : this.run.source.alone;
    if (never) return { lost: { text: never, isRefused: true }, more: { text: never, isRefused: true } };
    const pair = pairOf(frame, asked);
    const { step } = frame.header;
    const none = { text: "", isRefused: false };
    if (!pair) return { lost: none, more: none };
    const lost = this.#sweeps.wordOf(this.#isKept(frame, pair) ? String(step) : keyOf(step, pair));
    return { lost, more: this.#answers.wordOf(keyOf(step, pair)) };
  }

  /** @param {Frame} frame
   *  @param {{token: number, against: number}} pair */
  #isKept(frame, { token, against }) {
    const kept = keptTokens(frame);
    return kept.includes(token) && kept.includes(against);
  }

  /** It is seen: what is missing is asked for when the clock has rested for 0.2 s.
   *  @param {Frame} frame
   *  @param {Asked} asked
   *  @param {boolean} isMoving the clock goes on by itself */
  want(frame, asked, isMoving) {
    const pair = pairOf(frame, asked);
    const wanted = isMoving || !pair ? "" : `${keyOf(frame.header.step, pair)}/${this.isComputed}`;
    if (wanted === this.#wanted) return;
    this.rest();
    this.#wanted = wanted;
    if (!pair || !wanted || this.run.isGrowing || this.run.source.alone || !this.hasParts || !(this.hasLedger || this.isComputed)) return;
    this.#timer = setTimeout(() => this.#ask(frame, pair), REST_MS);
  }

  /** It is not seen any more. */
  rest() {
    clearTimeout(this.#timer);
    this.#wanted = "";
    this.#sweeps.stop();
    this.#answers.stop();
  }

  /** What was refused is asked again, and what was not recorded computed. */
  again() {
    this.isComputed ||= !this.hasLedger;
    this.#sweeps.forgive();
    this.#answers.forgive();
    this.#wanted = "";
    this.onChange();
  }

  /** @param {Frame} frame
   *  @param {{token: number, against: number, isUsual: boolean}} pair */
  async #ask(frame, { token, against, isUsual }) {
    if (!(await this.canAsk())) return;
    const { session, numSteps } = this.run;
    const { step } = frame.header;
    const pair = { token, against };
    const ofPair = this.#isKept(frame, pair) ? null : pair;
    const sweepKey = ofPair ? keyOf(step, pair) : String(step);
    this.#sweeps.want(sweepKey, async (signal, onWait) => this.#sweeps.keep(sweepKey, await fetchSweep(session, step, ofPair, signal, onWait)));
    this.#answers.want(keyOf(step, pair), async (signal, onWait) => {
      const stop = isUsual ? Math.min(numSteps, step + WINDOW) : step + 1;
      const blob = await fetchWhy(session, step, stop, isUsual ? null : pair, signal, onWait);
      for (let at = step; at < stop; at++) {
        const answer = answerAt(blob, at);
        if (answer) this.#answers.keep(keyOf(at, answer), answer);
      }
    });
  }

  close() {
    this.rest();
  }
}

/** @param {number} step
 *  @param {{token: number, against: number}} pair */
function keyOf(step, { token, against }) {
  return `${step}/${token}/${against}`;
}
