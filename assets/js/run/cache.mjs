/**
 * Frames in memory, fetched in windows around the clock, bounded in bytes.
 *
 * Knows steps, windows and who was used last. Refuses to know addresses (it is given `fetchWindow`) and the screen.
 * Windows are aligned, so that every visit asks for the same addresses and the browser's HTTP cache can answer.
 * A first picture needs a step and its neighbours, and asks for no more until `fill`.
 */

import { BadFrames, framesFromRecords } from "../core/wire.mjs";
import { Again } from "./again.mjs";

/** @typedef {import("../core/wire.mjs").Frame} Frame */
/** @typedef {{frames: (Frame|undefined)[], numBytes: number}} Window frames by their place in it; while recording some may be
 *  missing, at its end and elsewhere */

export const WINDOW_STEPS = 64;

/** A step and its neighbours, as far as they are in its window: what a first picture is drawn from.
 *  @param {number} step
 *  @param {number} numSteps of the session
 *  @param {number} [windowSteps]
 *  @returns {[number, number]} [start, stop] */
export function neighboursOf(step, numSteps, windowSteps = WINDOW_STEPS) {
  const first = step - (step % windowSteps);
  return [Math.max(first, step - 1), Math.min(first + windowSteps, numSteps, step + 2)];
}

/** What the page calls: `get(step)` while drawing; `ensure(player.wanted, player.direction)` at every change of the
 *  player, which fetches what is missing and looks ahead; `fill(step)`
 *  once the line has time for more than the first picture; `failureOf(step)` to say what did not come, `retry()` from the
 *  button beside it. */
export class FrameCache {
  /** @type {Map<number, Window>} by window index, least recently used first */
  #windows = new Map();
  /** @type {Map<number, Promise<(Frame|undefined)[]>>} requests under way */
  #pending = new Map();
  /** @type {Map<number, {error: Error, isDue: boolean}>} asked for again when it is due, or when the clock comes there anew */
  #failed = new Map();
  /** @type {Map<number, number>} window -> bytes when last seen, so that none is prefetched that cannot stay */
  #knownBytes = new Map();
  #current = 0;
  #abort = new AbortController();
  #fetchWindow;
  #windowSteps;
  #maxBytes;
  #isFilling;
  #again;
  #retry = () => this.retry();

  /** @param {object} options
   *  @param {(start: number, stop: number, signal: AbortSignal) => Promise<ArrayBuffer>} options.fetchWindow
   *  @param {number} options.numSteps
   *  @param {number} [options.windowSteps]
   *  @param {boolean} [options.isFilling] false: until `fill` a step that is missing comes with its neighbours only
   *  @param {number} [options.maxBytes] may be passed only by the window of the current step
   *  @param {() => void} [options.onFailure] something did not come, or it is time to ask for it again: draw
   *  @param {Again} [options.again] */
  constructor({ fetchWindow, numSteps, windowSteps = WINDOW_STEPS, isFilling = true, maxBytes = 64 * 1024 * 1024, onFailure = () => {}, again = new Again() }) {
    this.numSteps = numSteps; // of a recording that grows: so far
    this.#fetchWindow = fetchWindow;
    this.#windowSteps = windowSteps;
    this.#isFilling = isFilling;
    this.#maxBytes = maxBytes;
    this.onFailure = onFailure;
    this.#again = again;
  }

