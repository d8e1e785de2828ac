/**
 * Tips: put beside a place, wholly on the screen; and what an element's title says under the pointer, shown to the keyboard too.
 *
 * Knows elements and the window. Refuses to know what a tip is about.
 */

import { el } from "./dom.mjs";

const EDGE_PX = 8;
const GAP_PX = 6;

/** Along one axis, CSS pixels.
 *  @param {number} wanted where it would begin
 *  @param {number} size of the tip
 *  @param {number} room of the window
 *  @returns {number} where it begins, so that it lies within the window; a tip larger than that begins at its edge */
export function within(wanted, size, room) {
  return Math.max(EDGE_PX, Math.min(wanted, room - size - EDGE_PX));
}

/** @param {HTMLElement} tip that is shown, `position: fixed`
 *  @param {number} left CSS pixels of the window, where there is room
 *  @param {number} top */
export function placeTip(tip, left, top) {
  tip.style.left = `${within(left, tip.offsetWidth, innerWidth)}px`;
  tip.style.top = `${within(top, tip.offsetHeight, innerHeight)}px`;
}

/** From now on the title of what the keyboard comes to is shown below it; Escape hides it. (A screen reader is told it anyway.) */
export function startTips() {
  const tip = el("div", { class: "mri-tip", popover: "manual", "aria-hidden": "true" });
  document.body.append(tip);
  /** @type {HTMLElement|null} */
  let of = null;
  const show = (/** @type {HTMLElement|null} */ element) => {
    of?.removeEventListener("keydown", dismiss);
    of = element;
    of?.addEventListener("keydown", dismiss);
    tip.textContent = of?.title ?? "";
    tip.togglePopover(of !== null);
    place();
  };
  const dismiss = (/** @type {KeyboardEvent} */ { key }) => key === "Escape" && show(null);
  const place = () => {
    if (!of) return;
    const { left, top, bottom } = of.getBoundingClientRect();
    const isBelow = bottom + GAP_PX + tip.offsetHeight + EDGE_PX < innerHeight;
    placeTip(tip, left, isBelow ? bottom + GAP_PX : top - GAP_PX - tip.offsetHeight);
  };
  document.addEventListener("focusin", (event) => {
    const element = /** @type {HTMLElement} */ (event.target);
    show(element.title && element.matches(":focus-visible") ? element : null);
  });
  for (const name of ["focusout", "pointerdown"]) document.addEventListener(name, () => show(null), { capture: true });
  document.addEventListener("scroll", place, { capture: true, passive: true });
}
