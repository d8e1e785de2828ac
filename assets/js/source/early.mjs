/**
 * What the first picture of the Scanner needs, asked for while Dash's scripts are still on their way.
 *
 * Knows which session the page is about to show, and the addresses. Whatever fails here is asked for again, and told, by
 * those who need it.
 */

import { openingStep } from "../core/opening.mjs";
import { viewFromUrl } from "../state/view.mjs";
import { neighboursOf } from "./cache.mjs";
import { fetchFrames, fetchScales } from "./http.mjs";
import { metaAndTokens } from "./pin.mjs";

/** @typedef {[[any, any], Record<string, any>]} Asked [[meta, tokens], scales] */

/** @type {{session: string, answer: Promise<Asked|null>}|null} */
let early = null;

/** Ask now. The frames go into the browser's own cache. */
export function askEarly() {
  const asked = viewFromUrl(location.search);
  const session = document.querySelector('meta[name="mri-session"]')?.getAttribute("content"); // the server knows that it can be opened
  if (!session) return;
  const answer = Promise.all([metaAndTokens(session), fetchScales()]);
  early = { session, answer: answer.then((all) => (all[0][0].version ? all : null), () => null) }; // what still grows is another one by then
  answer.then(([[meta, tokens]]) => {
    if (meta.version) return fetchFrames(session, ...neighboursOf(openingStep(asked, tokens.steps), meta.num_steps), undefined, meta.version);
  }).catch(() => {});
}

/** @param {string} session
 *  @returns {Promise<Asked|null>} what was asked for early, once; null: it was not, or did not come */
export async function takeEarly(session) {
  const answer = early?.session === session ? early.answer : null;
  early = null;
  return answer;
}
