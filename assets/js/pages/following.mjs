/**
 * A recording under way, followed: every step of the stream goes to the one Scanner, in order, each once; what the stream left
 * out is fetched.
 *
 * Knows the protocol of docs/live.md; refuses to know drawing and the page around the Scanner.
 */

import { BadFrames, framesFromRecords } from "../core/wire.mjs";
import { Growth } from "../core/growth.mjs";
import { layoutFromMeta } from "../core/layout.mjs";
import { Scanner } from "./scanner.mjs";
import * as http from "../run/http.mjs";
import { LiveSocket } from "../run/socket.mjs";
import { toldUntilAnswered } from "../shell/failed.mjs";
import { rememberedPace } from "../shell/pace.mjs";
import { showToast } from "../shell/shell.mjs";

/** @typedef {object} LiveBoot
 *  @property {string|null} session null: the form
 *  @property {number} num_steps recorded when the page was made
 *  @property {boolean} is_steerable whether this server's worker records it
 *  @property {number} limit largest magnitude of any value so far
 *  @property {import("../core/address.mjs").View} [asked] what a lesson shows, instead of what the address asks for
 *  @property {boolean} [startsPaused] its clock stands at the first step until somebody lets it go */

const MOST_FETCHED = 64;
const [SEAL_LOOKS, SEAL_LOOK_MS] = [20, 500];

export class Following {
  /** @type {Scanner|null} */
  scanner = null;
  /** @type {Growth|null} */
  #growth = null;
  /** @type {import("../core/wire.mjs").Frame[]} that wait for their turn */
  #queue = [];
  /** @type {Set<number>} steps that came without their payloads */
  #thin = new Set();
  /** @type {Record<string, string>} of the tokens told so far: each is told once, maybe before there is a place for it */
  #texts = {};
  /** @type {any} */
  #meta = null;
  /** @type {any} the last message */
  #end = null;
  #isFilling = false;
  #abort = new AbortController();

  /** @param {LiveBoot} boot of a recording
   *  @param {object} context
   *  @param {Record<string, any>} context.scales assets/scales.json
   *  @param {import("./live_bar.mjs").LiveBar} context.bar
   *  @param {() => boolean} context.isHere whether the page is still there
   *  @param {() => void} context.makeRoom the first step is there: the Scanner's place must be seen before it is built
   *  @param {(scanner: Scanner) => void} context.onScanner it was built
   *  @param {(endReason: string) => void} [context.onEnd] every step of the recording is here
   *  @param {Pick<typeof http, "fetchFrames"|"fetchMeta"|"fetchSeries"|"fetchTokens">} [context.source]
   *  @param {(address: string) => any} [context.connect] address -> WebSocket
   *  @param {(...of: ConstructorParameters<typeof Scanner>) => Scanner} [context.openScanner] */
  constructor(boot, { scales, bar, isHere, makeRoom, onScanner, onEnd, source = http, connect, openScanner = (...of) => new Scanner(...of) }) {
    this.boot = boot;
    this.source = source;
    this.openScanner = openScanner;
    this.scales = scales;
    this.bar = bar;
    this.isHere = isHere;
    this.makeRoom = makeRoom;
    this.onScanner = onScanner;
    this.onEnd = onEnd ?? (() => {});
    bar.begin(boot.is_steerable);
    this.socket = new LiveSocket({
      session: /** @type {string} */ (boot.session),
      from: boot.num_steps,
      connect,
      onFrames: (frames) => this.#take(frames),
      onMessage: (message) => this.#hear(message),
      onLink: (link, waitMs) => bar.setLink(link, waitMs, this.socket?.next ?? 0),
    });
  }

  /** Stop following. */
  close() {
    this.#abort.abort();
    this.socket.close();
    this.scanner?.close();
  }

