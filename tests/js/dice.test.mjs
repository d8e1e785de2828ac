import assert from "node:assert/strict";
import { test } from "node:test";

import { die, drawn, shares } from "../../assets/js/core/dice.mjs";

test("the same seed gives the same throws, another one others", () => {
  const throwsOf = (seed) => Array.from({ length: 5 }, die(seed));
  assert.deepEqual(throwsOf(7), throwsOf(7));
  assert.notDeepEqual(throwsOf(7), throwsOf(8));
});

test("throws are spread evenly over 0 to 1", () => {
  const next = die(1);
  const counts = new Array(10).fill(0);
  for (let i = 0; i < 10_000; i++) counts[Math.floor(10 * next())]++;
  for (const count of counts) assert.ok(count > 880 && count < 1120, counts.join());
});

test("shares add up, and the cold takes them to the strongest", () => {
  const cold = shares([3, 2, -500], 0.1);
  assert.ok(Math.abs(cold.reduce((a, b) => a + b) - 1) < 1e-12);
  assert.ok(cold[0] > 0.9999 && cold[2] === 0);
  const warm = shares([3, 2, -500], 1);
  assert.ok(Math.abs(warm[0] / warm[1] - Math.E) < 1e-9);
});

test("a throw falls into the stretch it lands on", () => {
  const stretches = [0.5, 0.25, 0.25];
  assert.deepEqual(
    [0, 0.4999, 0.5, 0.75, 0.9999].map((thrown) => drawn(stretches, thrown)),
    [0, 0, 1, 2, 2],
  );
  assert.equal(drawn([0.3, 0.3, 0.3999], 0.99999), 2);
});
