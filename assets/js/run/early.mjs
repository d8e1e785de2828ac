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

/** @type {{session: string, answer: Promise<Asked|null>}|null} */
let early = null;
/** @type {Promise<Record<string, any>|null>|null} */
let scales = null;
/** @type {{session: string, start: number, stop: number, answer: Promise<ArrayBuffer|null>}|null} */
let frames = null;

const orNull = () => null;

/** Ask now.
 *  @returns {Promise<Record<string, any>|null>} the scales; null: no session is about to be shown, or it did not come */
export async function askEarly() {
  const session = document.querySelector('meta[name="mri-session"]')?.getAttribute("content"); // the server knows that it can be opened
  if (!session) return null;
  const asked = viewFromUrl(location.search);
  const answer = metaAndTokens(session).then((told) => (told[0].version ? told : null), orNull); // what still grows is another one by then
  early = { session, answer };
  scales = fetchScales().catch(orNull);
  const told = await answer;
  if (!told) return null;
  const [{ num_steps: numSteps, version }, { steps }] = told;
  const [start, stop] = neighboursOf(openingStep(asked, steps), numSteps);
  frames = { session, start, stop, answer: fetchFrames(session, start, stop, undefined, version).catch(orNull) };
  return scales;
}

/** @returns {Promise<Record<string, any>>} assets/scales.json: what was asked for early, once
 *  @param {AbortSignal} signal
 *  @throws {import("./http.mjs").SourceError} */
export async function takeScales(signal) {
  const answer = scales;
  scales = null;
  return (await answer) ?? fetchScales(signal);
}

/** @param {string} session
 *  @returns {Promise<Asked|null>} what was asked for early, once; null: it was not, or did not come */
export async function takeEarly(session) {
  const answer = early?.session === session ? early.answer : null;
  early = null;
  return answer;
}

/** @param {string} session
 *  @param {number} start
 *  @param {number} stop
 *  @returns {Promise<ArrayBuffer|null>} the records of these very steps, if they were asked for early, once; null: they were not, or
 *           did not come */
export async function takeEarlyFrames(session, start, stop) {
  const answer = frames?.session === session && frames.start === start && frames.stop === stop ? frames.answer : null;
  frames = null;
  return answer;
}
