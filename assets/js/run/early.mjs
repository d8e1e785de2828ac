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

/** @typedef {Awaited<ReturnType<typeof metaAndTokens>>} Asked */

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

/** @param {string} what
 *  @param {string} of
 *  @returns {Promise<any>} the answer, once; null: it was not asked for, or did not come */
async function take(what, of) {
  const found = asked[what];
  delete asked[what];
  return found?.of === of ? found.answer : null;
}

/** @returns {Promise<Record<string, any>>} assets/scales.json: what was asked for early, once
 *  @param {AbortSignal} signal
 *  @throws {import("./http.mjs").SourceError} */
export async function takeScales(signal) {
  return (await take("scales", "")) ?? fetchScales(signal);
}

/** @param {string} session
 *  @returns {Promise<Asked|null>} as take */
export function takeEarly(session) {
  return take("session", session);
}

/** @param {string} session
 *  @param {number} start
 *  @param {number} stop
 *  @returns {Promise<ArrayBuffer|null>} the records of these very steps, as take */
export function takeEarlyFrames(session, start, stop) {
  return take("frames", `${session} ${start}-${stop}`);
}
