/**
 * Keys -> commands, the list of keys that `?` shows (one table for both), and who hears them: the page has one owner of keys.
 *
 * Knows the keyboard and which controls keep their own keys. Refuses to know what a command does.
 */

import { keep, recall } from "./storage.mjs";

/** @typedef {{name: string} & Record<string, any>} Command one of BINDINGS: what is to be done, and how much of it */

/** @typedef {object} Binding
 *  @property {string} key KeyboardEvent.key
 *  @property {boolean} [shift] given: shift must be down, or must not; absent: either
 *  @property {Command} command
 *  @property {string} label how the key is written
 *  @property {string} does */

/** @type {readonly Binding[]} */
export const BINDINGS = Object.freeze([
  { key: " ", command: { name: "toggle" }, label: "Space", does: "play or pause" },
  { key: "ArrowLeft", shift: false, command: { name: "stepBy", steps: -1 }, label: "←", does: "one step back" },
  { key: "ArrowRight", shift: false, command: { name: "stepBy", steps: 1 }, label: "→", does: "one step on" },
  { key: "ArrowLeft", shift: true, command: { name: "stepBy", steps: -10 }, label: "Shift ←", does: "ten steps back" },
  { key: "ArrowRight", shift: true, command: { name: "stepBy", steps: 10 }, label: "Shift →", does: "ten steps on" },
  { key: "PageUp", command: { name: "stepByTenth", tenths: -1 }, label: "Page ↑", does: "back by a tenth of all steps" },
  { key: "PageDown", command: { name: "stepByTenth", tenths: 1 }, label: "Page ↓", does: "on by a tenth of all steps" },
  { key: "Home", command: { name: "seekFirst" }, label: "Home", does: "first step" },
  { key: "End", command: { name: "seekLast" }, label: "End", does: "last step" },
  { key: "[", command: { name: "scaleSpeed", factor: 0.5 }, label: "[", does: "half the speed, or the next slower pace" },
  { key: "]", command: { name: "scaleSpeed", factor: 2 }, label: "]", does: "twice the speed, or the next faster pace" },
  { key: "ArrowUp", command: { name: "moveLayer", layers: 1 }, label: "↑", does: "one layer up" },
  { key: "ArrowDown", command: { name: "moveLayer", layers: -1 }, label: "↓", does: "one layer down" },
  { key: "h", command: { name: "nextHead" }, label: "H", does: "next attention head" },
  { key: "t", command: { name: "togglePicture" }, label: "T", does: "tower or flat picture; of several recordings the next way to see them" },
  { key: "w", command: { name: "toggleWatch" }, label: "W", does: "watch the selected neuron, or stop watching it" },
  { key: "y", command: { name: "whyThis" }, label: "Y", does: "why this word: the one with the focus, else what the step chose" },
  { key: "v", command: { name: "swapPair" }, label: "V", does: "in Why, swap the two words" },
  { key: "i", command: { name: "loopFrom" }, label: "I", does: "play in a loop from this step on" },
  { key: "o", command: { name: "loopTo" }, label: "O", does: "play in a loop up to this step" },
  { key: "f", command: { name: "follow" }, label: "F", does: "Simple or Full; while a recording is under way, go to its newest step" },
  { key: "n", command: { name: "turnPage", pages: 1 }, label: "N in a lesson", does: "its next page; of two recordings the next moment at which they part" },
  { key: "n", shift: false, command: { name: "nextTelling", direction: 1 }, label: "N", does: "next telling moment: a surprise, a long look, a first copy" },
  { key: "n", shift: true, command: { name: "nextTelling", direction: -1 }, label: "Shift N", does: "the telling moment before" },
  { key: "b", command: { name: "turnPage", pages: -1 }, label: "B", does: "page before, in a lesson; of two recordings the parting before" },
  { key: "Escape", command: { name: "clearLoop" }, label: "Esc", does: "close what lies on top, else no loop any more" },
  { key: "/", command: { name: "focusPrompt" }, label: "/", does: "write a prompt" },
  { key: "?", command: { name: "showKeys" }, label: "?", does: "this list of keys" },
]);

/** What a Latin keyboard has in these places.
 *  @type {Record<string, string>} */
const PLAIN = Object.freeze({ BracketLeft: "[", BracketRight: "]", Slash: "/" });
/** @type {Record<string, string>} */
const SHIFTED = Object.freeze({ Slash: "?" });

/** Inputs that need every key for themselves. A range is not among them: its keys are the clock's keys,
 *  unless it is marked `data-mri-keys="own"`. */
const TYPING = /^(text|search|number|email|url|password|tel|date|time|datetime-local|month|week)$/;
/** Inside of these the page keys scroll. */
const SCROLLED = "[role=tabpanel], [role=listbox], [role=dialog]";
const MOVES_BY_ARROWS = /^(tab|radio|menuitem|option|listbox|slider|combobox)$/;
const PRESSED_BY_SPACE = /^(button|tab|checkbox|switch|radio|menuitem|option|combobox)$/;

/** The key as the bindings name it. On a keyboard of another script (Cyrillic, Greek, Arabic, Hebrew, …) it is the one in
 *  the same place of a Latin keyboard, on which the letters are written too; what is typed in Latin stays what it is.
 *  @param {KeyboardEvent} event
 *  @returns {string} KeyboardEvent.key, letters small */
