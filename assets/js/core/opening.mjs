/**
 * Where a visit begins: the step that the address asks for, or else a telling one.
 *
 * Pure. Knows an address's fields and which step did what.
 */

import { loopFromText } from "./lanes.mjs";

/** @param {Pick<import("./address.mjs").View, "session"|"step"|"loop">} asked
 *  @param {{phase: string[]}} steps of the session
 *  @returns {number} where no session was asked for, the step that chooses the first word of the model's own */
export function openingStep({ session, step, loop }, { phase }) {
  const asked = step ?? loopFromText(loop)?.[0] ?? (session === null ? Math.max(0, phase.indexOf("decode") - 1) : 0);
  return Math.min(asked, Math.max(0, phase.length - 1));
}
