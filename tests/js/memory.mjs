/**
 * A session that is in memory as the Source of a Run: records as bytes. Nothing of it can fail or come late.
 */

import { Growth } from "../../assets/js/core/growth.mjs";
import { layoutFromMeta } from "../../assets/js/core/layout.mjs";
import { framesFromRecords } from "../../assets/js/core/wire.mjs";

/** @typedef {import("../../assets/js/run/run.mjs").Source} Source */

/** @implements {Source} */
export class Memory {
  /** @param {Wire.Meta} meta
   *  @param {import("../../assets/js/core/types.mjs").Tokens} tokens
   *  @param {ArrayBuffer} records of all steps, in order */
  constructor(meta, tokens, records) {
    this.session = meta.session.id;
    this.meta = meta;
    this.tokens = tokens;
    this.records = records;
    this.all = framesFromRecords(records);
  }

  /** @param {number} start
   *  @param {number} stop */
  async frames(start, stop) {
    const [first, last] = [start, stop - 1].map((step) => /** @type {Uint8Array} */ (this.all[step].record));
    return this.records.slice(first.byteOffset, last.byteOffset + last.byteLength);
  }

  /** Said by the frames themselves, as the server says it: l2 of every hook point. */
  async series() {
    const steps = { pos0: [], t_add: [], phase: [], chosen_id: [], forced: [] };
    const growth = new Growth({ layout: layoutFromMeta(this.meta), tokens: { sequence: [], text: {}, special: [], steps } });
    for (const frame of this.all) growth.append(frame);
    return { ...growth.series, firstOdd: growth.firstOdd };
  }
}
