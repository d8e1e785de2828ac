import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Locks } from "../../assets/js/learn/locks.mjs";

/** As much of an element as the locks ask for. */
class Control {
  attributes = {};
  classes = new Set();
  classList = { toggle: (name, is) => this.classes[is ? "add" : "delete"](name) };
  getAttribute = (name) => this.attributes[name] ?? null;
  hasAttribute = (name) => name in this.attributes;
  setAttribute = (name, value) => (this.attributes[name] = value);
  removeAttribute = (name) => delete this.attributes[name];
  querySelectorAll = () => [];

  constructor(attributes = {}) {
    this.attributes = attributes;
  }
}

const targets = {
  clock: { selector: "#clock", lock: true, keys: [] },
  "tabs.neurons": { selector: "#neurons", lock: true, keys: [] },
  ribbon: { selector: "#ribbon", lock: false, keys: [] },
};

let locks, controls;

beforeEach(() => {
  globalThis.document = new EventTarget();
  controls = { "#clock": new Control({ title: "Play" }), "#neurons": new Control(), "#ribbon": new Control() };
  const host = { querySelectorAll: (selector) => [controls[selector]] };
  locks = new Locks({ host, targets, reason: (name) => `${name}: locked for now`, refuse: () => {} });
});

afterEach(() => delete globalThis.document);

test("what is unlocked is so with all of its parts", () => {
  locks.set(["tabs"]);
  assert.ok(!locks.isLocked("tabs.neurons"));
  assert.ok(!locks.isLocked("tabs"));
  assert.ok(locks.isLocked("clock"));
  locks.set(["all"]);
  assert.ok(!locks.isLocked("clock"));
});

test("a locked control says why, and has its own words back when it is open", () => {
  const { "#clock": clock, "#neurons": neurons, "#ribbon": ribbon } = controls;
  locks.set([]);
  locks.apply();
  assert.deepEqual(clock.attributes, { title: "clock: locked for now", "data-locked-title": "Play", "aria-disabled": "true" });
  assert.ok(clock.classes.has("is-locked"));
  assert.deepEqual(ribbon.attributes, {}, "what has no lock");
  locks.close();
  assert.deepEqual(clock.attributes, { title: "Play" });
  assert.deepEqual(neurons.attributes, {});
  assert.ok(!clock.classes.has("is-locked"));
});
