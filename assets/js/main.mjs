/**
 * What Dash calls when a page with a scanner is there: the replay of a session, or a recording under way.
 *
 * Composition only: there is one of them at a time, and the one before is closed first. Each page fetches its own modules.
 */

import { IDS } from "./names.mjs";
import { fillPickers } from "./views/picker.mjs";
import { showToast } from "./views/shell.mjs";

/** @type {{close: () => void}|null} */
let open = null;

/** What stood before goes: there is one at a time. */
function closeOpen() {
  open?.close();
  open = null;
  window.mri = undefined;
}

async function fetchScales() {
  return (await fetch(new URL("../scales.json", import.meta.url))).json();
}

/** Called by Dash on every visit of the Scanner.
 *  @param {{session: string, full_scale: Record<string, number>, limit: number}|null} boot
 *  @returns {Promise<any>} what the `mounted` store gets: the session, once it is painted */
export async function mountScanner(boot) {
  closeOpen();
  if (!boot?.session) return window.dash_clientside.no_update;
  try {
    const [{ Scanner }, { metaAndTokens }] = await Promise.all([import("./scanner.mjs"), import("./source/pin.mjs")]);
    const [[meta, tokens], scales] = await Promise.all([metaAndTokens(boot.session), fetchScales()]);
    const scanner = new Scanner(boot, meta, tokens, scales);
    open = window.mri = scanner;
    await scanner.firstPaint;
    fillPickers();
    return boot.session;
  } catch (error) {
    showToast(/** @type {Error} */ (error).message, "error");
    return window.dash_clientside.no_update;
  }
}

/** Called by Dash on every visit of the Live page.
 *  @param {import("./following.mjs").LiveBoot} boot
 *  @returns {Promise<any>} nothing: the `mounted` store is set when the first step is painted */
export async function mountLive(boot) {
  closeOpen();
  const [{ Live }, scales] = await Promise.all([import("./live.mjs"), fetchScales()]);
  const live = new Live(scales);
  open = live;
  if (boot.session) live.watch(boot);
  fillPickers();
  return window.dash_clientside.no_update;
}

/** Called by Dash on every visit of the Learn page.
 *  @param {{lesson: string|null, words?: any}} boot
 *  @returns {Promise<any>} nothing: the `mounted` store is set when the first scan is painted */
export async function mountLearn(boot) {
  closeOpen();
  if (!boot.lesson) (await import("./learn/course.mjs")).showCourse(boot.words);
  else
    try {
      const [{ Lesson }, answer, scales] = await Promise.all([import("./learn/lesson.mjs"), fetch(`/lessons/${boot.lesson}.json`), fetchScales()]);
      const content = await answer.json();
      if (!answer.ok) throw new Error(content.error);
      open = new Lesson(content, scales);
    } catch (error) {
      showToast(/** @type {Error} */ (error).message, "error");
    }
  return window.dash_clientside.no_update;
}

/** Called by Dash on every visit of the Neurons page.
 *  @param {import("./neurons/question.mjs").Boot} boot */
export async function mountNeurons(boot) {
  closeOpen();
  const { NeuronsPage } = await import("./neurons/page.mjs");
  open = new NeuronsPage(boot);
  fillPickers();
  return window.dash_clientside.no_update;
}

/** Called by Dash when the form is sent.
 *  @param {Record<string, any>} request body of POST /record */
export async function record(request) {
  const { Live } = await import("./live.mjs");
  const isReady = () => open instanceof Live && open.host.isConnected;
  while (!isReady() && document.getElementById(IDS.live)) await new Promise((done) => setTimeout(done, 50)); // somebody was quick
  if (open instanceof Live) await open.record(request);
}

/** Called by Dash on every visit of the Compare page with two sessions.
 *  @param {import("./compare.mjs").CompareBoot} boot
 *  @returns {Promise<any>} nothing */
export async function mountCompare(boot) {
  closeOpen();
  try {
    const [{ openComparison }, scales] = await Promise.all([import("./compare.mjs"), fetchScales()]);
    open = window.mri = await openComparison(boot, scales);
    fillPickers();
  } catch (error) {
    showToast(/** @type {Error} */ (error).message, "error");
  }
  return window.dash_clientside.no_update;
}

/** Called by Dash when two prompts are to be recorded.
 *  @param {string[]} prompts of A and B
 *  @param {Record<string, any>} settings of both, as in the body of POST /record */
export async function recordPair(prompts, settings) {
  await (await import("./views/compare_record.mjs")).recordPair(prompts, settings);
}
