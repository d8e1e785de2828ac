import assert from "node:assert/strict";
import { test } from "node:test";

import { stats } from "../../assets/js/core/layout.mjs";
import { columns } from "../../assets/js/panels/bars.mjs";
import { frameOf, layout, source } from "./recording.mjs";

test("one row a hook point, and bars whose ends are asinh of what they mean", () => {
  const frame = frameOf();
  const found = columns(frame, source());
  assert.equal(found.l2.length, layout.points.length);
  layout.points.forEach(({ key }, row) => {
    const { l2, min, max, mean, std } = stats(frame, layout, key);
    assert.equal(found.l2[row], l2);
    const ends = [found.least[row], found.least[row] + found.span[row], found.below[row], found.below[row] + found.spread[row]];
    [min, max, Math.max(mean - std, min), Math.min(mean + std, max)].forEach((value, i) =>
      assert.ok(Math.abs(ends[i] - Math.asinh(value)) < 1e-9, `${key} ${i}`),
    );
  });
});
