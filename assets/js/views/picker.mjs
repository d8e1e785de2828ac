/**
 * The choice of a session above the stage, and the way to another one.
 */

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

/** A new address through Dash's router: it builds the page of the other session.
 *  @param {string} session */
export function openSession(session) {
  openAddress(`/?session=${encodeURIComponent(session)}`);
}

/** @param {string} address of another page, which Dash builds */
export function openAddress(address) {
  history.pushState(null, "", address);
  dispatchEvent(new PopStateEvent("popstate"));
}
