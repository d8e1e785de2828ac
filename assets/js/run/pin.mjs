/**
 * A session pinned in this browser: its frames, metadata, tokens and lines in IndexedDB, for replay without the server.
 *
 * Keyed by session and version, so that a file that changed is not answered from an old copy. Keeps windows of steps as
 * the bytes they came in. Knows IndexedDB and where a step's record ends; refuses to know what it means, and the page.
 */

import { framesFromRecords } from "../core/wire.mjs";
import { WINDOW_STEPS } from "./cache.mjs";
import { fetchFrames, fetchMeta, fetchSeries, fetchTokens } from "./http.mjs";

export const MOST_PINNED_BYTES = 64 * 1024 * 1024;
const BROKEN_OFF_MS = 60_000; // a window is kept more often than that

/** @typedef {"none"|"pinning"|"pinned"|"impossible"} PinState */

export class Pin {
  /** @type {PinState} */
  state = "none";
  /** Bytes kept, or fetched so far. */
  numBytes = 0;
  /** What `serverAnswers` found last. */
  isOffline = false;
  #seen = { numBytes: 0, numSteps: 0 };
  /** Called when state or bytes change. */
  onChange = () => {};

  /** @param {object} options
   *  @param {string} options.session
   *  @param {Wire.Meta} options.meta
   *  @param {import("../core/types.mjs").Tokens} options.tokens */
  constructor({ session, meta, tokens }) {
    this.session = session;
    this.meta = meta;
    this.tokens = tokens;
    this.key = `${session}@${meta.version}`;
    if (!meta.version || !globalThis.indexedDB) this.state = "impossible"; // it still grows, or there is nowhere to keep it
    this.ready = this.#look();
  }

  /** The recording is over: what is its file now can be pinned.
   *  @param {Wire.Meta} meta */
  settle(meta) {
    this.meta = meta;
    this.key = `${this.session}@${meta.version}`;
    if (meta.version && globalThis.indexedDB) this.#become("none", 0);
  }

  /** About how many bytes the session has, from the windows seen so far; 0 before the first. */
  get aboutBytes() {
    const { numBytes, numSteps } = this.#seen;
    return numSteps ? Math.round((numBytes / numSteps) * this.meta.num_steps) : 0;
  }

  /** Frames that came from the server, from which it is told how large the whole is.
   *  @param {number} numBytes
   *  @param {number} numSteps */
  see(numBytes, numSteps) {
    this.#seen.numBytes += numBytes;
    this.#seen.numSteps += numSteps;
    this.onChange();
  }

  /** @param {number} start
   *  @param {number} stop within one window: so the cache asks
   *  @returns {Promise<ArrayBuffer|null>} null where it is not pinned, or cannot be read */
  async frames(start, stop) {
    if (this.state !== "pinned") return null;
    const first = start - (start % WINDOW_STEPS);
    const found = await inStore("windows", "readonly", (store) => store.get([this.key, first])).catch(() => null);
    return found ? recordsOf(found.bytes, start, stop) : null;
  }

  /** @returns {Promise<import("../core/types.mjs").Series|null>} l2 over all steps, as `frames` */
  async series() {
    const [kept] = this.state === "pinned" ? await pinnedOf(this.session).catch(() => []) : [];
    return kept?.series ?? null;
  }

  /** Fetch and keep every step. Where that fails nothing is kept.
   *  @throws {Error} whose message is a sentence */
  async pin() {
    this.#become("pinning", 0);
    try {
      for (let start = 0; start < this.meta.num_steps; start += WINDOW_STEPS) {
        const stop = Math.min(start + WINDOW_STEPS, this.meta.num_steps);
        const bytes = await fetchFrames(this.session, start, stop, undefined, this.meta.version);
        if (this.numBytes + bytes.byteLength > MOST_PINNED_BYTES) {
          throw new Error("This session has more than 64 MB of frames: it stays on the server, record a shorter one to pin it.");
        }
        await this.#write("sessions", { key: this.key, session: this.session, isBegun: Date.now() }); // to be found if it is broken off
        await this.#write("windows", { key: this.key, start, bytes });
        this.#become("pinning", this.numBytes + bytes.byteLength);
      }
      const { key, session, meta, tokens, numBytes } = this;
      const series = await fetchSeries(session, "l2", meta.version);
      await this.#write("sessions", { key, session, meta, tokens, series, numBytes });
      await navigator.storage?.persist?.();
      this.#become("pinned", numBytes);
    } catch (error) {
      await forget(this.key).catch(() => {});
      this.#become("none", 0);
      if (/** @type {any} */ (error)?.name !== "QuotaExceededError") throw error;
      throw new Error("This browser has no room left for the session: unpin another one, or free some space on the disk.");
    }
  }