  /** @param {any} message of the stream */
  #hear(message) {
    if (!this.isHere()) return this.close();
    this.bar.hear(message);
    if (message.type === "hello") this.#begin(message);
    else if (message.type === "text") this.#learn(message.text);
    else if (message.type === "state") this.scanner?.setRunning(message.state === "running");
    else if (message.type === "dropped") for (const [first, last] of message.payload_steps) for (let step = first; step <= last; step++) this.#thin.add(step);
    if (message.type === "end") this.#end = message;
    if (message.type === "end" || message.type === "refused") this.#drain();
  }

  /** What was recorded before comes over HTTP, before the first step of the stream is taken.
   *  @param {any} meta of the session */
  async #begin(meta) {
    if (this.#meta) return; // connected again
    this.#meta = meta;
    const { session, num_steps: from, limit } = this.boot;
    const id = /** @type {string} */ (session);
    const { signal } = this.#abort;
    const ask = () =>
      Promise.all([this.source.fetchTokens(id, signal), ...(from ? ["l2", "p99"] : []).map((stat) => this.source.fetchSeries(id, stat, "", signal))]);
    try {
      const [tokens, l2, p99] = await toldUntilAnswered(ask, signal);
      if (from === 0) Object.assign(tokens, { sequence: [], steps: { pos0: [], t_add: [], phase: [], chosen_id: [], forced: [] } }); // all of it comes
      this.#growth = new Growth({ layout: layoutFromMeta(meta), tokens, l2, p99, limit });
      this.#learn({});
      if (from) this.#build();
      this.#drain();
    } catch (error) {
      if (!signal.aborted) showToast(/** @type {Error} */ (error).message, "error");
    }
  }

  /** @param {Record<string, string>} texts of tokens */
  #learn(texts) {
    Object.assign(this.#texts, texts);
    if (this.#growth) Object.assign(this.#growth.tokens.text, this.#texts);
  }

  #build() {
    const growth = /** @type {Growth} */ (this.#growth);
    this.makeRoom();
    const { asked, startsPaused = false, num_steps: from } = this.boot;
    const boot = {
      session: this.#meta.session.id,
      full_scale: growth.fullScale,
      limit: growth.limit,
      asked,
      pace: rememberedPace(),
      begin: startsPaused ? "paused" : from ? "newest" : "first",
    };
    const scanner = this.openScanner(boot, { ...this.#meta, version: "" }, growth.tokens, this.scales, growth);
    this.scanner = window.mri = scanner;
    scanner.setRunning(this.bar.state === "running");
    this.bar.follow(scanner.player);
    this.onScanner(scanner);
  }

  /** @param {import("../core/wire.mjs").Frame[]} frames */
  #take(frames) {
    if (!this.isHere()) return this.close();
    this.bar.count(frames);
    this.#queue.push(...frames);
    this.#drain();
  }

  /** Hand on what there is, up to a gap; a gap is filled first. */
  #drain() {
    const growth = this.#growth;
    if (!growth || this.#isFilling) return;
    /** @type {import("../core/wire.mjs").Frame[]} */
    const ready = [];
    while (this.#queue.length && this.#queue[0].header.step <= growth.numSteps) {
      const frame = /** @type {import("../core/wire.mjs").Frame} */ (this.#queue.shift());
      if (frame.header.step === growth.numSteps) growth.append(frame);
      ready.push(frame);
    }
    if (ready.length) {
      if (!this.scanner) this.#build();
      this.scanner?.append(ready);
    }
    const next = this.#queue[0]?.header.step ?? this.#end?.num_steps ?? 0;
    if (next > growth.numSteps) this.#fill(growth.numSteps, Math.min(next, growth.numSteps + MOST_FETCHED));
    else if (this.#end && !this.#queue.length) this.#settle();
  }

  /** @param {number} start
   *  @param {number} stop steps that the stream left out */
  async #fill(start, stop) {
    this.#isFilling = true;
    const { signal } = this.#abort;
    try {
      const [frames, texts] = await toldUntilAnswered(() => this.#fetch(start, stop), signal);
      this.#learn(texts);
      this.#queue.unshift(...frames);
    } catch (error) {
      if (signal.aborted) return;
      showToast(/** @type {Error} */ (error).message, "error");
      return this.#end && this.#settle(); // there will be no more than what is here
    } finally {
      this.#isFilling = false;
    }
    this.#drain();
  }

  /** Steps and the texts of their tokens, which the stream did not tell.
   *  @param {number} start
   *  @param {number} stop
   *  @returns {Promise<[import("../core/wire.mjs").Frame[], Record<string, string>]>} at least the first of them */
  async #fetch(start, stop) {
    const id = /** @type {string} */ (this.boot.session);
    const { signal } = this.#abort;
    const [records, { text }] = await Promise.all([this.source.fetchFrames(id, start, stop, signal), this.source.fetchTokens(id, signal)]);
    const frames = framesFromRecords(records);
    if (frames[0]?.header.step !== start) throw new BadFrames(`The server did not send step ${start}: retry.`);
    return [frames, text];
  }

  /** The recording is over, and every step of it is here. */
  async #settle() {
    const { scanner } = this;
    const meta = this.#meta;
    const { end_reason: reason } = this.#end;
    this.#end = null;
    if (!scanner) return;
    scanner.settle(this.#thin);
    this.onEnd(reason);
    for (let i = 0; i < SEAL_LOOKS && reason !== "died" && !this.#abort.signal.aborted; i++) {
      await new Promise((done) => setTimeout(done, SEAL_LOOK_MS));
      const now = await this.source.fetchMeta(meta.session.id, this.#abort.signal).catch(() => null);
      if (now?.version) return scanner.pin.settle(now); // one file now: it can be pinned
    }
  }
}
