/**
 * The Live page: a recording under way, from its place in the queue to its replay.
 *
 * Has a prompt recorded, follows the stream, and hands every step to the one Scanner, in order, each once; what the stream
 * left out it fetches. Knows the protocol of docs/live.md; refuses to know drawing.
 */

import { framesFromRecords } from "./core/wire.mjs";
import { Growth } from "./core/growth.mjs";
import { layoutFromMeta } from "./core/layout.mjs";
import { IDS } from "./names.mjs";
import { Scanner } from "./scanner.mjs";
import { fetchFrames, fetchMeta, fetchSeries, fetchTokens, startRecording, steerRecording } from "./source/http.mjs";
import { LiveSocket } from "./source/socket.mjs";
import { LiveBar } from "./views/live_bar.mjs";
import { showToast } from "./views/shell.mjs";

/** @typedef {object} LiveBoot
 *  @property {string|null} session null: the form
 *  @property {number} num_steps recorded when the page was made
 *  @property {boolean} is_steerable whether this server's worker records it
 *  @property {number} limit largest magnitude of any value so far */

const MOST_FETCHED = 64;
const LOOK_MS = 1000;
const [SEAL_LOOKS, SEAL_LOOK_MS] = [20, 500];

export class Live {
  /** @type {Scanner|null} */
  scanner = null;
  /** @type {LiveSocket|null} */
  socket = null;
  /** @type {Growth|null} */
  #growth = null;
  /** @type {import("./core/wire.mjs").Frame[]} that wait for their turn */
  #queue = [];
  /** @type {Set<number>} steps that came without their payloads */
  #thin = new Set();
  /** @type {any} */
  #meta = null;
  /** @type {any} the last message */
  #end = null;
  /** @type {LiveBoot|null} */
  #boot = null;
  #isFilling = false;
  #abort = new AbortController();

  /** @param {Record<string, any>} scales assets/scales.json */
  constructor(scales) {
    this.scales = scales;
    this.host = /** @type {HTMLElement} */ (document.getElementById(IDS.live));
    this.bar = new LiveBar(/** @type {HTMLElement} */ (document.getElementById(IDS.liveBar)), {
      waiting: /** @type {HTMLElement} */ (document.getElementById(IDS.liveWait)),
      steer: (what) => this.#steer(what),
      again: () => this.#again(),
    });
    const { signal } = this.#abort;
    const looks = setInterval(() => this.host.isConnected || this.close(), LOOK_MS);
    signal.addEventListener("abort", () => clearInterval(looks));
    addEventListener("popstate", () => this.#restore(), { signal });
    document.addEventListener("click", (event) => this.#navigate(event), { signal, capture: true });
  }

  close() {
    this.#abort.abort();
    this.#leave();
  }

  /** Have a prompt recorded, and watch.
   *  @param {Record<string, any>} request body of POST /record */
  async record(request) {
    try {
      const { id } = await startRecording(request);
      history.pushState(null, "", `/live?session=${id}`);
      this.watch({ session: id, num_steps: 0, is_steerable: true, limit: 0 });
    } catch (error) {
      showToast(/** @type {Error} */ (error).message, "error");
    }
  }

  /** @param {LiveBoot} boot of a recording */
  watch(boot) {
    this.#leave();
    const session = /** @type {string} */ (boot.session);
    this.#boot = boot;
    this.#show("is-waiting");
    window.dash_clientside.set_props(IDS.liveTick, { disabled: true });
    this.bar.begin(boot.is_steerable);
    this.socket = new LiveSocket({
      session,
      from: boot.num_steps,
      onFrames: (frames) => this.#take(frames),
      onMessage: (message) => this.#hear(message),
      onLink: (link, waitMs) => this.bar.setLink(link, waitMs, this.socket?.next ?? 0),
    });
  }

  /** @param {"is-form"|"is-waiting"|"is-scanning"} what is seen below the bar */
  #show(what) {
    for (const name of ["is-form", "is-waiting", "is-scanning"]) this.host.classList.toggle(name, name === what);
  }

  /** Stop watching. */
  #leave() {
    this.socket?.close();
    this.scanner?.close();
    [this.socket, this.scanner, this.#growth, this.#meta, this.#end, this.#boot] = [null, null, null, null, null, null];
    this.#queue = [];
    this.#thin.clear();
  }

  #showForm() {
    this.#leave();
    this.#show("is-form");
    window.dash_clientside.set_props(IDS.liveTick, { disabled: false });
  }

