/**
 * Points at the real screen: a ring around what a page is about, a glow at what a word means, and the other way round.
 *
 * Knows names of targets and where they are (mri/lessons/targets.py, sent with the lesson). Refuses to know moments. What a
 * target is for stands in the text (page.mjs): nothing that explains lies on what it explains.
 */

import { placeBeside } from "../shell/beside.mjs";
import { el } from "../shell/dom.mjs";
import { filled } from "./text.mjs";

const PLACE_MS = 200; // panels grow, lists scroll: a ring follows what it is around
const SAY_MS = 5000;
const LEAD_MS = 6000;
const HANDS = ["wheel", "touchstart", "pointerdown", "keydown"]; // whoever scrolls is not held
const NEURON_PX = 22;
const AROUND_PX = 4; // so that the ring runs through no word of what it is around
const TEXT_ABOVE_PX = 900; // up to this width the text stands above the scan: nobody is taken away from it

export class Overlay {
  /** @type {any} */
  #timer = null;
  /** @type {any} */
  #sayTimer = null;
  #abort = new AbortController();
  #target = "";
  #glowing = "";
  #leading = { name: "", untilMs: 0 };
  #isScrolledTo = false; // a chart comes later than the text that speaks of it
  /** @type {HTMLElement|null} */
  #said = null;

