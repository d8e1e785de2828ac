import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_PINNED_BYTES } from "../../assets/js/run/pin.mjs";
import { PinButton } from "../../assets/js/shell/pinned.mjs";
import { find, fire, freshPage, settled, texts } from "./page.mjs";

/** A Pin that does what its name says. */
class FakePin {
  state = "none";
  numBytes = 0;
  aboutBytes = 2_500_000;
  isOffline = false;
  failure = null;
  #become(state) {
    if (this.failure) throw this.failure;
    this.state = state;
    this.onChange();
  }
  pin = async () => this.#become("pinned");
  unpin = async () => this.#become("none");
}

function setting(fields = {}) {
  freshPage('<div id="tools"><hr></div><p id="mri-offline" hidden></p><div id="mri-toasts"></div>');
  const pin = Object.assign(new FakePin(), fields);
  const { button } = new PinButton(find("#tools"), pin);
  return { pin, button };
}

test("a press pins, the next one lets go, and the button says which with its size", async () => {
  const { pin, button } = setting();
  assert.equal(find("#tools").firstElementChild, button);
  assert.deepEqual([button.textContent, button.getAttribute("aria-pressed")], ["Pin · about 2.5 MB", "false"]);
  pin.numBytes = 12_400_000;
  fire(button, "click");
  await settled();
  assert.deepEqual([button.textContent, button.getAttribute("aria-pressed")], ["Pinned · 12 MB", "true"]);
  fire(button, "click");
  await settled();
  assert.equal(pin.state, "none");
});

test("B10: it promises no more than a page that stays open", () => {
  assert.match(setting().button.title, /for as long as it stays open$/);
  assert.match(setting({ state: "pinned" }).button.title, /a page that is opened anew needs it/);
});

test("what cannot be pinned cannot be pressed, and says why", () => {
  const { button } = setting({ aboutBytes: MOST_PINNED_BYTES + 1 });
  assert.ok(button.disabled);
  assert.match(button.title, /too large/);
  for (const state of ["pinning", "impossible"]) assert.ok(setting({ state }).button.disabled, state);
  assert.ok(!setting({ state: "pinned", aboutBytes: MOST_PINNED_BYTES + 1 }).button.disabled, "it can be let go");
});

test("a failure is a toast; the word that the server is gone comes and goes", async () => {
  const { pin, button } = setting({ failure: new Error("The disk is full.") });
  fire(button, "click");
  await settled();
  assert.deepEqual(texts(".mri-toast p"), ["The disk is full."]);
  for (const isOffline of [true, false]) {
    pin.isOffline = isOffline;
    pin.onChange();
    assert.equal(find("#mri-offline").hidden, !isOffline);
  }
});
