import assert from "node:assert/strict";
import { test } from "node:test";

import { Timings } from "../../assets/js/shell/timings.mjs";

const painted = (timings, newest) => new Promise((then) => timings.afterPaint(newest, () => then(null)));

test("from the first of several key presses to the picture, once", async () => {
  const timings = new Timings();
  timings.keyPressed(performance.now() - 500);
  timings.keyPressed(performance.now());
  await painted(timings, null);
  await painted(timings, null);
  assert.equal(timings.keyToPaint.length, 1);
  assert.ok(timings.keyToPaint[0] >= 500);
});

test("when a followed recording's newest step was painted, each step once", async () => {
  const timings = new Timings();
  for (const newest of [0, 0, null, 2, 1]) await painted(timings, newest);
  assert.deepEqual(
    timings.painted.map(([step]) => step),
    [0, 2],
  );
  assert.ok(Math.abs(timings.painted[0][1] - Date.now()) < 60_000, "milliseconds since 1970");
});

test("only the latest thousand are kept", () => {
  const timings = new Timings();
  for (let i = 0; i < 1002; i++) timings.drawn(performance.now() - i * 1000);
  assert.equal(timings.draw.length, 1000);
  assert.ok(timings.draw[0] >= 2000);
});
