/**
 * How long pictures take, for benchmarks and tests: the latest only.
 */

const MOST_TIMINGS = 1000;

export class Timings {
  /** @type {number[]} milliseconds of each draw */
  draw = [];
  /** @type {number[]} milliseconds from key press to painted picture */
  keyToPaint = [];
  /** @type {[number, number][]} of a recording that is followed, when its newest step was painted: [step, ms since 1970] */
  painted = [];
  #keyAtMs = 0;

  /** @param {number} startMs performance.now() when the draw began */
  drawn(startMs) {
    keepLast(this.draw, performance.now() - startMs);
  }

  /** @param {number} atMs event.timeStamp */
  keyPressed(atMs) {
    this.#keyAtMs ||= atMs;
  }

  /** @param {number|null} newest step that this picture shows, null: it does not show the newest one of a recording
   *  @param {() => void} then called when the browser has painted */
  afterPaint(newest, then) {
    const keyAtMs = this.#keyAtMs;
    this.#keyAtMs = 0;
    const { port1, port2 } = new MessageChannel(); // its message comes after the browser has painted this frame
    port1.onmessage = () => {
      if (keyAtMs) keepLast(this.keyToPaint, performance.now() - keyAtMs);
      if (newest !== null && newest > (this.painted.at(-1)?.[0] ?? -1)) keepLast(this.painted, [newest, performance.timeOrigin + performance.now()]);
      then();
      port1.close();
    };
    port2.postMessage(null);
  }
}

/** @template T
 *  @param {T[]} list
 *  @param {T} timing */
function keepLast(list, timing) {
  list.push(timing);
  if (list.length > MOST_TIMINGS) list.shift();
}