  /** The form once more, for the next recording. */
  #again() {
    history.pushState(null, "", "/live");
    this.#showForm();
    document.getElementById("live-prompt")?.focus();
  }

  /** Back or forward to an address that Dash takes for the one it has shown all along. */
  #restore() {
    if (location.pathname === "/live" && !location.search) this.#showForm();
  }

  /** Dash does not know that the address changed when a recording began: its link here would do nothing.
   *  @param {MouseEvent} event */
  #navigate(event) {
    const link = /** @type {HTMLElement} */ (event.target).closest?.("#nav-live");
    if (!link || !this.#boot || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#again();
  }

  /** @param {"pause"|"resume"|"step"|"stop"} what */
  async #steer(what) {
    try {
      await steerRecording(/** @type {string} */ (this.#boot?.session), what);
    } catch (error) {
      showToast(/** @type {Error} */ (error).message, "error");
    }
  }

  /** @param {any} message of the stream */
  #hear(message) {
    if (!this.host.isConnected) return this.close();
    this.bar.hear(message);
    if (message.type === "hello") this.#begin(message);
    else if (message.type === "text" && this.#growth) Object.assign(this.#growth.tokens.text, message.text);
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
    const { session, num_steps: from, limit } = /** @type {LiveBoot} */ (this.#boot);
    const { signal } = this.#abort;
    try {
      const tokens = await fetchTokens(session, signal);
      if (from === 0) Object.assign(tokens, { sequence: [], steps: { pos0: [], t_add: [], phase: [], chosen_id: [], forced: [] } }); // all of it comes
      const [l2, p99] = from ? await Promise.all(["l2", "p99"].map((stat) => fetchSeries(session, stat, "", signal))) : [];
      if (this.#meta !== meta) return; // left meanwhile
      this.#growth = new Growth({ layout: layoutFromMeta(meta), tokens, l2, p99, limit });
      if (from) this.#build();
      this.#drain();
    } catch (error) {
      if (!signal.aborted) showToast(/** @type {Error} */ (error).message, "error");
    }
  }

  #build() {
    const growth = /** @type {Growth} */ (this.#growth);
    this.#show("is-scanning");
    const boot = { session: this.#meta.session.id, full_scale: growth.fullScale, limit: growth.limit };
    const scanner = new Scanner(boot, { ...this.#meta, version: "" }, growth.tokens, this.scales, growth);
    this.scanner = window.mri = scanner;
    scanner.setRunning(this.bar.state === "running");
    scanner.firstPaint.then(() => scanner === this.scanner && window.dash_clientside.set_props(IDS.mounted, { data: boot.session }));
  }

  /** @param {import("./core/wire.mjs").Frame[]} frames */
  #take(frames) {
    if (!this.host.isConnected) return this.close();
    this.bar.count(frames);
    this.#queue.push(...frames);
    this.#drain();
  }

  /** Hand on what there is, up to a gap; a gap is filled first. */
  #drain() {
    const growth = this.#growth;
    if (!growth || this.#isFilling) return;
    /** @type {import("./core/wire.mjs").Frame[]} */
    const ready = [];
    while (this.#queue.length && this.#queue[0].header.step <= growth.numSteps) {
      const frame = /** @type {import("./core/wire.mjs").Frame} */ (this.#queue.shift());
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
    const growth = this.#growth;
    try {
      const frames = framesFromRecords(await fetchFrames(/** @type {string} */ (this.#boot?.session), start, stop, this.#abort.signal));
      if (growth === this.#growth) this.#queue.unshift(...frames);
      this.#isFilling = false;
      this.#drain();
    } catch (error) {
      this.#isFilling = false; // tried again with what comes next
      if (!this.#abort.signal.aborted) showToast(/** @type {Error} */ (error).message, "error");
    }
  }

  /** The recording is over, and every step of it is here. */
  async #settle() {
    const { scanner } = this;
    const meta = this.#meta;
    const { end_reason: reason } = this.#end;
    this.#end = null;
    if (!scanner) return;
    scanner.settle(this.#thin);
    for (let i = 0; i < SEAL_LOOKS && reason !== "died" && scanner === this.scanner && !this.#abort.signal.aborted; i++) {
      await new Promise((done) => setTimeout(done, SEAL_LOOK_MS));
      const now = await fetchMeta(meta.session.id, this.#abort.signal).catch(() => null);
      if (now?.version) return scanner.pin.settle(now); // one file now: it can be pinned
    }
  }
}
