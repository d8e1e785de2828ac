/**
 * Five call-outs on the real screen, on the first visit only: beside what they speak of, never on the picture, the sentence or the
 * clock. Nothing plays while one is open; whoever plays has done with them.
 *
 * Not modal. Knows where the parts are, and whether the call-outs were seen; refuses to know what those parts do.
 */

import { keys } from "../desk/keys.mjs";
import { keep, recall } from "../desk/storage.mjs";
import { placeBeside } from "./beside.mjs";
import { button, el } from "./dom.mjs";

const SEEN = "mri-hints-seen";
const AFTER_MS = 2500; // the first seconds belong to the picture
const GAP_PX = 12;
const WIDEST_PX = 340;
/** Up to here the page is one column (css/pages/scanner.css): a call-out is a strip in it, for a finger. */
const NARROW = "(max-width: 900px)";

const COLUMN = ".mri-inspector";

/** `part`: what is spoken of. A call-out stands over the column beside it, and as a strip before `above`; without one over and in the part.
 *  @type {readonly {part: string, above?: string, title: string, text: string, mouse: string, touch: string}[]} */
const HINTS = Object.freeze([
  {
    part: "#mri-stage",
    above: "#mri-stage",
    title: "Every dot is a number inside the model",
    text: "Each plate is a layer. Words come in at the bottom, the next word leaves at the top. The larger a number, the larger its dot, from blue to red.",
    mouse: "Point at a dot for its exact value, click to follow it.",
    touch: "Tap a dot to follow it: its numbers stand further down.",
  },
  {
    part: "#mri-ribbon",
    above: "#mri-ribbon",
    title: "What the model reads and writes",
    text: "The marked word was read last, the dashed one comes next.",
    mouse: "Click a word to go to the step that read it.",
    touch: "Tap a word to go to the step that read it.",
  },
  {
    part: "#mri-transport",
    above: "#mri-ribbon",
    title: "Time",
    text: "One step is one pass through the model, and chooses one word or a piece of one.",
    mouse: "Space plays and pauses, ← and → go one step, and ? lists all keys.",
    touch: "At the foot of the page: the large button plays and pauses, those beside it go one step, the slider goes anywhere.",
  },
  {
    part: "#mri-layers",
    title: "Every place that was measured",
    text: "From the words at the bottom to the predictions on top, with the spread of the numbers there.",
    mouse: "Choose one to see it on the plates.",
    touch: "Tap one to see it on the plates above.",
  },
  {
    part: COLUMN,
    title: "The numbers behind the picture",
    text: "Neurons, attention, predictions and statistics of this step.",
    mouse: "The small menu of each chart takes it away as a picture or a table.",
    touch: "The small menu of each chart takes it away as a picture or a table.",
  },
]);

export class Hints {
  #at = -1;
  #isOwed = false; // they come when the clock rests
  #abort = new AbortController();
  #uncover = () => {};
  /** @type {any} */
  #timer = null;
  /** @type {HTMLElement|null} */
  #before = null;
  #scrolledPx = 0;
  /** @type {any} */
  #card = null;
  #ring = el("div", { class: "mri-hint-ring is-inset", "aria-hidden": "true" });

