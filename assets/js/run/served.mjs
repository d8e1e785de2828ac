/**
 * A session of this server as the Source of a Run: over HTTP, its first steps from what was asked for early, and where the server
 * does not answer from the copy that is pinned in this browser.
 */

import { takeEarly } from "./early.mjs";
import * as http from "./http.mjs";
import { Pin, metaAndTokens } from "./pin.mjs";
import { Run } from "./run.mjs";

/** @typedef {Pick<typeof http, "fetchFrames"|"fetchMeta"|"fetchSeries"|"fetchTokens">} Server */

/** @typedef {import("./run.mjs").Source} Source */

/** @implements {Source} */
export class Served {
  /** @type {Source["begun"]} */
  begun;

  /** @param {string} session
   *  @param {Wire.Meta} meta
   *  @param {import("../core/types.mjs").Tokens} tokens
   *  @param {Server} [server] */
  constructor(session, meta, tokens, server = http) {
    this.session = session;
    this.tokens = tokens;
    this.server = server;
    this.pin = new Pin({ session, meta, tokens });
  }

  get meta() {
    return this.pin.meta;
  }

  /** The recording is over, and one file now. @param {Wire.Meta} meta of it */
  settle(meta) {
    this.pin.settle(meta);
  }

  /** @param {number} start
   *  @param {number} stop
   *  @param {AbortSignal} [signal]
   *  @returns {Promise<ArrayBuffer>}
   *  @throws {import("./http.mjs").SourceError} */
  async frames(start, stop, signal) {
    const { session, pin, meta } = this;
    const here = (await takeEarly("frames", `${session} ${start}-${stop}`)) ?? (await pin.frames(start, stop));
    if (here) return here;
    try {
      const bytes = await this.server.fetchFrames(session, start, stop, signal, meta.version);
      pin.see(bytes.byteLength, stop - start);
      return bytes;
    } catch (error) {
      await pin.ready; // the first picture does not wait for it, but may need it
      const found = await pin.frames(start, stop);
      if (found) return found;
      throw error;
    }
  }

  /** @param {string} stat
   *  @param {AbortSignal} [signal]
   *  @throws {import("./http.mjs").SourceError} */
  async series(stat, signal) {
    try {
      return await this.server.fetchSeries(this.session, stat, this.meta.version, signal);
    } catch (error) {
      await this.pin.ready;
      const kept = await this.pin.series();
      if (!kept || stat !== "l2") throw error;
      return kept;
    }
  }
}

/** @param {{session: string, full_scale: Record<string, number>, limit?: number}} boot what the page says of a session
 *  @param {AbortSignal} signal
 *  @param {boolean} [isFilling] as of Run: false where the first picture is waited for
 *  @returns {Promise<Run>}
 *  @throws {import("./http.mjs").SourceError} */
export async function openRun({ session, full_scale: fullScale, limit }, signal, isFilling = true) {
  /** @type {Awaited<ReturnType<typeof metaAndTokens>>} */
  const [meta, tokens] = (await takeEarly("session", session)) ?? (await metaAndTokens(session, signal));
  return new Run(new Served(session, meta, tokens), { fullScale, limit, isFilling });
}
