/**
 * A recording that is in its page as the Source of a Run: windows of frames, unpacked when a step of theirs is wanted.
 *
 * Knows the page's blocks by what unpacks them (mri/web/postcard/page.py). Refuses to know the page.
 */

import { framesFromRecords } from "../core/wire.mjs";
import { seriesFromBytes } from "../run/http.mjs";

/** @typedef {import("../run/run.mjs").Source} Source */

/** What stands where the model would have to run again. */
export const ALONE = "Not in this file: the model would have to run again. Open the recording in the app for it.";

/** @implements {Source} */
export class Packed {
  alone = ALONE;
  /** @type {Map<number, Promise<ArrayBuffer>>} by first step */
  #windows = new Map();

  /** @param {{meta: Wire.Meta, tokens: import("../core/types.mjs").Tokens, window: number}} about
   *  @param {(block: string) => Response} unpacked */
  constructor({ meta, tokens, window }, unpacked) {
    this.session = meta.session.id;
    this.meta = meta;
    this.tokens = tokens;
    this.window = window;
    this.unpacked = unpacked;
  }

  /** @param {number} start
   *  @param {number} stop
   *  @returns {Promise<ArrayBuffer>} */
  async frames(start, stop) {
    /** @type {ArrayBuffer[]} */
    const parts = [];
    for (let first = start - (start % this.window); first < stop; first += this.window) {
      const all = await this.#windowAt(first);
      const records = framesFromRecords(all).map(({ record }) => /** @type {Uint8Array} */ (record));
      const [from, to] = [records[Math.max(start - first, 0)], records[Math.min(stop - first, records.length) - 1]];
      parts.push(all.slice(from.byteOffset, to.byteOffset + to.byteLength));
    }
    return new Blob(parts).arrayBuffer();
  }

  /** @param {number} first step */
  #windowAt(first) {
    let found = this.#windows.get(first);
    if (!found) this.#windows.set(first, (found = this.#unpack(`mri-frames-${first}`)));
    return found;
  }

  /** @param {string} stat */
  async series(stat) {
    return seriesFromBytes(await this.#unpack(`mri-series-${stat}`));
  }

  /** @param {string} block */
  async #unpack(block) {
    return this.unpacked(block).arrayBuffer();
  }
}