  async unpin() {
    await forget(this.key);
    this.#become("none", 0);
  }

  /** Whether a chart can be asked for. Only a pinned session may be on the screen without a server: then ask it. */
  async serverAnswers() {
    if (this.state !== "pinned") return true;
    const answer = await fetch(`/sessions/${encodeURIComponent(this.session)}/meta`, { method: "HEAD", cache: "no-store" }).catch(() => null);
    this.isOffline = !answer?.ok;
    this.onChange();
    return !this.isOffline;
  }

  async #look() {
    if (this.state === "impossible") return;
    try {
      for (const kept of await sessionsOf(this.session)) {
        const isBrokenOff = kept.isBegun < Date.now() - BROKEN_OFF_MS;
        if (kept.key !== this.key || isBrokenOff)
          await forget(kept.key); // of a file that is no more, or a part only
        else if (kept.isBegun)
          continue; // another tab is at it
        else if (this.state === "none") this.#become("pinned", kept.numBytes);
      }
    } catch {
      this.#become("impossible", 0);
    }
  }

  /** @param {PinState} state
   *  @param {number} numBytes */
  #become(state, numBytes) {
    this.state = state;
    this.numBytes = numBytes;
    if (state !== "pinned") this.isOffline = false;
    this.onChange();
  }

  /** @param {string} store
   *  @param {any} value */
  #write(store, value) {
    return inStore(store, "readwrite", (into) => into.put(value));
  }
}

/** Of a window's records those of the steps start…stop−1.
 *  @param {ArrayBuffer} bytes
 *  @param {number} start
 *  @param {number} stop
 *  @returns {ArrayBuffer} the same one where it is all of them */
export function recordsOf(bytes, start, stop) {
  const records = framesFromRecords(bytes).filter(({ header }) => header.step >= start && header.step < stop);
  const [first, last] = [records[0], records.at(-1)].map((frame) => /** @type {Uint8Array} */ (frame?.record));
  if (!first || last.byteOffset + last.byteLength - first.byteOffset === bytes.byteLength) return bytes;
  return bytes.slice(first.byteOffset, last.byteOffset + last.byteLength);
}

/** A session's metadata and tokens: from the server, or where it does not answer, from the pinned copy.
 *  @param {string} session
 *  @param {AbortSignal} [signal]
 *  @returns {Promise<[Wire.Meta, import("../core/types.mjs").Tokens]>}
 *  @throws {import("./http.mjs").SourceError} */
export async function metaAndTokens(session, signal) {
  try {
    return await Promise.all([fetchMeta(session, signal), fetchTokens(session, signal)]);
  } catch (error) {
    const [kept] = await pinnedOf(session).catch(() => []);
    if (!kept) throw error;
    return [kept.meta, kept.tokens];
  }
}

/** @param {string} session
 *  @returns {Promise<any[]>} what is whole */
async function pinnedOf(session) {
  return (await sessionsOf(session)).filter(({ isBegun }) => !isBegun);
}

/** @param {string} session
 *  @returns {Promise<any[]>} what is whole, and what was begun */
function sessionsOf(session) {
  return inStore("sessions", "readonly", (store) => store.index("session").getAll(session));
}

/** @param {string} key */
async function forget(key) {
  await inStore("windows", "readwrite", (store) => store.delete(IDBKeyRange.bound([key, 0], [key, Infinity])));
  await inStore("sessions", "readwrite", (store) => store.delete(key));
}

/** One request in a transaction of its own; done when it is on the disk.
 *  @param {string} name
 *  @param {IDBTransactionMode} mode
 *  @param {(store: IDBObjectStore) => IDBRequest} ask
 *  @returns {Promise<any>} the request's result */
async function inStore(name, mode, ask) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(name, mode);
      const request = ask(transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error ?? request.error);
    });
  } finally {
    database.close();
  }
}

/** @returns {Promise<IDBDatabase>} */
function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("mri-pins", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("sessions", { keyPath: "key" }).createIndex("session", "session");
      request.result.createObjectStore("windows", { keyPath: ["key", "start"] });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
