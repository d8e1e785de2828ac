import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { goTo, pushEntry, replaceEntry } from "../../assets/js/desk/history.mjs";

const NAMES = ["history", "location", "dispatchEvent", "PopStateEvent"];
const found = NAMES.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
afterEach(() => found.forEach(([name, was]) => (was ? Object.defineProperty(globalThis, name, was) : delete globalThis[name])));

/** A page's globals, and what was done with them. */
function page({ isForbidden }) {
  const done = [];
  const write = (name) => (state, title, address) => {
    if (isForbidden) throw new Error("SecurityError");
    done.push(`${name} ${address}`);
  };
  const globals = {
    history: { pushState: write("push"), replaceState: write("replace") },
    location: { assign: (address) => done.push(`load ${address}`) },
    dispatchEvent: ({ type }) => done.push(type),
    PopStateEvent: class extends Event {},
  };
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { configurable: true, value });
  return done;
}

test("entries are written, and Dash hears of another page", () => {
  const done = page({ isForbidden: false });
  assert.deepEqual([pushEntry("?a"), replaceEntry("?b")], [true, true]);
  goTo("/learn");
  assert.deepEqual(done, ["push ?a", "replace ?b", "push /learn", "popstate"]);
});

test("in a frame that may not write its address nothing throws, and another page is loaded", () => {
  const done = page({ isForbidden: true });
  assert.deepEqual([pushEntry("?a"), replaceEntry("?b")], [false, false]);
  goTo("/learn");
  assert.deepEqual(done, ["load /learn"]);
});
