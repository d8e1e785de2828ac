/** A server in memory, for tests: it notes every request, and is late, fails once, fails for good, or sends too little. */

import { SourceError } from "../../assets/js/run/http.mjs";
import { recordsOf } from "./bytes.mjs";

/** What a page that shows nothing yet offers to whoever has something to say. */
export function withoutPage() {
  globalThis.window = new EventTarget(); // `dispatchEvent(new Event("focus"))` asks again what failed
  globalThis.document = { getElementById: () => null, querySelectorAll: () => [] };
}

/** Whoever waits for an answer has had his turn. */
export const settled = () => new Promise((done) => setImmediate(done));

const LAYOUT = { n_layer: 0, n_head: 0, n_kv_head: 0, n_embd: 4, n_vocab: 0, points: [], config: { quantization: "f16", capture_mode: "topk" } };

/** What a server tells of a session of `numSteps` steps. */
export const metaOf = (numSteps) => ({
  session: { id: "x", layout: LAYOUT, num_prompt_tokens: 1 },
  num_steps: numSteps,
  groups: {},
  sampled: {},
  version: "v1",
});

export const tokensOf = (numSteps) => {
  const all = (value) => Array.from({ length: numSteps }, value);
  const steps = { pos0: all((_, i) => i), t_add: all(() => 1), phase: all(() => "decode"), chosen_id: all(() => 0), forced: all(() => false) };
  return { sequence: all(() => 0), text: { 0: "a" }, special: [], steps };
};

/** A Source of a finished session, and, by the names of http.mjs, the server that one asks. */
export class FakeSource {
  requests = [];
  /** Answer of the requests to come: how many of them fail, and with what. */
  numFaults = 0;
  fault = new SourceError("The server does not answer: check that it is running, then retry.");
  isLate = false;
  isThin = false;
  text = { 0: "a" };
  session = "x";
  #waiting = [];

  constructor(numSteps = 100) {
    this.meta = metaOf(numSteps);
    this.tokens = tokensOf(numSteps);
  }

  frames = (start, stop, signal) => this.#answer(`${start}-${stop}`, signal, () => recordsOf(start, this.isThin ? stop - 1 : stop));
  series = (stat, signal) => this.#answer(`series ${stat}`, signal, () => ({ surprise: [], entropy: [], points: [], every: 1 }));
  /** Bound, so that they can be handed on as functions. */
  fetchFrames = (id, start, stop, signal) => this.frames(start, stop, signal);
  fetchTokens = (id, signal) => this.#answer("tokens", signal, () => ({ ...tokensOf(0), text: { ...this.text } }));
  fetchMeta = (id, signal) => this.#answer("meta", signal, () => ({ version: "v1" }));
  fetchSeries = (id, stat, version, signal) => this.series(stat, signal);

  /** @param {number} [times] how many requests fail from now on; Infinity: for good */
  fail(times = 1) {
    this.numFaults = times;
  }

  /** Answer what is late. */
  answer() {
    for (const done of this.#waiting.splice(0)) done();
  }

  async #answer(request, signal, value) {
    this.requests.push(request);
    const isFault = this.numFaults > 0;
    this.numFaults -= isFault ? 1 : 0;
    if (this.isLate) {
      await new Promise((done, fail) => {
        this.#waiting.push(done);
        signal?.addEventListener("abort", () => fail(signal.reason));
      });
    }
    if (isFault) throw this.fault;
    return value();
  }
}

/** Time that a test moves by hand. */
export class FakeTime {
  nowMs = 0;
  #timers = new Map();
  #last = 0;

  setTimer = (callback, ms) => {
    this.#timers.set(++this.#last, { atMs: this.nowMs + ms, callback });
    return this.#last;
  };
  clearTimer = (timer) => this.#timers.delete(timer);

  get numTimers() {
    return this.#timers.size;
  }

  pass(ms) {
    this.nowMs += ms;
    for (const [timer, { atMs, callback }] of [...this.#timers]) {
      if (atMs > this.nowMs) continue;
      this.#timers.delete(timer);
      callback();
    }
  }
}
