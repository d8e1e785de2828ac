/**
 * The one clock: which step is shown, and how it moves.
 *
 * Knows steps and time, both given to it. Refuses to know frames (it asks `ready(step)`), the page and the network.
 * Playing and following never show a step before its frame is there: they wait, and say so.
 */

import { frames } from "./frames.mjs";

/** @typedef {"paused"|"playing"|"following"} Mode */

export const SPEEDS = Object.freeze([0.25, 0.5, 1, 2, 4, 8]);

/** Steps per second at speed 1. */
const STEPS_PER_SECOND = 4;
const FASTEST = STEPS_PER_SECOND * SPEEDS[SPEEDS.length - 1];

/** Steps per second, at most, at which a recording under way is shown; Infinity: each as soon as it is there. */
export const PACES = Object.freeze([1, 3, 10, Infinity]);

/** Most that one tick counts: after a hidden tab the clock goes on from where it was, it does not leap. */
const MAX_TICK_MS = 250;

/** Read its fields, never write them: `isGrowing` (more steps may come: there is a newest one to follow), `step`, `numSteps`, `mode`, `speed`, `loop` ([first, last] or null),
 *  `waiting` (it would move on, but the frame of `wanted` is not there: fetch it; else `wanted` is `step`),
 *  `direction` (1 or −1: which way it last moved), `pace` (of PACES; null: `speed` says how fast), `furthest` (the last step
 *  that was shown since the beginning or `again`). */
export class Player {
  /** @type {Set<(player: Player) => void>} */
  #subscribers = new Set();
  #now;
  #raf;
  #ready;
  #isScheduled = false;
  #tickedAtMs = 0; // on the clock `now`
  #shownMs = 0; // how long the present step has been shown
  #isResting = false; // at the newest step of a recording that is followed at a pace, with no ticks

  /** @param {object} options
   *  @param {number} options.numSteps
   *  @param {(step: number) => boolean} [options.ready] whether a step can be shown now
   *  @param {() => number} [options.now] milliseconds
   *  @param {(callback: () => void) => unknown} [options.raf] calls back before the next picture */
  constructor({ numSteps, ready = () => true, now = () => performance.now(), raf = (callback) => frames.ask("clock", callback) }) {
    this.numSteps = numSteps;
    this.isGrowing = false;
    this.step = 0;
    this.mode = /** @type {Mode} */ ("paused");
    this.speed = 1;
    this.loop = /** @type {[number, number]|null} */ (null);
    this.waiting = false;
    this.wanted = 0;
    this.direction = 1;
    this.pace = /** @type {number|null} */ (null);
    this.furthest = 0;
    this.#ready = ready;
    this.#now = now;
    this.#raf = raf;
  }

  get lastStep() {
    return Math.max(0, this.numSteps - 1);
  }

  /** Go there now, whether or not its frame is; goes on playing if it was, stops following.
   *  @param {number} step clamped */
  seek(step) {
    const target = Math.min(this.lastStep, Math.max(0, Math.round(step)));
    const mode = this.mode === "following" ? "paused" : this.mode;
    const direction = target === this.step ? this.direction : Math.sign(target - this.step);
    this.#shownMs = 0;
    this.#change({ step: target, wanted: target, waiting: false, mode, direction });
  }

  /** Pause and move by whole steps.
   *  @param {number} steps */
  stepBy(steps) {
    this.pause();
    this.seek(this.step + steps);
  }

  /** Steps that were recorded and never shown, where a pace holds them back. */
  get behind() {
    return this.isPaced ? this.lastStep - this.furthest : 0;
  }

  /** Whether a recording is shown slower than it may be made. */
  get isPaced() {
    return this.pace !== null && this.pace < Infinity;
  }

  /** From the last step it starts again at the first, of the loop if there is one; where more steps may come it follows, at
   *  its pace from here on. */
  play() {
    if (this.isGrowing && !this.loop && this.isPaced) return this.#begin("following", this.step);
    if (this.isGrowing && !this.loop && this.step === this.lastStep) return this.follow();
    const atEnd = this.loop ? this.#isOutsideLoop(this.step) : this.step === this.lastStep;
    this.#begin("playing", atEnd ? (this.loop?.[0] ?? 0) : this.step);
  }

  /** From the first step, as if none had been shown. */
  again() {
    this.setLoop(null);
    this.seek(0);
    this.#change({ furthest: 0 });
    this.play();
  }

