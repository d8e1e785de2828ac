import assert from "node:assert/strict";
import { test } from "node:test";

import { longest } from "../../assets/js/learn/widgets/byte-pairs.mjs";
import { CASES, FROM, TO, placeIn } from "../../assets/js/learn/widgets/cases.mjs";
import { shownToken } from "../../assets/js/learn/widgets/cells.mjs";
import { judged } from "../../assets/js/learn/widgets/guess.mjs";
import { answer, deadUnits } from "../../assets/js/learn/widgets/half-planes.mjs";
import { nameOf } from "../../assets/js/learn/widgets/logit-lens.mjs";
import { numberText, points, widthOf } from "../../assets/js/learn/widgets/parts.mjs";
import { answerOf } from "../../assets/js/learn/widgets/perceptron.mjs";
import { TASKS, outputsOf } from "../../assets/js/learn/widgets/plane.mjs";
import { percent } from "../../assets/js/learn/widgets/sampling.mjs";

test("a perceptron fires above its threshold, not at it", () => {
  const at = (fields) => answerOf({ w1: 1, w2: 0.5, b: -0.25, x1: 0, x2: 0, ...fields });
  assert.deepEqual(at({}), { total: -0.25, y: 0 });
  assert.deepEqual(at({ b: 0 }), { total: 0, y: 0 });
  assert.deepEqual(at({ x1: 1, x2: 1 }), { total: 1.25, y: 1 });
});

test("one perceptron answers AND and OR in all four cases, and never XOR", () => {
  assert.deepEqual(outputsOf([0.5, 0.5, -0.75]), TASKS.and);
  assert.deepEqual(outputsOf([0.5, 0.5, -0.25]), TASKS.or);
  const settings = [-2, -1, -0.5, 0, 0.5, 1, 2];
  for (const w1 of settings) for (const w2 of settings) for (const b of settings) assert.notDeepEqual(outputsOf([w1, w2, b]), TASKS.xor);
});

test("the plane stands upright in its picture", () => {
  const place = placeIn(20, 300, 200);
  assert.deepEqual(place([FROM, FROM]), [20, 300]);
  assert.deepEqual(place([TO, TO]), [220, 100]);
  assert.deepEqual(place([FROM, TO]), [20, 100]);
});

test("two hidden units answer XOR; one that is never above zero is dead", () => {
  const up = [1, 1];
  const net = { power: 1, loss: [0], w1: [[up, up, [-1, -1]]], b1: [[0, -1, 0]], w2: [[1, -2, 5]], b2: [[0]] };
  assert.deepEqual(
    CASES.map((each) => answer(net, 0, each).out),
    [0, 1, 1, 0],
  );
  assert.deepEqual(deadUnits(net, 0), [false, false, true]);
  assert.deepEqual(answer({ ...net, power: 2 }, 0, [1, 1]).act, [4, 1, 0]);
});

test("who was right about the next word", () => {
  const round = { truth: 1, model: 2, text: "", options: [], entropy: 1 };
  assert.deepEqual(judged(round, 1), { you: true, model: false, verdict: "you_only" });
  assert.deepEqual(judged(round, 2), { you: false, model: false, verdict: "nobody" });
  assert.equal(judged({ ...round, model: 1 }, 1).verdict, "both");
  assert.equal(judged({ ...round, model: 1 }, 0).verdict, "model_only");
});

test("the piece with the most merges, of equals the first", () => {
  const piece = (merges) => ({ text: "", tokens: [], merges: new Array(merges).fill([]) });
  assert.equal(longest([piece(1), piece(3), piece(3)]), 1);
});

test("a hook point is a place on the way up", () => {
  const words = { depth_start: "start", depth_end: "end", depth_attention: "attention {n}", depth_mlp: "mlp {n}" };
  const names = ["embed.resid0", "block.0.resid_mid", "block.11.resid_post", "final.ln_f"].map((key) => nameOf(key, words));
  assert.deepEqual(names, ["start", "attention 0", "mlp 11", "end"]);
});

test("a share near to 1 keeps the digits that tell it from 1", () => {
  assert.equal(percent(0.99951), "99.9510000 %");
  assert.equal(percent(1), "100 %");
  assert.equal(percent(0.5), "50.0 %");
});

test("numbers, lengths and places as text", () => {
  assert.deepEqual(
    [-0.001, 1.5, -2].map((value) => numberText(value)),
    ["0", "1.5", "−2"],
  );
  assert.equal(numberText(0.12345, 4), "0.1235");
  assert.equal(widthOf(0), "0");
  assert.equal(widthOf(0.0001), "max(2px, 0.01%)");
  assert.equal(
    points([
      [1, 2],
      [3, 4],
    ]),
    "1,2 3,4",
  );
  assert.equal(shownToken(" a b"), "·a·b");
});
