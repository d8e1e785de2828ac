import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { keep, recall } from "../../assets/js/desk/storage.mjs";

const found = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
const browserHas = (get) => Object.defineProperty(globalThis, "localStorage", { configurable: true, get });
afterEach(() => (found ? Object.defineProperty(globalThis, "localStorage", found) : delete globalThis.localStorage));

/** A browser's shelf; `isFull`: it takes nothing more. */
function shelf({ isFull = false } = {}) {
  const values = {};
  const setItem = (name, text) => {
    if (isFull) throw new Error("full");
    values[name] = text;
  };
  return { getItem: (name) => values[name] ?? null, setItem };
}

test("what is kept is recalled, what was never said is not", () => {
  const mine = shelf();
  browserHas(() => mine);
  assert.equal(recall("one"), null);
  keep("one", "1");
  assert.equal(recall("one"), "1");
  assert.equal(mine.getItem("one"), "1");
});

test("a browser that keeps nothing is told from one that was told nothing, and remembers until the page closes", () => {
  browserHas(() => {
    throw new Error("SecurityError");
  });
  assert.equal(recall("two"), undefined);
  keep("two", "2");
  assert.equal(recall("two"), "2");
});

test("what a full shelf refuses holds, too, until there is room again", () => {
  const full = shelf({ isFull: true });
  browserHas(() => full);
  keep("three", "old");
  assert.equal(recall("three"), "old");
  const roomy = shelf();
  browserHas(() => roomy);
  keep("three", "new");
  assert.equal(recall("three"), "new");
  assert.equal(roomy.getItem("three"), "new");
});
