/**
 * The way from a neuron anywhere to what is known of it over all sessions, on the Neurons page.
 *
 * Knows an address. Refuses to know what stands there.
 */

import { el } from "./dom.mjs";
import { goTo } from "../desk/history.mjs";

/** @param {string} session
 *  @param {string} point
 *  @param {number} neuron
 *  @param {string} text
 *  @param {string} classes */
export function dossierLink(session, point, neuron, text, classes) {
  const href = `/neurons?${new URLSearchParams({ session, point, neuron: String(neuron) })}`;
  const title = `Dossier of ${point} · ${neuron}: its strongest moments over all sessions, what it speaks for`;
  const open = (/** @type {MouseEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab or window of its own: the browser's business
    event.preventDefault();
    goTo(href);
  };
  return /** @type {HTMLAnchorElement} */ (
    el("a", { href, title, text, class: classes, "aria-label": `Dossier of ${point} · ${neuron}`, on: { click: open } })
  );
}
