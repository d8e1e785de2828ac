/**
 * Five short hints on the real screen, on the first visit only.
 *
 * Not modal: the scanner goes on beneath them. Knows where the hinted parts are, and whether they were seen
 * (localStorage); refuses to know what those parts do.
 */

import { placeBeside } from "./beside.mjs";
import { el } from "./dom.mjs";

const SEEN = "mri-hints-seen";
const AFTER_MS = 2500; // the first seconds belong to the picture

/** [what is hinted at, title, text] */
const HINTS = Object.freeze([
  ["#mri-stage", "Every dot is a neuron", "Each plate is a layer of the model. What glows was measured in this step. Point at a neuron for its exact value, click to follow it, shift-click to watch several."],
  ["#mri-ribbon", "What the model reads and writes", "Click a token to go to the step that read it. The dashed one is what that step predicts."],
  [".mri-track", "Time", "One step is one pass through the model. Space plays, ← and → step, and ? lists all keys."],
  ["#mri-layers", "Every point that was measured", "From the embedding at the bottom to the predictions on top, with the spread of its values. Choose one to see it on the plates."],
  [".mri-inspector", "The numbers behind the picture", "Neurons, attention, predictions and statistics of this step. The small menu of each chart takes it away as a picture or a table."],
]);

/** @returns {boolean} */
function wereSeen() {
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    return true; // a browser that keeps nothing would show them on every visit
  }
}

export class Hints {
  #at = -1;
  #abort = new AbortController();
  /** @type {any} */
  #timer = null;
  /** @type {HTMLElement|null} */
  #before = null;
  /** @type {any} */
  #card = null;
  /** @type {any} */
  #ring = null;

  constructor() {
    const { signal } = this.#abort;
    document.addEventListener("click", (event) => {
      const isAsked = /** @type {HTMLElement} */ (event.target).closest?.("[data-mri-action='hints']");
      if (isAsked) setTimeout(() => this.show(0)); // after the dialog that asked has given the focus back
    }, { signal });
    document.addEventListener("keydown", (event) => this.#key(event), { signal, capture: true });
    addEventListener("resize", () => this.#place(), { signal });
    addEventListener("scroll", () => this.#place(), { signal, capture: true, passive: true });
  }

  /** The page stands: show them soon, if they never were. */
  welcome() {
    if (!wereSeen()) this.#timer = setTimeout(() => document.querySelector("dialog[open], .offcanvas.show") || this.show(0), AFTER_MS);
  }

  close() {
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#remove();
  }

  /** @param {number} at which hint */
  show(at) {
    if (this.#at < 0) this.#before = /** @type {HTMLElement} */ (document.activeElement);
    const isFree = this.#at >= 0 || !this.#before || this.#before === document.body || !this.#before.matches("input, textarea, select");
    this.#remove();
    this.#at = at;
    const [anchor, title, text] = HINTS[at];
    const target = document.querySelector(anchor);
    target?.scrollIntoView({ block: target.clientHeight > innerHeight ? "start" : "nearest" });
    const button = (/** @type {string} */ label, /** @type {() => void} */ act, attributes = {}) => el("button", { type: "button", class: "mri-button", text: label, on: { click: act }, ...attributes });
    const isLast = at === HINTS.length - 1;
    const next = button(isLast ? "Done" : "Next", () => (isLast ? this.#finish() : this.show(at + 1)), { class: "mri-button mri-hint-next" });
    const back = button("Back", () => this.show(at - 1), { disabled: at === 0 });
    this.#card = el(
      "section",
      { class: "mri-hint", role: "dialog", "aria-labelledby": "mri-hint-title", "aria-describedby": "mri-hint-text" },
      el("p", { class: "mri-hint-count", text: `Hint ${at + 1} of ${HINTS.length}` }),
      el("h2", { id: "mri-hint-title", text: title }),
      el("p", { id: "mri-hint-text", text }),
      el("div", { class: "mri-hint-buttons" }, isLast ? "" : button("Skip", () => this.#finish(), { title: "No more hints (Esc)" }), back, next),
    );
    this.#ring = el("div", { class: "mri-hint-ring", "aria-hidden": "true" });
    document.body.append(this.#ring, this.#card);
    this.#place();
    if (isFree) next.focus({ preventScroll: true }); // who types is not interrupted
  }

  #finish() {
    try {
      localStorage.setItem(SEEN, new Date().toISOString());
    } catch {
      // then they come again
    }
    this.#remove();
    if (this.#before?.isConnected) this.#before.focus({ preventScroll: true });
  }

  #remove() {
    this.#card?.remove();
    this.#ring?.remove();
    this.#card = this.#ring = null;
    this.#at = -1;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" || event.defaultPrevented || this.#at < 0 || document.querySelector("dialog[open]")) return;
    event.preventDefault(); // it did this, and nothing else
    this.#finish();
  }

  /** Beside what is hinted at, inside the window. */
  #place() {
    const target = this.#at < 0 ? null : document.querySelector(HINTS[this.#at][0]);
    if (!target || !this.#card) return;
    const box = target.getBoundingClientRect();
    const clock = document.getElementById("mri-transport");
    const floor = clock && clock !== target ? clock.getBoundingClientRect().top : innerHeight; // the clock stays free
    placeBeside(box, this.#ring, this.#card, floor);
  }
}
