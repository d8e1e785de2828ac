import assert from "node:assert/strict";
import { test } from "node:test";

import { SourceError } from "../../assets/js/run/http.mjs";
import { Lanes } from "../../assets/js/run/lanes.mjs";
import { Run } from "../../assets/js/run/run.mjs";
import { FakeSource, settled, withoutPage } from "./fake_source.mjs";

withoutPage();

/** @param {number[][]} steps of A and B at each moment
 *  @returns {any} */
const alignment = (steps) => ({ steps, whole: steps.map(([a, b]) => a >= 0 && b >= 0), matched: [], positions: [], keys: [], notes: [] });

/** @param {any} clock
 *  @param {number[]} lengths of the recordings */
function lanesOf(clock, [first, ...others]) {
  const sources = [first, ...others].map((numSteps) => new FakeSource(numSteps));
  const [run, ...more] = sources.map((source) => new Run(/** @type {any} */ (source)));
  const told = { times: 0 };
  const lanes = new Lanes(run, { others: more, clock, onChange: () => told.times++ });
  return { lanes, run, more, sources, told };
}

test("a recording alone is one lane without a name", async () => {
  const { lanes, run } = lanesOf(null, [9]);
  assert.equal(lanes.hasPicture(3), false);
  await run.want(3);
  assert.deepEqual([lanes.numSteps, lanes.isHere(3), lanes.hasPicture(3)], [9, true, true]);
  const [lane] = lanes.at(3);
  assert.deepEqual([lane.step, lane.name, lane.label, lane.frame?.header.step, lane.before?.header.step], [3, "", "", 3, 2]);
});

test("beside it stand others at the same step, and a shorter one says that it has no such step", async () => {
  const { lanes, told } = lanesOf(null, [9, 4]);
  lanes.want(3, 1);
  await settled();
  assert.deepEqual(
    lanes.at(3).map(({ name, frame }) => [name, frame?.header.step]),
    [
      ["A", 3],
      ["B", 3],
    ],
  );
  assert.ok(told.times > 0, "who shows them hears of the other one");
  lanes.want(6, 1);
  await settled();
  const [, b] = lanes.at(6);
  assert.deepEqual([b.frame, b.none, lanes.isHere(6)], [null, "it has 4 steps", true]);
});

test("two that are aligned show at a moment the step of each, or none", async () => {
  const { lanes } = lanesOf(alignment([[0, 0], [1, -1], [-1, 1], [2, 2]]), [3, 3]); // prettier-ignore
  assert.equal(lanes.numSteps, 4);
  for (const moment of [0, 1, 2, 3]) lanes.want(moment, 1);
  await settled();
  const steps = [0, 1, 2, 3].map((moment) => lanes.at(moment).map(({ frame }) => frame?.header.step ?? null));
  assert.deepEqual(steps, [[0, 0], [1, null], [null, 1], [2, 2]]); // prettier-ignore
  assert.deepEqual([0, 1, 2, 3].map((moment) => lanes.isMatched(moment)), [true, false, false, true]); // prettier-ignore
  assert.ok([0, 1, 2, 3].every((moment) => lanes.hasPicture(moment)));
  assert.equal(lanes.at(2)[0].none, "no step at this moment");
  assert.equal(lanes.at(0)[1].label, "B a", "named by the words that were read");
});

test("what did not come of the second one is told, and comes when it is asked for again", async () => {
  const { lanes, sources } = lanesOf(null, [9, 9]);
  sources[1].fault = new SourceError("The server does not answer.");
  sources[1].fail(Infinity);
  lanes.want(3, 1);
  await settled();
  assert.deepEqual([lanes.hasPicture(3), lanes.isHere(3), lanes.at(3)[1].none], [true, false, "on its way"]);
  assert.equal(lanes.failureOf(3)?.message, "The server does not answer.");
  sources[1].fail(0);
  lanes.retry();
  lanes.want(3, 1); // as with the next picture
  await settled();
  assert.deepEqual([lanes.isHere(3), lanes.failureOf(3)], [true, null]);
  lanes.close();
});

test("the first one is closed with the others, and nobody is told any more", async () => {
  const { lanes, run, told } = lanesOf(null, [9, 9]);
  lanes.close();
  assert.equal(await run.want(3), null);
  assert.equal(told.times, 0);
});
