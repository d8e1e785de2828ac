/**
 * The choice of a session above the stage, and the way to another one.
 */

import { goTo } from "../desk/history.mjs";
import { untilAnswered } from "../run/again.mjs";
import { fetchJson } from "../run/http.mjs";

const MOST_CHARS = 70;

/** @param {HTMLSelectElement} picker
 *  @param {string} session which may be newer than the page
 *  @param {unknown} prompt of that session */
export function showInPicker(picker, session, prompt) {
  if (![...picker.options].some((option) => option.value === session)) {
    const text = typeof prompt === "string" && prompt ? prompt.slice(0, MOST_CHARS).replace(/\p{C}/gu, "·") : session;
    picker.prepend(new Option(text, session));
  }
  picker.value = session;
}

/** Put all sessions into the pickers of this page, which come with the chosen one only, as soon as the server answers. In a folder full of new files the newest come first, and the others as they are looked into. */
export async function fillPickers() {
  const pickers = /** @type {HTMLSelectElement[]} */ ([...document.querySelectorAll("select[data-mri-sessions]")]);
  for (let unread = 1; unread && pickers.some((picker) => picker.isConnected);) {
    const ask = async () => (pickers.some((picker) => picker.isConnected) ? fetchJson("/library/titles") : null);
    const answer = await untilAnswered(ask, new AbortController().signal, () => {}).catch(() => null);
    if (!answer) return; // they went, or the server cannot say
    for (const picker of pickers) fill(picker, answer.titles);
    unread = answer.unread;
  }
}

/** @param {HTMLSelectElement} picker
 *  @param {[string, string][]} titles id and title */
function fill(picker, titles) {
  const { value } = picker;
  const others = [...picker.options].filter((option) => option.value === value && !titles.some(([id]) => id === value));
  picker.replaceChildren(...others, ...titles.map(([id, title]) => new Option(title, id)));
  picker.value = value;
}

/** The comparison of the two sessions that are chosen where no pair is open yet. */
export function openPair() {
  const [a, b] = ["compare-first", "compare-second"].map((id) => /** @type {HTMLSelectElement} */ (document.getElementById(id)).value);
  goTo(`/compare?${new URLSearchParams({ a, b })}`);
}