  /** Bytes held. */
  get numBytes() {
    return [...this.#windows.values()].reduce((sum, { numBytes }) => sum + numBytes, 0);
  }

  /** @param {number} step
   *  @returns {Frame|null} null where it is not in memory */
  get(step) {
    const index = this.#indexOf(step);
    const held = this.#windows.get(index);
    const frame = held?.frames[step - index * this.#windowSteps];
    if (!held || !frame) return null;
    this.#windows.delete(index); // last used goes to the end
    this.#windows.set(index, held);
    return frame;
  }

  /** The frame, fetched if need be; makes its window the current one, which is never evicted.
   *  @param {number} step
   *  @param {number} [direction] 1 or −1: past the middle of a window, fetch the next one that way; 0: only this step
   *  @returns {Promise<Frame>} rejects with an Error whose message is a sentence, and with the same one, asking nothing,
   *           until it is time to ask again; rejects with an AbortError after `close` */
  async ensure(step, direction = 1) {
    if (!(step >= 0 && step < this.numSteps)) throw new RangeError(`There is no step ${step}: the session has ${this.numSteps}.`);
    const index = this.#indexOf(step);
    if (index !== this.#current) this.#failed.delete(index); // somebody came here anew
    this.#current = index;
    let frame = this.get(step);
    // A request that was under way may be for other steps, or made before the recording reached this one: then ask once more.
    while (!frame) frame = (await this.#load(index, step))[step - index * this.#windowSteps] ?? null;
    if (this.#current === index) this.#prefetch(step, index, direction);
    return frame;
  }

  /** From now on whole windows are fetched, and ahead; at once that of `step`.
   *  @param {number} step where the clock is */
  async fill(step) {
    if (this.#isFilling) return;
    this.#isFilling = true;
    const index = this.#indexOf(step);
    await this.#pending.get(index)?.catch(() => {});
    if (this.#missing(index)) this.#load(index, step).catch(() => {}); // told, if it lasts, when a step of it is needed
  }

  /** Take a frame that came by another way than asking; the recording grows to it.
   *  @param {Frame} frame */
  push(frame) {
    const { step } = frame.header;
    this.numSteps = Math.max(this.numSteps, step + 1);
    this.#put(step, frame);
    this.#trim();
  }

  /** The step is asked for again when it is needed: what is here lacks something.
   *  @param {number} step */
  forget(step) {
    if (this.get(step)) this.#put(step);
  }

  /** Why a step is not here: its last request failed, and none was answered since.
   *  @param {number} step
   *  @returns {Error|null} whose message is a sentence */
  failureOf(step) {
    return this.#failed.get(this.#indexOf(step))?.error ?? null;
  }

  /** The next `ensure` asks again for what failed. */
  retry() {
    for (const failure of this.#failed.values()) failure.isDue = true;
    this.onFailure();
  }

  /** Another session was opened: abort what is under way, drop everything. */
  close() {
    this.#abort.abort();
    this.#again.close();
    this.#windows.clear();
  }

  /** @param {number} step */
  #indexOf(step) {
    return Math.floor(step / this.#windowSteps);
  }

  /** @param {number} step
   *  @param {number} index
   *  @param {number} direction */
  #prefetch(step, index, direction) {
    const next = index + direction;
    const exists = this.#isFilling && direction !== 0 && next >= 0 && next * this.#windowSteps < this.numSteps;
    if (!exists || !this.#missing(next)) return;
    const into = step - index * this.#windowSteps;
    const stepsLeft = direction > 0 ? this.#windowSteps - 1 - into : into;
    const currentBytes = this.#knownBytes.get(index) ?? 0;
    const nextBytes = this.#knownBytes.get(next) ?? currentBytes;
    if (stepsLeft > this.#windowSteps / 2 || currentBytes + nextBytes > this.#maxBytes) return;
    this.#load(next, next * this.#windowSteps).catch(() => {}); // told, if it lasts, when the step is needed
  }

  /** @param {number} index
   *  @returns {number} steps that this window has by now */
  #stepsOf(index) {
    return Math.min(this.#windowSteps, this.numSteps - index * this.#windowSteps);
  }

  /** What a window lacks, from the first missing step to the last.
   *  @param {number} index
   *  @returns {[number, number]|null} [start, stop] within the window, null where all is here */
  #missing(index) {
    const frames = this.#windows.get(index)?.frames ?? [];
    let [start, stop] = [0, this.#stepsOf(index)];
    while (start < stop && frames[start]) start++;
    while (stop > start && frames[stop - 1]) stop--;
    return start < stop ? [start, stop] : null;
  }

  /** One request per window, however many wait for it.
   *  @param {number} index
   *  @param {number} step of the window, that is wanted
   *  @returns {Promise<(Frame|undefined)[]>} of the window */
  #load(index, step) {
    const failure = this.#failed.get(index);
    if (failure && !failure.isDue) return Promise.reject(failure.error);
    let request = this.#pending.get(index);
    if (!request) {
      request = this.#request(index, step).finally(() => this.#pending.delete(index));
      this.#pending.set(index, request);
    }
    return request;
  }

  /** @param {number} index
   *  @param {number} step
   *  @returns {Promise<(Frame|undefined)[]>} */
  async #request(index, step) {
    const { signal } = this.#abort;
    const first = index * this.#windowSteps;
    const lacking = (this.#missing(index) ?? [0, this.#stepsOf(index)]).map((place) => first + place);
    const [start, stop] = this.#isFilling ? lacking : neighboursOf(step, this.numSteps, this.#windowSteps);
    try {
      signal.throwIfAborted();
      const buffer = await this.#fetchWindow(start, stop, signal);
      signal.throwIfAborted();
      const missing = checkedFrames(buffer, start, stop).filter(({ header }) => !this.get(header.step)); // more may have come meanwhile
      for (const frame of missing) this.#put(frame.header.step, frame);
      const { frames } = /** @type {Window} */ (this.#windows.get(index));
      this.#trim();
      this.#failed.delete(index);
      this.#again.answered();
      return frames;
    } catch (error) {
      if (signal.aborted) throw error;
      this.#failed.set(index, { error: /** @type {Error} */ (error), isDue: false });
      if (!(/** @type {any} */ (error).isFinal)) this.#again.wait(this.#retry);
      this.onFailure();
      throw error;
    }
  }

  /** @param {number} step
   *  @param {Frame} [frame] in its place; none: what is there goes */
  #put(step, frame) {
    const index = this.#indexOf(step);
    const { frames, numBytes } = this.#windows.get(index) ?? { frames: [], numBytes: 0 };
    const place = step - index * this.#windowSteps;
    const newBytes = numBytes + bytesOf(frame) - bytesOf(frames[place]);
    frames[place] = frame;
    this.#windows.delete(index);
    this.#windows.set(index, { frames, numBytes: newBytes });
    this.#knownBytes.set(index, newBytes);
  }

  /** The least recently used windows go, as far as there is no room for them. */
  #trim() {
    for (const index of this.#windows.keys()) {
      if (this.numBytes <= this.#maxBytes) return;
      if (index !== this.#current) this.#windows.delete(index);
    }
  }
}

/** @param {Frame} [frame]
 *  @returns {number} that it takes up here */
function bytesOf(frame) {
  return frame?.record?.byteLength ?? frame?.numBytes ?? 0;
}

/** @param {ArrayBuffer} buffer
 *  @param {number} start
 *  @param {number} stop
 *  @returns {Frame[]} exactly the steps start…stop−1
 *  @throws {BadFrames} */
function checkedFrames(buffer, start, stop) {
  const frames = framesFromRecords(buffer);
  if (frames.length !== stop - start || frames.some((frame, i) => frame.header.step !== start + i)) {
    throw new BadFrames(`The server sent ${frames.length} steps instead of steps ${start} to ${stop - 1}: retry.`);
  }
  return frames;
}
