import assert from "node:assert/strict";
import { test } from "node:test";

import { rootMeanSquare, scoreAt, softmax, turned } from "../../assets/js/learn/head_maths.mjs";

const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("shares of what is seen sum to 1, the rest has none", () => {
  const shares = softmax([1, 1 + Math.log(3), 50], (key) => key < 2);
  near(shares[0], 0.25);
  near(shares[1], 0.75);
  assert.equal(shares[2], 0);
});

test("large scores do not overflow", () => {
  near(softmax([1000, 1000], () => true)[0], 0.5);
});

test("a hand turns clockwise", () => {
  const [x, y] = turned(0, 1, Math.PI / 2);
  near(x, 1);
  near(y, 0);
});

test("only the distance of two places counts", () => {
  const query = [1, 2, -1, 0.5];
  const key = [0.5, -1, 2, 1];
  const at = (from, apart) => scoreAt(query, key, [1, 0.1], 1.2, from + apart, from);
  near(at(0, 3), at(40, 3));
  near(at(0, 0), (1.44 * (0.5 - 2 - 2 + 0.5)) / 2);
  assert.ok(Math.abs(at(0, 1) - at(0, 0)) > 0.1);
});

test("root of the mean square", () => near(rootMeanSquare([3, -3, 3, -3]), 3));
