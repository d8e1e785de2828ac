/**
 * The keyboard's hand on the picture: it walks neurons and plates, reads them, selects, watches, and turns the tower.
 *
 * Knows keys and the order of plates. Refuses to know frames and how a picture is drawn: it is told where a neuron stands and
 * what there is to say of it.
 */

import { PICTURE_KEYS } from "../core/picture_keys.mjs";
import { el, say } from "../shell/dom.mjs";
import { placeTip } from "../shell/tip.mjs";

/** @typedef {{key: string, neuron: number}} Place */
/** @typedef {{key: string, width: number, cols: number}} Walked a plate: `width` neurons in rows of `cols` */
/** @typedef {{yaw?: number, pitch?: number, zoom?: number}|null} Turn as TowerPicture.turn */

const KEYS = PICTURE_KEYS.map(([label, does]) => `${label} ${does}`).join(" · ");
const WHEEL = "Hold Ctrl, or click the tower first, to zoom with the wheel";
const HINT_MS = 2000;
const TURN = 0.12; // radians a press
const ZOOM = 1.2;

/** @type {Record<string, Turn>} */
const TURNS = Object.freeze({
  "Shift+ArrowLeft": { yaw: -TURN },
  "Shift+ArrowRight": { yaw: TURN },
  "Shift+ArrowUp": { pitch: TURN },
  "Shift+ArrowDown": { pitch: -TURN },
  "+": { zoom: ZOOM },
  "=": { zoom: ZOOM },
  "-": { zoom: 1 / ZOOM },
  0: null,
});

/** @param {Pick<KeyboardEvent, "key"|"shiftKey">} event
 *  @returns {Turn|undefined} undefined: the key does not turn */
export function turnOf({ key, shiftKey }) {
  return TURNS[shiftKey && key.startsWith("Arrow") ? `Shift+${key}` : key];
}

/** @param {Place} at
 *  @param {string} press KeyboardEvent.key
 *  @param {readonly Walked[]} plates bottom to top
 *  @returns {Place|null} where the hand is then; null: the key does not walk */
export function walked({ key, neuron }, press, plates) {
  const found = plates.findIndex((each) => each.key === key);
  const plate = Math.max(0, found);
  const { width, cols } = plates[plate];
  const by = new Map(Object.entries({ ArrowLeft: -1, ArrowRight: 1, PageUp: -cols, PageDown: cols })).get(press);
  if (by !== undefined) return { key: plates[plate].key, neuron: Math.min(width - 1, Math.max(0, neuron + by)) };
  if (press !== "ArrowUp" && press !== "ArrowDown") return null;
  const to = plates[Math.min(plates.length - 1, Math.max(0, plate + (press === "ArrowUp" ? 1 : -1)))];
  return { key: to.key, neuron: Math.floor((neuron / width) * to.width) };
}

export class Hand {
  /** @type {Place|null} while the keyboard has the picture */
  at = null;
  #lane = 0;
  #timer = 0;

  /** @param {HTMLElement} view the picture
   *  @param {object} context
   *  @param {HTMLElement} context.tip
   *  @param {() => number} context.numLanes
   *  @param {(lane: number) => readonly Walked[]} context.plates bottom to top
   *  @param {() => {point: string|null, neuron: number|null}} context.selected
   *  @param {(at: Place, lane: number) => HTMLElement[]} context.read what there is to say
   *  @param {(at: Place, lane: number) => [number, number]|null} context.locate CSS pixels of the picture
   *  @param {(key: string, lane: number) => number} context.strongest
   *  @param {(picked: {point: string, neuron: number, watch?: boolean}) => void} context.onPick
   *  @param {(by: Turn) => void} context.turn */
  constructor(view, context) {
    this.view = view;
    this.context = context;
    this.ring = el("div", { class: "mri-hand", hidden: true });
    this.hint = el("p", { class: "mri-hand-hint", "aria-hidden": "true", hidden: true });
    this.says = el("div", { class: "visually-hidden", role: "status" });
    view.append(this.ring, this.hint, this.says);
    view.tabIndex = 0;
    view.setAttribute("role", "application");
    view.setAttribute("aria-label", `Picture of the neurons. ${KEYS}`);
    view.addEventListener("pointerdown", () => this.#leave()); // whoever clicks keeps the clock's arrows
    view.addEventListener("focus", () => view.matches(":focus-visible") && this.#enter());
    view.addEventListener("blur", () => this.#leave());
    view.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Whether the wheel is the tower's: else it scrolls the page, and a hint says how it would zoom.
   *  @param {WheelEvent} event */
  hasWheel(event) {
    const has = event.ctrlKey || event.metaKey || document.activeElement === this.view;
    if (!has) this.#tell(WHEEL);
    return has;
  }

  /** The picture is another: what the hand is on is read anew, and not aloud. */
  write() {
    if (!this.at) return;
    const { tip, read, locate } = this.context;
    const place = locate(this.at, this.#lane);
    this.ring.hidden = tip.hidden = !place;
    if (!place) return;
    const [x, y] = place;
    Object.assign(this.ring.style, { left: `${x}px`, top: `${y}px` });
    tip.replaceChildren(...read(this.at, this.#lane));
    const box = this.view.getBoundingClientRect();
    placeTip(tip, box.x + x + 16, box.y + y + 16);
  }

  #enter() {
    const { point, neuron } = this.context.selected();
    if (point === null || !this.context.plates(0).length) return; // a picture without neurons is only turned
    this.#tell(KEYS);
    this.#go({ key: point, neuron: neuron ?? 0 });
  }

  #leave() {
    if (!this.at) return;
    this.at = null;
    this.ring.hidden = this.context.tip.hidden = this.hint.hidden = true;
  }

  /** @param {Place} at */
  #go(at) {
    this.at = at;
    this.write();
    say(this.says, [...this.context.tip.children].map((line) => line.textContent).join(", "));
  }

  /** @param {string} text for a while */
  #tell(text) {
    say(this.hint, text);
    this.hint.hidden = false;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => (this.hint.hidden = this.at === null), HINT_MS);
  }

  /** Keys that are the hand's go no further: the clock's and the layers' are the same ones.
   *  @param {KeyboardEvent} event */
  #key(event) {
    const { at, context } = this;
    const turn = turnOf(event);
    if (event.ctrlKey || event.altKey || event.metaKey || (!at && turn === undefined)) return;
    if (!at) {
      context.turn(/** @type {Turn} */ (turn));
      event.preventDefault();
      return event.stopPropagation();
    }
    const lane = (this.#lane = Math.min(this.#lane, context.numLanes() - 1));
    const walks =
      event.key === "Home" ? { ...at, neuron: context.strongest(at.key, lane) } : event.shiftKey ? null : walked(at, event.key, context.plates(lane));
    const to = event.key.toLowerCase() === "l" ? at : walks;
    if (to === at) this.#lane = (lane + 1) % context.numLanes();
    if (turn !== undefined) context.turn(turn);
    else if (to) this.#go(to);
    else if (event.key === "Enter") context.onPick({ point: at.key, neuron: at.neuron });
    else if (event.key.toLowerCase() === "w") context.onPick({ point: at.key, neuron: at.neuron, watch: true });
    else if (event.key === "Escape") this.view.blur();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
