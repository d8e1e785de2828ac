/** What a section of Why is drawn from, with what a person did in it, for tests. */

import { whyOf } from "../../assets/js/core/why.mjs";
import { LAYOUT, TOKENS, frame } from "./why_data.mjs";

const NOTHING = { text: "", isRefused: false };

/** @param {any} [more] fields that are otherwise; `answer` and `sweep` are of the Why
 *  @returns {any} */
export function shownOf({ answer = null, sweep = null, of = frame(), ...more } = {}) {
  const picked = [];
  const why = whyOf({ frame: of, layout: LAYOUT, answer, sweep });
  const does = { onPart: (part) => picked.push(part), onPosition: (at) => picked.push({ at }), onChange: () => picked.push("changed") };
  const source = { layout: LAYOUT, tokens: TOKENS, stepOf: [0, 1, 2, 3] };
  return { why, frame: of, source, session: "s", selected: -1, lost: NOTHING, more: NOTHING, ...does, ...more, picked };
}