  /** @param {object} context
   *  @param {HTMLElement} context.host the page
   *  @param {HTMLElement} context.text host of the text, where terms are
   *  @param {Record<string, {selector: string}>} context.targets
   *  @param {any} context.words
   *  @param {() => any} context.scanner the Scanner that is shown, or null */
  constructor(context) {
    this.context = context;
    this.ring = el("div", { class: "mri-hint-ring learn-ring", "aria-hidden": "true", hidden: true });
    this.glow = el("div", { class: "learn-glow", "aria-hidden": "true", hidden: true });
    this.says = el("div", { class: "mri-hint learn-says", role: "status", hidden: true });
    document.body.append(this.ring, this.glow, this.says);
    const { signal } = this.#abort;
    const place = () => this.place();
    addEventListener("resize", place, { signal });
    for (const name of HANDS) addEventListener(name, () => (this.#leading.name = ""), { signal, capture: true, passive: true });
    addEventListener("scroll", place, { signal, capture: true, passive: true });
    for (const name of ["pointerover", "focusin"]) context.host.addEventListener(name, (event) => this.#light(/** @type {any} */ (event.target)), { signal });
    for (const name of ["pointerleave", "focusout"]) context.host.addEventListener(name, () => this.#light(null), { signal });
    context.text.addEventListener("click", (event) => this.#go(/** @type {any} */ (event.target)), { signal });
  }

  close() {
    clearInterval(this.#timer);
    clearTimeout(this.#sayTimer);
    this.#abort.abort();
    for (const node of [this.ring, this.glow, this.says]) node.remove();
  }

  /** @param {string} name
   *  @returns {{name: string, what: string}} what a target is called and what it is for */
  words(name) {
    const [called, what] = this.context.words.targets[name] ?? ["", ""];
    return { name: called, what };
  }

  /** What the page is about from now on: scrolled to and ringed.
   *  @param {string|null} name */
  point(name) {
    this.#target = name ?? "";
    if (!name) this.#leading.name = ""; // else somebody was quick, and wants to go there
    this.#isScrolledTo = false;
    this.#follow();
  }

  /** Scroll to a place, on a phone below what stays at the top; for a while also once it has come, and when it moves
   *  because charts come above it.
   *  @param {string} name */
  lead(name) {
    this.#leading = { name, untilMs: performance.now() + LEAD_MS };
    this.#follow();
  }

  /** Keep what is led to in its place. */
  #steer() {
    const { name, untilMs } = this.#leading;
    const element = name ? this.#element(name) : null;
    if (!element)
      this.#leading.untilMs = performance.now() + LEAD_MS; // it has not come yet
    else if (performance.now() > untilMs) this.#leading.name = "";
    if (!element || isFixed(element)) return;
    element.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (innerWidth <= TEXT_ABOVE_PX) scrollBy({ top: element.getBoundingClientRect().top - (this.#stay?.offsetHeight ?? 0) - 3 * AROUND_PX });
  }

  /** A sentence at a place, for some seconds, also for a screen reader.
   *  @param {Element} element
   *  @param {string} sentence */
  say(element, sentence) {
    this.#said = /** @type {HTMLElement} */ (element);
    this.says.textContent = sentence;
    this.place();
    clearTimeout(this.#sayTimer);
    this.#sayTimer = setTimeout(() => {
      this.#said = null;
      this.place();
    }, SAY_MS);
  }

  /** Everything where it belongs now. */
  place() {
    this.#steer();
    if (this.#target && !this.#isScrolledTo && innerWidth > TEXT_ABOVE_PX && this.#box(this.#target)) {
      this.#isScrolledTo = true;
      this.#element(this.#target)?.scrollIntoView({ block: "nearest" });
    }
    this.#enclose(this.ring, this.#target, AROUND_PX);
    this.#enclose(this.glow, this.#glowing, 0);
    this.says.hidden = !this.#said?.isConnected;
    if (!this.says.hidden) placeBeside(/** @type {HTMLElement} */ (this.#said).getBoundingClientRect(), null, this.says);
  }

  /** A frame around what is seen of a place; none where nothing of it is.
   *  @param {HTMLElement} frame
   *  @param {string} name
   *  @param {number} around in pixels */
  #enclose(frame, name, around) {
    const element = name ? this.#element(name) : null;
    const box = element && this.#box(name);
    const seen = box && seenPart(element, box, this.#ceiling(element), this.#floor(element));
    frame.hidden = !seen;
    if (!seen) return;
    const [left, right] = [Math.max(0, seen.left - around), Math.min(document.documentElement.clientWidth, seen.right + around)];
    const [top, bottom] = [seen.top - around, seen.bottom + around];
    Object.assign(frame.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
  }

  /** @returns {HTMLElement|null} what stays at the top on a phone: the task */
  get #stay() {
    return this.context.text.querySelector(".learn-stay");
  }

  /** @param {Element} element
   *  @returns {number} above this nothing of it is seen: on a phone the task stays at the top */
  #ceiling(element) {
    const task = innerWidth > TEXT_ABOVE_PX || this.context.text.contains(element) ? null : this.#stay?.getBoundingClientRect();
    return task && task.top <= 0 ? task.bottom : 0;
  }

  /** @param {Element} element
   *  @returns {number} below this nothing of it is seen: on a phone the clock stays at the foot */
  #floor(element) {
    const clock = document.getElementById("mri-transport");
    if (!clock || clock.contains(element) || !isFixed(clock)) return innerHeight;
    return clock.getBoundingClientRect().top || innerHeight;
  }

  #follow() {
    this.place();
    clearInterval(this.#timer);
    this.#timer = this.#target || this.#glowing || this.#leading.name ? setInterval(() => this.place(), PLACE_MS) : null;
  }

  /** @param {string} name
   *  @returns {HTMLElement|null} */
  #element(name) {
    const { targets, host } = this.context;
    const [kind, argument] = cut(name);
    const selector =
      targets[name]?.selector.split(",")[0] ??
      { point: `#mri-layers [data-key="${argument}"]`, token: `#mri-ribbon [data-position="${argument}"]`, neuron: "#mri-stage .mri-view" }[kind] ??
      `#learn-widget [data-part="${name.replace("widget.", "")}"]`;
    return host.querySelector(selector);
  }

  /** @param {string} name
   *  @returns {DOMRect|null} where it is seen, null where it is not */
  #box(name) {
    const element = this.#element(name);
    const box = element?.getBoundingClientRect();
    if (!box?.width || !box.height) return null;
    const [kind, argument] = cut(name);
    if (kind !== "neuron") return box;
    const at = argument.lastIndexOf(":");
    const place = this.context.scanner()?.stage.locate(argument.slice(0, at), Number(argument.slice(at + 1)));
    return place ? new DOMRect(box.x + place[0] - NEURON_PX / 2, box.y + place[1] - NEURON_PX / 2, NEURON_PX, NEURON_PX) : null;
  }

  /** A term under the pointer or the focus glows its place; a place that the text speaks of glows its terms.
   *  @param {HTMLElement|null} under */
  #light(under) {
    /** @type {NodeListOf<HTMLElement>} */
    const terms = this.context.text.querySelectorAll("[data-term]");
    const own = /** @type {HTMLElement|null|undefined} */ (under?.closest("[data-term]"))?.dataset.term;
    const isHere = (/** @type {string} */ name) => (own ? name === own : under && this.#element(name)?.contains(under));
    this.#glowing = "";
    for (const { dataset } of terms) {
      const name = dataset.term ?? "";
      const isInside = () => !this.#glowing || this.#element(this.#glowing)?.contains(this.#element(name));
      if (isHere(name) && isInside()) this.#glowing = name; // of nested places the innermost
    }
    for (const each of terms) each.classList.toggle("is-lit", each.dataset.term === this.#glowing);
    this.#follow();
  }

  /** A term was pressed: go to its place, which may be further down on a phone.
   *  @param {HTMLElement} pressed */
  #go(pressed) {
    const name = /** @type {HTMLElement|null} */ (pressed.closest("[data-term]"))?.dataset.term;
    if (!name) return;
    const element = this.#element(name);
    this.lead(name);
    const { name: called, what } = this.words(name);
    if (element && what) this.say(element, `${called}: ${what}`);
  }

  /** @param {string} name of a locked control
   *  @returns {string} why it does nothing */
  reason(name) {
    const { words } = this.context;
    const { name: what } = this.words(name);
    return what ? filled(words.locked.named, { what }) : words.locked.reason;
  }
}

/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */

/** @param {Box} a
 *  @param {Box} b
 *  @returns {Box} what both have; nothing where its right lies left of its left */
export function common(a, b) {
  const [left, top] = [Math.max(a.left, b.left), Math.max(a.top, b.top)];
  return { left, top, right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom) };
}

/** @param {string} name like "neuron:hidden:2"
 *  @returns {[string, string]} kind and argument */
export function cut(name) {
  const at = name.indexOf(":");
  return at < 0 ? [name, ""] : [name.slice(0, at), name.slice(at + 1)];
}

/** @param {Element} element
 *  @returns {boolean} it stays where it is when the page scrolls */
function isFixed(element) {
  for (let at = /** @type {Element|null} */ (element); at; at = at.parentElement) if (getComputedStyle(at).position === "fixed") return true;
  return false;
}

/** @param {Element} element
 *  @param {DOMRect} box of it, or of a part
 *  @param {number} ceiling of the window
 *  @param {number} floor of the window
 *  @returns {Box|null} what all that scrolls leaves of it; null: nothing */
function seenPart(element, box, ceiling, floor) {
  let seen = common(box, { left: 0, top: ceiling, right: innerWidth, bottom: floor });
  for (let at = /** @type {Element|null} */ (element); at && at !== document.body; at = at.parentElement) {
    const { overflowX, overflowY, display, position } = getComputedStyle(at);
    if (position === "fixed") break; // what stands in the window is cut by nothing around it
    if (at === element || display === "contents" || (overflowX === "visible" && overflowY === "visible")) continue;
    seen = common(seen, at.getBoundingClientRect());
  }
  return seen.right > seen.left && seen.bottom > seen.top ? seen : null;
}