export function keyOf({ key, code, shiftKey }) {
  const isHebrewW = key === "'" && code === "KeyW";
  const isForeign = isHebrewW || key === "Process" || /^(?!\p{Script=Latin})[\p{L}\p{M}؟]/u.test(key);
  if (isForeign) return /^Key[A-Z]$/.test(code) ? code.slice(3).toLowerCase() : ((shiftKey ? SHIFTED : PLAIN)[code] ?? key);
  return key.length === 1 ? key.toLowerCase() : key;
}

/** @param {Binding} binding
 *  @returns {boolean} whether its key types a letter, digit or sign, which dictation and a slip of the hand do, too */
export function isCharacter({ key }) {
  return key.length === 1 && key !== " ";
}

/** The command of a key press, null where the key means nothing here or belongs to the control that has the focus.
 *  @param {KeyboardEvent} event
 *  @param {boolean} [haveCharacters] whether a single character is a command
 *  @param {(command: Command) => boolean} [isKnown] to somebody who is there */
export function commandFromKey(event, haveCharacters = true, isKnown = () => true) {
  // AltGr, which types [ and ] on many keyboards, reports itself as Ctrl+Alt on Windows.
  const isShortcut = (event.ctrlKey || event.altKey || event.metaKey) && !event.getModifierState?.("AltGraph");
  if (event.defaultPrevented || event.isComposing || isShortcut) return null;
  const key = keyOf(event);
  const binding = BINDINGS.find((each) => each.key === key && (each.shift ?? event.shiftKey) === event.shiftKey && isKnown(each.command));
  if (!binding || (isCharacter(binding) && !haveCharacters) || isTaken(/** @type {any} */ (event.target), key)) return null;
  return binding.command;
}

/** @param {any} target the element that has the focus, or null
 *  @param {string} key
 *  @returns {boolean} whether that control uses the key itself */
function isTaken(target, key) {
  const tag = String(target?.tagName ?? "").toLowerCase();
  const type = String(target?.type ?? "text").toLowerCase();
  if (target?.isContentEditable || tag === "textarea" || tag === "select") return true;
  if (tag === "input" && TYPING.test(type)) return true;
  const role = target?.getAttribute?.("role") ?? "";
  const isArrow = key.startsWith("Arrow") || key === "Home" || key === "End";
  if (key.startsWith("Page") && (target?.dataset?.mriKeys === "own" || target?.closest?.(SCROLLED))) return true;
  if (isArrow && target?.dataset?.mriKeys === "own") return true;
  if (isArrow) return (tag === "input" && type === "radio") || MOVES_BY_ARROWS.test(role);
  if (key !== " ") return false;
  return /^(button|a|summary)$/.test(tag) || (tag === "input" && type !== "range") || PRESSED_BY_SPACE.test(role);
}

const CHARACTERS = "mri-character-keys";
/** What has the page's keys for itself while it is open, and closes itself. */
const MODAL = "dialog[open], .modal.show";

/** @typedef {(command: Command, event: KeyboardEvent) => void} Act */

export class Keys {
  /** @type {Set<{names: readonly string[], act: Act}>} who is mounted, the newest last */
  #mounted = new Set();
  /** @type {Set<() => unknown>} closes what lies over the page, the topmost last */
  #onTop = new Set();

  /** @param {() => boolean} [isModal] whether something has all keys for itself */
  constructor(isModal = () => document.querySelector(MODAL) !== null) {
    this.isModal = isModal;
  }

  /** Whether a single character is a command (WCAG 2.1.4: that can be switched off). Remembered. */
  get haveCharacters() {
    return recall(CHARACTERS) !== "off";
  }

  set haveCharacters(areOn) {
    keep(CHARACTERS, areOn ? "on" : "off");
  }

  /** @param {readonly string[]} names of the commands that somebody knows, from now on and before all who came earlier
   *  @param {Act} act
   *  @returns {() => void} to be called when they go */
  know(names, act) {
    const mine = { names, act };
    this.#mounted.add(mine);
    return () => this.#mounted.delete(mine);
  }

  /** Something lies on top: Escape closes it and does nothing else, wherever the focus is.
   *  @param {() => unknown} close false: it was gone already
   *  @returns {() => void} to be called when it is closed */
  cover(close) {
    const mine = () => close();
    this.#onTop.add(mine);
    return () => this.#onTop.delete(mine);
  }

  /** @param {KeyboardEvent} event */
  commandOf(event) {
    return commandFromKey(event, this.haveCharacters, ({ name }) => [...this.#mounted].some(({ names }) => names.includes(name)));
  }

  /** @param {KeyboardEvent} event that came up to the document */
  hear(event) {
    if (this.isModal()) return;
    const isEscape = event.key === "Escape" && !event.defaultPrevented && !event.isComposing;
    const wasOpen = (/** @type {() => unknown} */ close) => this.#onTop.delete(close) && close() !== false;
    if (isEscape && [...this.#onTop].reverse().some(wasOpen)) return event.preventDefault();
    const command = this.commandOf(event);
    const knows = command && [...this.#mounted].findLast(({ names }) => names.includes(command.name));
    if (!knows) return;
    event.preventDefault();
    knows.act(command, event);
  }
}

/** The page's. */
export const keys = new Keys();
