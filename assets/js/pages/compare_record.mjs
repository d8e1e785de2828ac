/**
 * Two prompts recorded one after the other with the same settings, then compared.
 *
 * Knows POST /record and the form's line of words. Refuses to know what is recorded.
 */

import { goTo } from "../desk/history.mjs";
import { recordingStatus, startRecording } from "../run/http.mjs";
import { toldUntilAnswered } from "../shell/failed.mjs";
import { showToast } from "../shell/shell.mjs";

const POLL_MS = 300;

/** @param {string[]} prompts of A and B
 *  @param {Record<string, any>} settings of both, as in the body of POST /record */
export async function recordPair(prompts, settings) {
  const button = /** @type {HTMLButtonElement|null} */ (document.getElementById("compare-record"));
  const says = document.getElementById("compare-record-says");
  if (!button || !says || button.disabled) return;
  button.disabled = true;
  try {
    const ids = [];
    for (const prompt of prompts) ids.push((await startRecording({ prompt, ...settings })).id);
    for (const [i, id] of ids.entries()) await finished(id, `Prompt ${"AB"[i]}`, says);
    if (!says.isConnected) return; // somebody went elsewhere: the recordings are among the sessions
    goTo(`/compare?a=${ids[0]}&b=${ids[1]}&align=mapping`);
  } catch (error) {
    says.textContent = "";
    showToast(/** @type {Error} */ (error).message, "error");
  } finally {
    button.disabled = false;
  }
}

/** @param {string} id
 *  @param {string} name
 *  @param {HTMLElement} says
 *  @throws {Error} where the recording failed */
async function finished(id, name, says) {
  for (;;) {
    const { state, step, max_steps: most, message } = await toldUntilAnswered(() => recordingStatus(id), new AbortController().signal);
    if (state === "finished") return;
    if (state === "error") throw new Error(message);
    const words = state === "queued" ? `${name} waits for its turn.` : message || `${name}: step ${step + 1} of at most ${most}.`;
    if (says.textContent !== words) says.textContent = words;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}
