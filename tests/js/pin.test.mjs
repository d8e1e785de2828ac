import assert from "node:assert/strict";
import { test } from "node:test";

import { framesFromRecords } from "../../assets/js/core/wire.mjs";
import { recordsOf as cut } from "../../assets/js/run/pin.mjs";
import { recordsOf } from "./bytes.mjs";

test("of a pinned window a part can be had, and the whole costs no copy", () => {
  const window = recordsOf(64, 128);
  assert.equal(cut(window, 64, 128), window);
  const part = cut(window, 70, 72);
  assert.deepEqual(
    framesFromRecords(part).map(({ header }) => header.step),
    [70, 71],
  );
  assert.deepEqual(new Uint8Array(part), new Uint8Array(recordsOf(70, 72)));
});