  /** @param {import("../desk/player.mjs").Player} player */
  constructor(player) {
    this.player = player;
    const { signal } = this.#abort;
    const ask = (/** @type {MouseEvent} */ event) => {
      const isAsked = /** @type {HTMLElement} */ (event.target).closest?.("[data-mri-action='hints']");
      if (isAsked) setTimeout(() => this.show(0)); // after the dialog that asked has given the focus back
    };
    document.addEventListener("click", ask, { signal });
    addEventListener("resize", () => this.#place(), { signal });
    addEventListener("scroll", () => this.#ringAround(), { signal, capture: true, passive: true });
    player.subscribe(() => this.#hear());
  }

  /** The page stands: show them soon, if they never were. */
  welcome() {
    if (recall(SEEN) !== null) return; // a browser that keeps nothing would show them on every visit
    this.#timer = setTimeout(() => {
      this.#isOwed = true;
      this.#hear();
    }, AFTER_MS);
  }

  close() {
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#remove();
  }

  /** The clock changed. */
  #hear() {
    const isAtRest = this.player.mode === "paused";
    if (!isAtRest && this.#at >= 0) this.#finish();
    if (!isAtRest || !this.#isOwed || this.#abort.signal.aborted || document.querySelector("dialog[open]")) return;
    this.show(0);
  }

  /** @param {number} at which hint */
  show(at) {
    this.player.pause();
    this.#isOwed = false;
    if (this.#at < 0) {
      this.#before = /** @type {HTMLElement} */ (document.activeElement);
      this.#scrolledPx = scrollY;
    }
    const isFree = this.#at >= 0 || !this.#before || this.#before === document.body || !this.#before.matches("input, textarea, select");
    this.#remove();
    this.#at = at;
    this.#uncover = keys.cover(() => this.#finish());
    const { title, text, mouse, touch } = HINTS[at];
    const isTouched = matchMedia(NARROW).matches || matchMedia("(pointer: coarse)").matches;
    const isLast = at === HINTS.length - 1;
    const go = () => (isLast ? this.#finish() : this.show(at + 1));
    const skip = button(() => this.#finish(), { text: "Skip", title: "No more hints (Esc)" });
    const back = button(() => this.show(at - 1), { text: "Back", disabled: at === 0 });
    const next = button(go, { text: isLast ? "Done" : "Next", class: "mri-button mri-hint-next" });
    const keydown = (/** @type {any} */ event) => event.key === "Enter" && event.target === this.#card && go();
    const named = { "aria-labelledby": "mri-hint-title", "aria-describedby": "mri-hint-text" };
    this.#card = el(
      "section",
      { class: "mri-hint mri-callout", role: "dialog", ...named, tabindex: "-1", on: { keydown } },
      el("p", { class: "mri-hint-count", text: `Hint ${at + 1} of ${HINTS.length}` }),
      el("h2", { id: "mri-hint-title", text: title }),
      el("p", { id: "mri-hint-text", text: `${text} ${isTouched ? touch : mouse}` }),
      el("div", { class: "mri-hint-buttons" }, ...(isLast ? [] : [skip]), back, next),
    );
    document.body.append(this.#ring);
    this.#place();
    if (isFree) this.#card.focus({ preventScroll: true }); // who types is not interrupted; Space stays the clock's
  }

  #finish() {
    keep(SEEN, new Date().toISOString());
    const hadFocus = this.#card?.contains(document.activeElement);
    this.#remove();
    if (hadFocus && this.#before?.isConnected) this.#before.focus({ preventScroll: true });
    scrollTo(0, this.#scrolledPx);
  }

  #remove() {
    this.#card?.remove();
    this.#ring.remove();
    this.#card = null;
    this.#at = -1;
    this.#uncover();
  }

  #place() {
    if (this.#at < 0) return;
    const isStrip = matchMedia(NARROW).matches;
    this.#card.classList.toggle("is-strip", isStrip);
    if (isStrip) this.#placeInPage();
    else this.#placeBeside();
    this.#ringAround();
  }

  /** Between the parts of the page: it covers nothing. */
  #placeInPage() {
    const { part, above } = HINTS[this.#at];
    this.#card.removeAttribute("style");
    if (above) document.querySelector(above)?.before(this.#card);
    else document.querySelector(part)?.prepend(this.#card);
    this.#card.scrollIntoView({ block: "nearest" });
  }

  /** Over a column beside the picture, which has neither sentence nor predictions nor clock. */
  #placeBeside() {
    const { part, above } = HINTS[this.#at];
    if (this.#card.parentElement !== document.body) document.body.append(this.#card);
    document.querySelector(part)?.scrollIntoView({ block: "nearest" }); // in a window of middle width the list stands further down
    const [target, column] = [part, above ? COLUMN : part].map((each) => /** @type {HTMLElement} */ (document.querySelector(each)).getBoundingClientRect());
    this.#card.classList.toggle("is-beside", Boolean(above));
    const width = Math.min(WIDEST_PX, column.width - 2 * GAP_PX);
    this.#card.style.width = `${width}px`;
    const foot = Math.min(innerHeight, column.bottom) - this.#card.offsetHeight - GAP_PX;
    const top = above ? Math.min(target.top + GAP_PX, foot) : foot;
    Object.assign(this.#card.style, { left: `${column.left + GAP_PX}px`, top: `${Math.max(GAP_PX, top)}px` });
  }

  #ringAround() {
    const part = this.#at < 0 ? null : document.querySelector(HINTS[this.#at].part);
    if (part) placeBeside(part.getBoundingClientRect(), this.#ring, null);
  }
}
