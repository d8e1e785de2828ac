import assert from "node:assert/strict";
import { test } from "node:test";

import { alignmentWords, columnsOf, firstMoment, momentsOfSteps, partingBeside, partingsOf, seriesOfMoments } from "../../assets/js/core/moments.mjs";

/** "the cat sat" and "the big dog sat": the first and the last token stand for each other. */
const ALIGNMENT = {
  strategy: "mapping",
  positions: [
    [0, 0],
    [2, 3],
  ],
  divergence: 1,
  steps: [
    [0, 0],
    [1, 1],
    [-1, 2],
    [2, 3],
  ],
  matched: [true, false, false, true],
  whole: [true, false, false, true],
  keys: [],
  notes: [],
};
const TOKENS = { a: ["the", "cat", "sat"], b: ["the", "big", "dog", "sat"] };

test("every step of a side has its moment", () => {
  const { a, b } = momentsOfSteps(ALIGNMENT);
  assert.deepEqual(
    [...a],
    [
      [0, 0],
      [1, 1],
      [2, 3],
    ],
  );
  assert.deepEqual(
    [...b],
    [
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  );
});

test("it opens behind the place where the two part", () => {
  assert.equal(firstMoment(ALIGNMENT), 3);
  const prefix = { ...ALIGNMENT, positions: [[0, 0]], matched: [true, false, false, false], whole: [true, false, false, false] };
  assert.equal(firstMoment(prefix), 0);
  assert.equal(firstMoment({ ...prefix, matched: [false, false], whole: [false, false] }), 0);
});

test("the alignment in words", () => {
  assert.equal(
    alignmentWords(ALIGNMENT, TOKENS),
    "They share their first 1 token, then A goes on with “cat”, B goes on with “big”. Behind that, 1 equal token stand for each other. 2 of 4 moments are matched.".replace(
      "token stand",
      "token stands",
    ),
  );
  assert.match(alignmentWords({ ...ALIGNMENT, strategy: "pooled" }, TOKENS), /Pooled: means over all steps/);
  const same = {
    ...ALIGNMENT,
    divergence: 3,
    positions: [
      [0, 0],
      [1, 1],
      [2, 2],
    ],
    steps: [[0, 0]],
    matched: [true],
  };
  assert.equal(alignmentWords(same, { a: TOKENS.a, b: TOKENS.a }), "Both read the same 3 tokens. 1 of 1 moment are matched.".replace("are", "is"));
  assert.match(alignmentWords({ ...ALIGNMENT, divergence: 3 }, { a: TOKENS.a, b: [...TOKENS.a, "down"] }), /then A ends, B goes on with “down”/);
});

test("where one reads no tokens there is nothing to align by", () => {
  const alignment = { strategy: "prefix", positions: [], divergence: 0, steps: [[0, -1]], matched: [false], whole: [false] };
  assert.equal(alignmentWords(alignment, { a: ["x"], b: [] }), "There are no tokens to align by: at least one of the two reads none.");
});

test("columns of words: what stands for each other in one, between two such side by side as the clock has the steps", () => {
  const read = (n) => ({ sequence: [...Array(n).keys()], steps: { pos0: [...Array(n).keys()], t_add: Array(n).fill(1) } });
  const tokens = [read(4), read(4)]; // the last one of A is read by no step
  const columns = columnsOf(ALIGNMENT, tokens);
  assert.deepEqual(
    columns.map(({ a, b, moment }) => [a, b, moment]),
    [
      [0, 0, 0],
      [1, 1, -1],
      [-1, 2, -1],
      [2, 3, 3],
      [3, -1, -1],
    ],
  );
  assert.deepEqual(
    columns.map(({ isMatched }) => isMatched),
    [true, false, false, true, false],
  );
});

test("of a prompt read in one pass only the last token's column has numbers; a training has no words", () => {
  const tokens = { sequence: [0, 1, 2], steps: { pos0: [0, 2], t_add: [2, 1] } };
  const alignment = { ...ALIGNMENT, positions: [0, 1, 2].map((at) => [at, at]), steps: [0, 1].map((at) => [at, at]), whole: [true, true] };
  assert.deepEqual(
    columnsOf(alignment, [tokens, tokens]).map(({ moment }) => moment),
    [-1, 0, 1],
  );
  const none = { sequence: [], steps: { pos0: [0], t_add: [0] } };
  assert.deepEqual(columnsOf({ ...alignment, positions: [], steps: [[0, -1]], whole: [false] }, [none, none]), []);
});

test("lines over moments: each side's own step, nothing where it has none or lacks the hook point", () => {
  const series = { surprise: Float32Array.of(1, 2), entropy: Float32Array.of(3, 4), points: Float32Array.of(5, 6, 7, 8), every: 2, extra: [] };
  const { surprise, points, every } = seriesOfMoments(series, [0, -1, 1, 2], [1, -1]);
  assert.deepEqual([[...surprise], every], [[1, NaN, 1, 2], 1]);
  assert.deepEqual([...points], [7, NaN, 7, 8, NaN, NaN, NaN, NaN]);
});

test("two part where a plate does that was alike at the matched moment before", () => {
  const first = [0, 0.7, null, 0.9, 0.1, 0.6];
  const second = [0, 0.1, null, 0.8, 0.8, 0.2];
  assert.deepEqual(partingsOf([first, second], 0.6), [1, 3, 5], "3: the second plate, from 1 on, for 2 is not matched");
  assert.deepEqual(partingsOf([[0.9, 0.9]], 0.6), [0]);
  assert.deepEqual([partingsOf([], 0.6), partingsOf([[null, 0.1]], 0.6)], [[], []]);
});

test("the next parting, the one before, and beyond an end the other end", () => {
  const beside = (now, by) => partingBeside([1, 3, 5], now, by);
  assert.deepEqual([beside(1, 1), beside(2, 1), beside(5, 1)], [3, 3, 1]);
  assert.deepEqual([beside(5, -1), beside(2, -1), beside(1, -1)], [3, 1, 5]);
  assert.equal(partingBeside([], 2, 1), undefined);
});
