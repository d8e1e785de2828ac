/**
 * Locked controls: seen, but of no use yet; whoever tries one hears why.
 *
 * What the Scanner's controls do is not touched: their events are caught on the way down. Looking (hover, scroll, focus) is
 * always free. Knows targets and which keys they govern; refuses to know moments.
 */

import { keys } from "../desk/keys.mjs";

const USES = ["pointerdown", "mousedown", "touchstart", "click", "dblclick", "keydown", "input", "change"];
const FREE_KEYS = /^(Tab|Shift|Control|Alt|Meta|Escape)$/;
const ALL = "all";

export class Locks {
  #unlocked = new Set([ALL]);
  #abort = new AbortController();

  /** @param {object} context
   *  @param {HTMLElement} context.host the page
   *  @param {Record<string, {selector: string, lock: boolean, keys: string[]}>} context.targets
   *  @param {(name: string) => string} context.reason
   *  @param {(element: Element, reason: string) => void} context.refuse */
  constructor(context) {
    this.context = context;
    this.names = Object.keys(context.targets).filter((name) => context.targets[name].lock);
    const { signal } = this.#abort;
    for (const name of USES) document.addEventListener(name, (event) => this.#catch(event), { signal, capture: true, passive: false });
  }

  close() {
    this.#abort.abort();
    this.set([ALL]);
  }

  /** @param {readonly string[]} unlocked names of targets that may be used */
  set(unlocked) {
    this.#unlocked = new Set(unlocked);
    this.apply();
  }

  /** Mark what is locked, after something was built anew. */
  apply() {
    for (const name of this.names) {
      const isLocked = this.isLocked(name);
      for (const node of this.context.host.querySelectorAll(this.context.targets[name].selector)) {
        node.classList.toggle("is-locked", isLocked);
        const title = node.getAttribute("data-locked-title"); // what it had
        if (isLocked && title === null) {
          node.setAttribute("data-locked-title", node.getAttribute("title") ?? "");
          node.setAttribute("title", this.context.reason(name));
        } else if (!isLocked && title !== null) {
          if (title) node.setAttribute("title", title);
          else node.removeAttribute("title");
          node.removeAttribute("data-locked-title");
        }
        for (const control of [node, ...node.querySelectorAll("button, input, select, [role=option]")]) {
          if (isLocked) control.setAttribute("aria-disabled", "true");
          else control.removeAttribute("aria-disabled");
        }
      }
    }
  }

  /** @param {string} name
   *  @returns {boolean} neither it nor what it is a part of was unlocked */
  isLocked(name) {
    return ![ALL, name, name.split(".")[0]].some((each) => this.#unlocked.has(each));
  }

  /** @param {Event} event */
  #catch(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (!this.context.host.isConnected || this.#unlocked.has(ALL) || document.querySelector("dialog[open]")) return;
    const name = this.#lockOf(target) ?? (event.type === "keydown" ? this.#lockOfKey(/** @type {KeyboardEvent} */ (event)) : null);
    if (!name || !this.isLocked(name)) return;
    const key = /** @type {any} */ (event).key ?? "";
    if (event.type === "keydown" && (FREE_KEYS.test(key) || event.defaultPrevented)) return;
    event.stopPropagation();
    const isScroll = event.type === "touchstart" && !target.closest("input, select, canvas");
    if (event.cancelable && !isScroll && !(event.type === "keydown" && !isUse(key, target))) event.preventDefault();
    if (event.type === "pointerdown" || event.type === "keydown")
      this.context.refuse(this.context.host.querySelector(this.context.targets[name].selector) ?? target, this.context.reason(name));
  }

  /** @param {Element} element
   *  @returns {string|null} the innermost lock that it lies in */
  #lockOf(element) {
    /** @type {[string, Element]|null} */
    let found = null;
    for (const name of this.names) {
      const place = element.closest?.(this.context.targets[name].selector);
      if (place && this.context.host.contains(place) && (!found || found[1].contains(place))) found = [name, place];
    }
    return found && found[0];
  }

  /** @param {KeyboardEvent} event */
  #lockOfKey(event) {
    const command = keys.commandOf(event)?.name;
    return (command && this.names.find((name) => this.context.targets[name].keys.includes(command))) ?? null;
  }
}

/** A key that scrolls the page keeps doing so.
 *  @param {string} key
 *  @param {HTMLElement} target */
function isUse(key, target) {
  return key === " " || key === "Enter" || /^(input|select)$/i.test(target.tagName);
}
