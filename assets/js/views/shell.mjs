/**
 * What every page has: theme switch, toasts, the dialog of keys.
 *
 * Listens on the document, because Dash may build the page anew at any time. Knows no sessions.
 */

import { IDS } from "../names.mjs";
import { BINDINGS, keyOf } from "../state/keys.mjs";
import { keepDataMarked } from "./data.mjs";
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
    if (keyOf(event) === "?" && !isTyping && !event.defaultPrevented) showKeys();
  });
  watchServer();
  keepDataMarked();
  markPage();
  new MutationObserver(markPage).observe(document.body, { childList: true, subtree: true });
}

const AWAY = "The server does not answer: check that it is running. What it records goes on without it, and is kept.";

/** Dash tells only the console when a callback finds no server: say it on the page, until it answers again. */
function watchServer() {
  const ask = window.fetch;
  window.fetch = async (...asked) => {
    const isCallback = String(/** @type {any} */ (asked[0])?.url ?? asked[0]).includes("/_dash-update-component");
    try {
      const response = await ask(...asked);
      if (isCallback) retractToast(AWAY);
      return response;
    } catch (error) {
      if (isCallback && /** @type {Error} */ (error).name !== "AbortError") toastOf(AWAY) ?? showToast(AWAY, "error");
      throw error;
    }
  };
}

/** Underline the page that is open. */
function markPage() {
  for (const link of document.querySelectorAll(".mri-nav-link")) {
    const isHere = new URL(/** @type {HTMLAnchorElement} */ (link).href).pathname === location.pathname;
    if (link.classList.contains("is-here") === isHere) continue;
    link.classList.toggle("is-here", isHere);
    if (isHere) link.setAttribute("aria-current", "page");
    if (isHere) link.scrollIntoView({ block: "nearest", inline: "center" }); // on a phone the pages do not all fit
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
  retractToast(text);
  const close = el("button", { type: "button", class: "mri-icon", "aria-label": "Dismiss", text: "×", on: { click: () => toast.remove() } });
  const toast = el("div", { class: `mri-toast mri-toast-${kind}`, role: kind === "error" ? "alert" : "status" }, el("p", { text }), close);
  host.append(toast);
  if (kind !== "error") setTimeout(() => toast.remove(), TOAST_MS);
}

/** What a toast said is no longer so.
 *  @param {string} text */
export function retractToast(text) {
  toastOf(text)?.remove();
}

/** @param {string} text
 *  @returns {Element|undefined} the toast that says it */
function toastOf(text) {
  return [...document.querySelectorAll(".mri-toast")].find((each) => each.querySelector("p")?.textContent === text);
}

/** What the picture's words mean; docs/hook-points.md has them all. */
const WORDS = [
  ["plate", "one hook point: a place in the model whose values are read at every step"],
  ["dot", "one neuron there; size and colour tell how large its value is in this step"],
  ["resid_post", "the residual stream as it leaves a block"],
  ["ln_f", "the stream after the last norm: all that the predictions are made from"],
  ["‖x‖", "length of a hook point's values, √(Σx²); the statistic l2"],
  ["p99", "99 in 100 of its neurons are at most this large, |x| ≤ p99"],
  ["surprise", "−log₂ p of the token that followed: 0 bits where the model was certain"],
  ["entropy", "how spread a choice is: 0 bits for a single candidate, one more each time they double"],
];

/** What the words mean, then the list of keys, from the same table that binds them. */
export function showKeys() {
  document.getElementById("mri-keys")?.remove();
  const words = el("dl", { class: "mri-words" });
  for (const [word, means] of WORDS) words.append(el("dt", { text: word }), el("dd", { text: means }));
  const list = el("dl");
  for (const { label, does } of BINDINGS) list.append(el("dt", {}, el("kbd", { text: label })), el("dd", { text: does }));
  const dialog = el("dialog", { id: "mri-keys", class: "mri-dialog", "aria-labelledby": "mri-keys-title" },
    el("h2", { id: "mri-keys-title", text: "What you see, and the keys" }),
    words,
    el("p", { class: "mri-note" }, "Every hook point and statistic, with its formula: ", el("code", { text: "docs/hook-points.md" }), " in the repository."),
    el("h3", { text: "Keys" }),
    el("p", { class: "mri-note", text: "On a keyboard of another script: the keys in the same places." }),
    list,
  );
  const form = el("form", { method: "dialog" }, el("button", { class: "mri-button", text: "Close", autofocus: true }));
  if (document.getElementById(IDS.scanner)) form.append(el("button", { class: "mri-button", "data-mri-action": "hints", text: "Show the hints again" }));
  dialog.append(form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
