/**
 * What every page has: theme switch, toasts, the dialog of keys.
 *
 * Listens on the document, because Dash may build the page anew at any time. Knows no sessions.
 */

import { GLOSSARY } from "../core/glossary.mjs";
import { IDS } from "../core/names.mjs";
import { PICTURE_KEYS } from "../core/picture_keys.mjs";
import { Again } from "../run/again.mjs";
import { Callbacks } from "../run/callbacks.mjs";
import { BINDINGS, isCharacter, keys } from "../desk/keys.mjs";
import { keepDataMarked } from "./data.mjs";
import { button, el, openDialog } from "./dom.mjs";
import { startTips } from "./tip.mjs";
import { goTo } from "../desk/history.mjs";
import { keep, recall } from "../desk/storage.mjs";

const TOAST_MS = 9000;
const THEME = "mri-theme"; // mri/web/parts/components.py reads it before the first picture

/** Told of every change of theme. */
export const themeChanged = new EventTarget();

/** @returns {"dark"|"light"} */
export function theme() {
  return document.documentElement.dataset.bsTheme === "light" ? "light" : "dark";
}

/** @typedef {{prompt?: string, chat?: boolean, isPair?: boolean}} Given what the dialog that records begins with */

/** Called once, by boot.js.
 *  @param {(given: Given) => unknown} record opens it */
export function startShell(record) {
  document.addEventListener("click", (event) => {
    const pressed = /** @type {HTMLElement|null} */ (/** @type {HTMLElement} */ (event.target).closest?.("[data-mri-action]"));
    const action = pressed?.dataset.mriAction;
    if (action === "theme") switchTheme();
    if (action === "keys") showKeys();
    if (action?.startsWith("view-")) chooseView(action === "view-simple" ? "simple" : "full");
    if (pressed && action === "record") record(givenBy(pressed.dataset));
  });
  document.addEventListener("keydown", (event) => keys.hear(event));
  keys.know(["showKeys"], showKeys);
  document.addEventListener("click", goBackToScanner, { capture: true });
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", followSystem);
  watchServer();
  startTips();
  keepDataMarked();
  markPage();
  new MutationObserver(markPage).observe(document.body, { childList: true, subtree: true });
}

/** @param {DOMStringMap} data of what was pressed: a prompt, or the id of the field that has it
 *  @returns {Given} */
function givenBy({ mriPrompt, mriPromptOf, mriChat, mriPair }) {
  const field = /** @type {HTMLInputElement|null} */ (mriPromptOf ? document.getElementById(mriPromptOf) : null);
  const chat = mriChat === undefined ? undefined : mriChat === "true";
  return { prompt: mriPrompt ?? (field?.value.trim() ? field.value : undefined), chat, isPair: mriPair !== undefined };
}

/** @type {(view: "simple"|"full") => void} */
let chooseView = () => {};

/** The Scanner's page stands: its two views can be chosen.
 *  @param {(view: "simple"|"full") => void} choose what to do from now on when somebody does */
export function whenViewChosen(choose) {
  chooseView = choose;
}

const AWAY = "The server does not answer: check that it is running. It is asked again by itself. What it records goes on, and is kept.";

/** What Dash asks the server for is asked again until it is answered; until then the page says that it was not. */
function watchServer() {
  const ask = window.fetch.bind(window);
  const again = new Again();
  const tryAgain = { text: "Try again", act: () => again.now() };
  const onAway = () => toastOf(AWAY) ?? showToast(AWAY, "error", tryAgain);
  const callbacks = new Callbacks({ fetch: ask, onAway, onBack: () => retractToast(AWAY), again });
  window.fetch = (...asked) => callbacks.fetch(...asked);
}

/** Where the Scanner was left, for as long as the tab lives. */
let scannerAddress = "";

/** The menu's Scan goes back to the recording and step that one came from.
 *  @param {MouseEvent} event */
