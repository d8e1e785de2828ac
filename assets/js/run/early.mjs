/**
 * What the first picture of the Scanner needs, asked for while Dash's scripts are still on their way.
 *
 * Knows which session the page is about to show, and the addresses. Whatever fails here is asked for again, and told, by
 * those who need it.
 */

import { openingStep } from "../core/opening.mjs";
import { viewFromUrl } from "../core/address.mjs";
import { neighboursOf } from "./cache.mjs";
import { fetchFrames, fetchScales } from "./http.mjs";
import { metaAndTokens } from "./pin.mjs";

/** What was asked for, by what it is: of which session and steps, and the answer, null where it did not come.
 *  @type {Record<string, {of: string, answer: Promise<any>}>} */
const asked = {};

const orNull = () => null;

/** Ask now.
 *  @returns {Promise<Record<string, any>|null>} the scales; null: no session is about to be shown, or it did not come */
export async function askEarly() {
  const session = document.querySelector('meta[name="mri-session"]')?.getAttribute("content"); // the server knows that it can be opened
  if (!session) return null;
  const answer = metaAndTokens(session).then((told) => (told[0].version ? told : null), orNull); // what still grows is another one by then
  asked.session = { of: session, answer };
  const scales = fetchScales().catch(orNull);
  asked.scales = { of: "", answer: scales };
  const told = await answer;
  if (!told) return null;
  const [{ num_steps: numSteps, version }, { steps }] = told;
  const [start, stop] = neighboursOf(openingStep(viewFromUrl(location.search), steps), numSteps);
  asked.frames = { of: `${session} ${start}-${stop}`, answer: fetchFrames(session, start, stop, undefined, version).catch(orNull) };
  return scales;
}

/** What was asked for early, once.
 *  @param {"session"|"frames"|"scales"} what
 *  @param {string} [of] the session; of frames "<session> <start>-<stop>"
 *  @returns {Promise<any>} metadata and tokens, wire records or scales; null: these very ones were not asked for, or did not come */
export async function takeEarly(what, of = "") {
  const found = asked[what];
  delete asked[what];
  return found?.of === of ? found.answer : null;
}

/** @param {AbortSignal} signal
 *  @returns {Promise<Record<string, any>>} assets/scales.json: what was asked for early, once
 *  @throws {import("./http.mjs").SourceError} */
export async function takeScales(signal) {
  return (await takeEarly("scales")) ?? fetchScales(signal);
}
