/**
 * A recording under way as the Source of a Run: every step of its stream goes to the Run, in order, each once; what the stream left
 * out is fetched.
 *
 * Knows the protocol of docs/live.md; refuses to know who looks on.
 */

import { BadFrames, framesFromRecords } from "../core/wire.mjs";
import { untilAnswered } from "./again.mjs";
import * as http from "./http.mjs";
import { Run } from "./run.mjs";
import { Served } from "./served.mjs";
import { LiveSocket } from "./socket.mjs";

/** @typedef {import("../core/wire.mjs").Frame} Frame */

const MOST_FETCHED = 64;
const [SEAL_LOOKS, SEAL_LOOK_MS] = [20, 500];

export class Feed {
  /** @type {Run|null} */
  run = null;
  /** @type {Frame[]} that wait for their turn */
  #queue = [];
  /** @type {Set<number>} steps that came without their payloads */
  #thin = new Set();
  /** @type {Record<string, string>} of the tokens told so far: each is told once, maybe before there is a place for it */
  #texts = {};
  /** @type {Wire.Hello|null} */
  #hello = null;
  /** @type {Wire.End|Wire.Refused|null} */
  #end = null;
  #isRunning = true;
  #isShown = false;
  #isFilling = false;
  #abort = new AbortController();

  /** @param {{session: string, num_steps: number, limit: number}} begun session, and what was recorded when that was asked
   *  @param {object} context
   *  @param {(run: Run) => void} context.onRun its first step is there
   *  @param {(message: Wire.Message) => void} context.onMessage
   *  @param {(frames: Frame[]) => void} context.onFrames as they come, maybe not yet in their turn
   *  @param {(link: import("./socket.mjs").Link, waitMs: number, next: number) => void} context.onLink
   *  @param {(endReason: string) => void} [context.onEnd] every step is there
   *  @param {(error: Error) => void} [context.onGiveUp] what cannot be had for good
   *  @param {<T>(ask: () => Promise<T>, signal: AbortSignal) => Promise<T>} [context.insist] until it is answered, as untilAnswered
   *  @param {import("./served.mjs").Server} [context.server]
   *  @param {(address: string) => any} [context.connect] address -> WebSocket
   *  @param {(callback: () => void, ms: number) => unknown} [context.setTimer] */
  constructor(begun, { connect, server = http, insist = (ask, signal) => untilAnswered(ask, signal, () => {}), ...context }) {
    this.begun = begun;
    this.context = context;
    this.server = server;
    this.insist = insist;
    this.socket = new LiveSocket({
      session: begun.session,
      from: begun.num_steps,
      connect,
      onFrames: (frames) => {
        context.onFrames(frames);
        this.#queue.push(...frames);
        if (!this.#abort.signal.aborted) this.#drain();
      },
      onMessage: (message) => this.#hear(message),
      onLink: (link, waitMs) => context.onLink(link, waitMs, this.socket?.next ?? 0),
    });
  }

  /** Stop following; a Run that was given out stays as it is. */
  close() {
    this.#abort.abort();
    this.socket.close();
    if (!this.#isShown) this.run?.close();
  }

  /** @param {Wire.Message} message */
  #hear(message) {
    this.context.onMessage(message);
    if (this.#abort.signal.aborted) return;
    if (message.type === "hello" || message.type === "state") {
      this.#isRunning = message.state === "running";
      this.run?.setRunning(this.#isRunning);
    }
    if (message.type === "hello") this.#begin(message);
    else if (message.type === "text") this.#learn(message.text);
    else if (message.type === "dropped") for (const [first, last] of message.payload_steps) for (let step = first; step <= last; step++) this.#thin.add(step);
    else if (message.type === "end" || message.type === "refused") {
      this.#end = message;
      this.#drain();
    }
  }

  /** What was recorded before comes over HTTP, before the first step of the stream is taken.
   *  @param {Wire.Hello} hello */
  async #begin(hello) {
    if (this.#hello) return; // connected again
    this.#hello = hello;
    const { session: id, num_steps: from, limit } = this.begun;
    const { signal } = this.#abort;
    const { fetchTokens, fetchSeries } = this.server;
    const ask = () => Promise.all([fetchTokens(id, signal), ...(from ? ["l2", "p99"] : []).map((stat) => fetchSeries(id, stat, "", signal))]);
    try {
      const [tokens, l2, p99] = await this.insist(ask, signal);
      if (from === 0) Object.assign(tokens, { sequence: [], steps: { pos0: [], t_add: [], phase: [], chosen_id: [], forced: [] } }); // all of it comes
      const source = new Served(id, { ...hello, version: "" }, tokens, this.server);
      source.begun = { l2, p99, limit };
      this.source = source;
      this.run = new Run(source);
      this.run.setRunning(this.#isRunning);
      this.#learn({});
      this.#drain();
    } catch (error) {
      if (!signal.aborted) this.context.onGiveUp?.(/** @type {Error} */ (error));
    }
  }

  /** @param {Record<string, string>} texts of tokens */
  #learn(texts) {
    Object.assign(this.#texts, texts);
    if (this.run) Object.assign(this.run.tokens.text, this.#texts);
  }

  /** Hand on what there is, up to a gap; a gap is filled first. */
  #drain() {
    const { run } = this;
    if (!run || this.#isFilling) return;
    const ready = [];
    let next = run.numSteps;
    while (this.#queue.length && this.#queue[0].header.step <= next) {
      const frame = /** @type {Frame} */ (this.#queue.shift());
      ready.push(frame);
      next = Math.max(next, frame.header.step + 1);
    }
    if (ready.length) run.append(ready);
    if (run.numSteps && !this.#isShown) {
      this.#isShown = true;
      this.context.onRun(run);
    }
    const end = this.#end;
    next = this.#queue[0]?.header.step ?? (end?.type === "end" ? end.num_steps : 0);
    if (next > run.numSteps) this.#fill(run.numSteps, Math.min(next, run.numSteps + MOST_FETCHED));
    else if (end && !this.#queue.length) this.#settle();
  }

  /** @param {number} start
   *  @param {number} stop steps that the stream left out */
  async #fill(start, stop) {
    this.#isFilling = true;
    const { signal } = this.#abort;
    try {
      const [frames, texts] = await this.insist(() => this.#fetch(start, stop), signal);
      this.#learn(texts);
      this.#queue.unshift(...frames);
    } catch (error) {
      if (signal.aborted) return;
      this.context.onGiveUp?.(/** @type {Error} */ (error));
      return this.#end && this.#settle(); // there will be no more than what is here
    } finally {
      this.#isFilling = false;
    }
    this.#drain();
  }

  /** Steps and the texts of their tokens, which the stream did not tell.
   *  @param {number} start
   *  @param {number} stop
   *  @returns {Promise<[Frame[], Record<string, string>]>} at least the first of them */
  async #fetch(start, stop) {
    const { session: id } = this.begun;
    const { signal } = this.#abort;
    const [records, { text }] = await Promise.all([this.server.fetchFrames(id, start, stop, signal), this.server.fetchTokens(id, signal)]);
    const frames = framesFromRecords(records);
    if (frames[0]?.header.step !== start) throw new BadFrames(`The server did not send step ${start}: retry.`);
    return [frames, text];
  }

  /** The recording is over, and every step of it is here. */
  async #settle() {
    const { run } = this;
    const reason = this.#end?.type === "end" ? this.#end.end_reason : "";
    this.#end = null;
    if (!run?.numSteps) return;
    run.settle(this.#thin);
    this.context.onEnd?.(reason);
    for (let i = 0; i < SEAL_LOOKS && reason !== "died" && !this.#abort.signal.aborted; i++) {
      await new Promise((done) => (this.context.setTimer ?? setTimeout)(() => done(null), SEAL_LOOK_MS));
      const now = await this.server.fetchMeta(this.begun.session, this.#abort.signal).catch(() => null);
      if (now?.version) return this.source?.settle(now); // one file now: it can be pinned
    }
  }
}