  /** @param {Mode} mode of moving
   *  @param {number} step to begin with */
  #begin(mode, step) {
    this.#shownMs = 0;
    this.#tickedAtMs = this.#now();
    this.#isResting = mode === "following" && step === this.lastStep;
    this.#change({ mode, step, wanted: step, direction: 1 });
    this.#schedule();
  }

  pause() {
    this.#change({ mode: "paused", waiting: false, wanted: this.step });
  }

  /** Between paused and playing; what follows a recording pauses. */
  toggle() {
    if (this.mode === "paused") this.play();
    else this.pause();
  }

  /** @param {number} speed steps per second = 4 · speed; clamped to ¼…8 */
  setSpeed(speed) {
    this.#change({ speed: Math.min(SPEEDS[SPEEDS.length - 1], Math.max(SPEEDS[0], speed)) });
  }

  /** Twice or half as fast; where there is a pace, the next one.
   *  @param {number} factor */
  scaleSpeed(factor) {
    if (this.pace === null) return this.setSpeed(this.speed * factor);
    const at = PACES.indexOf(this.pace) + Math.sign(factor - 1);
    this.setPace(PACES[Math.min(PACES.length - 1, Math.max(0, at))]);
  }

  /** @param {number|null} pace of PACES */
  setPace(pace) {
    this.#tickedAtMs = this.#now();
    this.#change({ pace });
    if (this.mode !== "following") return;
    if (this.isPaced) return this.#schedule();
    if (this.isGrowing) this.follow();
    else this.#change({ mode: "paused", step: this.lastStep, wanted: this.lastStep, waiting: false });
  }

  /** Play only within first…last, both included.
   *  @param {[number, number]|null} range in either order, clamped */
  setLoop(range) {
    const ends = range?.map((step) => Math.min(this.lastStep, Math.max(0, Math.round(step)))).sort((a, b) => a - b);
    this.#change({ loop: ends ? [ends[0], ends[1]] : null });
  }

  /** Begin the loop at this step; without a loop it goes on to the last step.
   *  @param {number} step */
  loopFrom(step) {
    this.setLoop([step, Math.max(step, this.loop?.[1] ?? this.lastStep)]);
  }

  /** End the loop at this step; without a loop it begins at the first step.
   *  @param {number} step */
  loopTo(step) {
    this.setLoop([Math.min(step, this.loop?.[0] ?? 0), step]);
  }

  /** To the newest step of a recording, and on with it; nothing where there is none under way. */
  follow() {
    if (!this.isGrowing) return;
    if (this.isPaced) return this.#begin("following", this.lastStep);
    this.#change({ mode: "following", direction: 1 });
    this.#followNewest();
    this.#schedule();
  }

  /** @param {boolean} isGrowing whether a recording is under way; when it ends, who followed it stands at its last step, or
   *    goes on to it at the pace */
  setGrowing(isGrowing) {
    const isThere = !this.isPaced || this.step === this.lastStep;
    const mode = !isGrowing && this.mode === "following" && isThere ? "paused" : this.mode;
    if (mode !== this.mode) this.#change({ isGrowing, mode, step: this.lastStep, wanted: this.lastStep, waiting: false });
    else this.#change({ isGrowing });
  }

  /** A recording grew.
   *  @param {number} numSteps */
  setNumSteps(numSteps) {
    this.#change({ numSteps });
    if (this.mode === "following") this.#followNewest();
    this.#schedule();
  }

  /** @param {(player: Player) => void} callback called once after each change
   *  @returns {() => void} unsubscribe */
  subscribe(callback) {
    this.#subscribers.add(callback);
    return () => this.#subscribers.delete(callback);
  }

  /** The view is gone: stop the loop and forget everybody. */
  close() {
    this.#subscribers.clear();
    this.pause();
  }

  /** @param {number} step */
  #isOutsideLoop(step) {
    return this.loop !== null && (step < this.loop[0] || step > this.loop[1]);
  }

  /** @param {number} step
   *  @returns {number|null} the step that playing shows after this one, null at the end */
  #next(step) {
    if (this.loop && this.mode !== "following") return this.#isOutsideLoop(step + 1) ? this.loop[0] : step + 1;
    return step < this.lastStep ? step + 1 : null;
  }

  #schedule() {
    const isBehind = this.waiting || (this.isPaced && this.step < this.lastStep);
    const isMoving = this.mode === "playing" || (this.mode === "following" && isBehind);
    if (this.#isScheduled || !isMoving) return;
    this.#isScheduled = true;
    this.#raf(() => {
      this.#isScheduled = false;
      if (this.mode === "playing") this.#advance();
      if (this.mode === "following") this.#followNewest();
      this.#schedule();
    });
  }

  #followNewest() {
    if (this.isPaced) return this.#advance();
    const wanted = this.lastStep;
    const isReady = this.numSteps > 0 && this.#ready(wanted);
    this.#change({ wanted, waiting: !isReady, step: isReady ? wanted : this.step });
  }

  /** Move on by as many steps as time allows, but over none whose frame is missing. */
  #advance() {
    const now = this.#now();
    const perSecond = this.pace === null ? STEPS_PER_SECOND * this.speed : Math.min(this.pace, FASTEST);
    const stepMs = 1000 / perSecond;
    const passedMs = now - this.#tickedAtMs;
    this.#shownMs = this.#isResting ? Math.min(stepMs, this.#shownMs + passedMs) : this.#shownMs + Math.min(MAX_TICK_MS, passedMs);
    this.#tickedAtMs = now;
    const wasShown = this.wanted !== this.step; // it waits for the next one; this one may have left the cache by now
    if (!wasShown && !this.#ready(this.step)) {
      this.#shownMs = 0;
      this.#change({ wanted: this.step, waiting: true });
      return;
    }
    let step = this.step;
    let next = this.#next(step);
    while (next !== null && this.#shownMs >= stepMs && this.#ready(next)) {
      this.#shownMs -= stepMs;
      step = next;
      next = this.#next(step);
    }
    const mode = next !== null ? this.mode : this.isGrowing ? "following" : "paused";
    this.#isResting = next === null && mode === "following";
    const waiting = next !== null && this.#shownMs >= stepMs;
    if (waiting) this.#shownMs = stepMs; // time spent waiting is not caught up
    this.#change({ step, mode, waiting, wanted: waiting ? /** @type {number} */ (next) : step });
  }

  /** @param {Partial<Pick<Player, "numSteps"|"isGrowing"|"step"|"wanted"|"mode"|"speed"|"loop"|"waiting"|"direction"|"pace"|"furthest">>} fields */
  #change(fields) {
    if (fields.step !== undefined && fields.step > this.furthest) fields.furthest = fields.step;
    const hasChanged = Object.entries(fields).some(([name, value]) => /** @type {any} */ (this)[name] !== value);
    if (!hasChanged) return;
    Object.assign(this, fields);
    for (const callback of [...this.#subscribers]) callback(this);
  }
}
