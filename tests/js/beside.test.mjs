import assert from "node:assert/strict";
import { test } from "node:test";

import { placeBeside } from "../../assets/js/shell/beside.mjs";
import { el } from "../../assets/js/shell/dom.mjs";
import { freshPage, placed } from "./page.mjs";

const boxOf = (left, top, width, height) => ({ left, top, width, height, right: left + width, bottom: top + height });

/** Where a card of 300 × 100 comes to stand in a window of 1280 × 800. */
function cardBeside(box, floor) {
  freshPage();
  const [ring, card] = [el("div"), placed(el("div"), 0, 0, 300, 100)];
  placeBeside(box, ring, card, floor);
  const px = (node, ...names) => names.map((name) => parseFloat(node.style[name]));
  return { card: px(card, "left", "top"), ring: px(ring, "left", "top", "width", "height") };
}

test("beside a narrow part: right of it, where there is no room left of it", () => {
  assert.deepEqual(cardBeside(boxOf(100, 200, 200, 300)).card, [312, 212]);
  assert.deepEqual(cardBeside(boxOf(1000, 200, 200, 300)).card, [688, 212]);
});

test("on a large part at its foot, above the floor; over or under a flat one", () => {
  assert.deepEqual(cardBeside(boxOf(0, 0, 1280, 800)).card, [490, 688]);
  assert.deepEqual(cardBeside(boxOf(0, 0, 1280, 800), 500).card, [490, 388]);
  assert.deepEqual(cardBeside(boxOf(0, 400, 1280, 40)).card, [490, 288]);
  assert.deepEqual(cardBeside(boxOf(0, 20, 1280, 40)).card, [490, 72]);
});

test("the card never leaves the window, and the ring ends with it", () => {
  const { card, ring } = cardBeside(boxOf(-50, 700, 1400, 400));
  assert.ok(card[0] >= 12 && card[1] >= 12 && card[1] + 100 <= 788, String(card));
  assert.deepEqual(ring, [-50, 700, 1400, 100]);
});
