/**
 * One recording's live stream (docs/live.md): messages in order, over as many connections as it takes.
 *
 * Knows WebSockets, close codes, and which step comes next; connects again by itself, waiting twice as long each time.
 * Refuses to know what steps and messages mean, and the page.
 */

import { framesFromRecords } from "../core/wire.mjs";

export const FIRST_WAIT_MS = 250;
export const MOST_WAIT_MS = 8000;

/** @typedef {import("../core/wire.mjs").Frame} Frame */

/** What the page hears of the connection: `waiting` has the milliseconds until the next try; `over` is the last word.
 *  @typedef {"connecting"|"open"|"waiting"|"over"} Link */

export class LiveSocket {
  /** @type {any} */
  #socket = null;
  /** @type {any} */
  #timer = null;
  #tries = 0;
  #isOver = false;
  #options;

  /** @param {object} options
   *  @param {string} options.session
   *  @param {number} options.from first step wanted
   *  @param {(frames: Frame[]) => void} options.onFrames in order; on a new connection from where the last one broke off
   *  @param {(message: Wire.Message) => void} options.onMessage control messages, parsed
   *  @param {(link: Link, waitMs: number) => void} options.onLink
   *  @param {(address: string) => any} [options.connect] address -> WebSocket
   *  @param {(callback: () => void, ms: number) => any} [options.setTimer]
   *  @param {(timer: any) => void} [options.clearTimer] */
  constructor({ connect = (address) => new WebSocket(address), ...options }) {
    const timers = { setTimer: setTimeout.bind(globalThis), clearTimer: clearTimeout.bind(globalThis) };
    this.#options = { connect, ...timers, ...options };
    /** The step that comes next. */
    this.next = options.from;
    this.#connect();
  }

  /** The view is gone, or nothing more is wanted: not a word from here on. */
  close() {
    this.#isOver = true;
    this.#options.clearTimer(this.#timer);
    this.#socket?.close();
  }

  #connect() {
    const { session, connect, onLink } = this.#options;
    const address = `${globalThis.location?.origin ?? "http://localhost"}/live/${encodeURIComponent(session)}?from=${this.next}`;
    onLink("connecting", 0);
    const socket = connect(address.replace(/^http/, "ws"));
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => !this.#isOver && onLink("open", 0);
    socket.onmessage = (/** @type {{data: string|ArrayBuffer}} */ { data }) => this.#isOver || this.#take(data);
    socket.onclose = () => this.#isOver || this.#again();
  }

  /** @param {string|ArrayBuffer} data */
  #take(data) {
    this.#tries = 0; // it is the server that answers, so the next fault is another one
    if (typeof data !== "string") {
      const frames = framesFromRecords(data);
      this.next = frames[frames.length - 1].header.step + 1;
      return this.#options.onFrames(frames);
    }
    const message = JSON.parse(data);
    const isLast = message.type === "end" || message.type === "refused";
    if (isLast) this.#isOver = true; // before the page hears it: it may ask for something else at once
    this.#options.onMessage(message);
    if (isLast) this.#options.onLink("over", 0);
  }

  /** A close without a last word: a network fault, or a server that went. */
  #again() {
    const waitMs = Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#tries);
    this.#tries++;
    this.#options.onLink("waiting", waitMs);
    this.#timer = this.#options.setTimer(() => this.#connect(), waitMs);
  }
}