function goBackToScanner(event) {
  const link = /** @type {HTMLElement} */ (event.target).closest?.("#nav-scan");
  if (!link || !scannerAddress || location.pathname === "/" || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  goTo(scannerAddress);
}

/** Underline the page that is open. */
function markPage() {
  if (location.pathname === "/") scannerAddress = `/${location.search}`;
  const root = document.documentElement;
  root.toggleAttribute("data-mri-simple", document.querySelector(".has-simple") !== null); // :has() in styles would cost every step of the clock
  const { mriView } = root.dataset;
  for (const button of document.querySelectorAll(".mri-views button")) {
    const isPressed = String(button.getAttribute("data-mri-action") === `view-${mriView}`);
    if (button.getAttribute("aria-pressed") !== isPressed) button.setAttribute("aria-pressed", isPressed);
  }
  for (const link of document.querySelectorAll(".mri-nav-link")) {
    const { pathname } = new URL(/** @type {HTMLAnchorElement} */ (link).href);
    const isHere = pathname === location.pathname || (pathname === "/" && location.pathname === "/live"); // a state of Scan
    if (link.classList.contains("is-here") === isHere) continue;
    link.classList.toggle("is-here", isHere);
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** Until somebody chooses here, the page is as light or dark as the system. */
function followSystem() {
  if (!recall(THEME)) setTheme(matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
}

/** @param {"dark"|"light"} next */
function setTheme(next) {
  document.documentElement.dataset.bsTheme = next;
  themeChanged.dispatchEvent(new Event("change"));
}

function switchTheme() {
  const next = theme() === "dark" ? "light" : "dark";
  keep(THEME, next);
  setTheme(next);
}

/** @param {string} text
 *  @param {string} [kind] "info" or "error"
 *  @param {import("./empty.mjs").Way} [way] what can be done about it */
export function showToast(text, kind = "info", way) {
  const host = document.getElementById("mri-toasts");
  if (!host) return;
  retractToast(text);
  const toast = el("div", { class: `mri-toast mri-toast-${kind}`, role: kind === "error" ? "alert" : "status" }, el("p", { text }));
  if (way) toast.append(button(way.act, { text: way.text }));
  toast.append(button(() => toast.remove(), { class: "mri-icon", "aria-label": "Dismiss", text: "×" }));
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

/** What the words mean, then the list of keys, from the same table that binds them. */
export function showKeys() {
  document.getElementById("mri-keys")?.remove();
  const words = el("div", { class: "mri-words" });
  for (const [heading, terms] of Object.entries(GLOSSARY)) {
    const entries = terms.flatMap(([term, means]) => [el("dt", { text: term }), el("dd", { text: means })]);
    words.append(el("h3", { text: heading }), el("dl", {}, ...entries));
  }
  const rows = (/** @type {readonly (readonly [string, string])[]} */ known) =>
    known.flatMap(([label, does]) => [el("dt", {}, el("kbd", { text: label })), el("dd", { text: does })]);
  const list = el("dl");
  const listKeys = () => {
    const known = BINDINGS.filter((binding) => keys.haveCharacters || !isCharacter(binding));
    list.replaceChildren(...rows(known.map(({ label, does }) => [label, does])));
  };
  const switchCharacters = (/** @type {any} */ event) => {
    keys.haveCharacters = event.target.checked;
    listKeys();
  };
  const characters = el("input", { type: "checkbox", id: "mri-character-keys", checked: keys.haveCharacters, on: { change: switchCharacters } });
  listKeys();
  const form = el("form", { method: "dialog" }, el("button", { class: "mri-button", text: "Close" }));
  if (document.getElementById(IDS.scanner)) form.append(el("button", { class: "mri-button", "data-mri-action": "hints", text: "Show the hints again" }));
  openDialog(
    { id: "mri-keys", "aria-labelledby": "mri-keys-title" },
    el("h2", { id: "mri-keys-title", text: "What you see, and the keys", tabindex: "-1", autofocus: true }),
    words,
    el("p", { class: "mri-note" }, "Every hook point and statistic, with its formula: ", el("code", { text: "docs/hook-points.md" }), " in the repository."),
    el("h3", { text: "Keys" }),
    el("p", { class: "mri-note", text: "On a keyboard of another script: the keys in the same places." }),
    el("p", {}, characters, " ", el("label", { for: "mri-character-keys", text: "Letters and signs are keys, too; where they are not, those below are left" })),
    list,
    el("h3", { text: "Keys of the picture" }),
    el("p", { class: "mri-note", text: "While it has the focus: Tab goes there." }),
    el("dl", {}, ...rows(PICTURE_KEYS)),
    form,
  );
}
