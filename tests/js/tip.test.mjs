import assert from "node:assert/strict";
import { test } from "node:test";

import { within } from "../../assets/js/shell/tip.mjs";

test("a tip stays where it is wanted while there is room", () => assert.equal(within(100, 50, 400), 100));

test("a tip never leaves the window", () => {
  assert.equal(within(390, 50, 400), 342);
  assert.equal(within(-20, 50, 400), 8);
  assert.equal(within(30, 900, 400), 8);
});
