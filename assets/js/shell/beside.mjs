/**
 * Puts a card beside the part of the page that it speaks of, and a ring around that part.
 *
 * Knows boxes on the screen and nothing else.
 */

const GAP_PX = 12;

/** @param {{left: number, top: number, right: number, bottom: number, width: number, height: number}} box of what is meant
 *  @param {HTMLElement|null} ring
 *  @param {HTMLElement|null} card
 *  @param {number} [floor] the card stays above it: nothing below may be covered */
export function placeBeside(box, ring, card, floor = innerHeight) {
  const [top, bottom] = [Math.max(0, box.top), Math.min(innerHeight, box.bottom)];
  if (ring) Object.assign(ring.style, { left: `${box.left}px`, top: `${top}px`, width: `${box.width}px`, height: `${Math.max(0, bottom - top)}px` });
  if (!card) return;
  const { offsetWidth: width, offsetHeight: height } = card;
  let [x, y] = [box.left + box.width / 2 - width / 2, Math.min(bottom, floor) - height - GAP_PX]; // on a large part, at its foot
  if (box.width < innerWidth / 2 && box.right + GAP_PX + width < innerWidth) [x, y] = [box.right + GAP_PX, top + GAP_PX];
  else if (box.width < innerWidth / 2 && box.left - GAP_PX - width > 0) [x, y] = [box.left - GAP_PX - width, top + GAP_PX];
  else if (bottom - top < height + 4 * GAP_PX) y = top - GAP_PX - height > 0 ? top - GAP_PX - height : bottom + GAP_PX;
  card.style.left = `${Math.max(GAP_PX, Math.min(x, innerWidth - width - GAP_PX))}px`;
  card.style.top = `${Math.max(GAP_PX, Math.min(y, innerHeight - height - GAP_PX))}px`;
}
