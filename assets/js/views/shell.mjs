/**
 * What every page has: theme switch, toasts, the dialog of keys.
 *
 * Listens on the document, because Dash may build the page anew at any time. Knows no sessions.
 */

import { BINDINGS } from "../state/keys.mjs";
import { el } from "./dom.mjs";

const TOAST_MS = 9000;

/** Told of every change of theme. */
export const themeChanged = new EventTarget();

/** @returns {"dark"|"light"} */
export function theme() {
  return document.documentElement.dataset.bsTheme === "light" ? "light" : "dark";
}

/** Called once, by boot.js. */
export function startShell() {
  document.addEventListener("click", (event) => {
    const action = /** @type {HTMLElement} */ (event.target).closest?.("[data-mri-action]")?.getAttribute("data-mri-action");
    if (action === "theme") switchTheme();
    if (action === "keys") showKeys();
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = /^(input|textarea|select)$/i.test(/** @type {HTMLElement} */ (event.target).tagName ?? "");
    if (event.key === "?" && !isTyping && !event.defaultPrevented) showKeys();
  });
  markPage();
  new MutationObserver(markPage).observe(document.body, { childList: true, subtree: true });
}

/** Underline the page that is open. */
function markPage() {
  for (const link of document.querySelectorAll(".mri-nav-link")) {
    const isHere = new URL(/** @type {HTMLAnchorElement} */ (link).href).pathname === location.pathname;
    if (link.classList.contains("is-here") === isHere) continue;
    link.classList.toggle("is-here", isHere);
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function switchTheme() {
  const next = theme() === "dark" ? "light" : "dark";
  document.documentElement.dataset.bsTheme = next;
  try {
    localStorage.setItem("mri-theme", next);
  } catch {
    // a browser that keeps nothing still switches
  }
  themeChanged.dispatchEvent(new Event("change"));
}

/** @param {string} text
 *  @param {string} [kind] "info" or "error" */
export function showToast(text, kind = "info") {
  const host = document.getElementById("mri-toasts");
  if (!host) return;
  const same = [...host.children].find((each) => each.querySelector("p")?.textContent === text);
  same?.remove();
  const close = el("button", { type: "button", class: "mri-icon", "aria-label": "Dismiss", text: "×", on: { click: () => toast.remove() } });
  const toast = el("div", { class: `mri-toast mri-toast-${kind}`, role: kind === "error" ? "alert" : "status" }, el("p", { text }), close);
  host.append(toast);
  if (kind !== "error") setTimeout(() => toast.remove(), TOAST_MS);
}

/** The list of keys, from the same table that binds them. */
export function showKeys() {
  document.getElementById("mri-keys")?.remove();
  const list = el("dl");
  for (const { label, does } of BINDINGS) list.append(el("dt", {}, el("kbd", { text: label })), el("dd", { text: does }));
  const dialog = el("dialog", { id: "mri-keys", class: "mri-dialog", "aria-labelledby": "mri-keys-title" }, el("h2", { id: "mri-keys-title", text: "Keys" }), list);
  const form = el("form", { method: "dialog" }, el("button", { class: "mri-button", text: "Close", autofocus: true }));
  dialog.append(form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
