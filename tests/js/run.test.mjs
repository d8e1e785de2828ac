import assert from "node:assert/strict";
import { test } from "node:test";

import { framesFromRecords } from "../../assets/js/core/wire.mjs";
import { Again } from "../../assets/js/run/again.mjs";
import { SourceError } from "../../assets/js/run/http.mjs";
import { Run } from "../../assets/js/run/run.mjs";
import { recordsOf } from "./bytes.mjs";
import { FakeSource, FakeTime, settled } from "./fake_source.mjs";

function runOf(source = new FakeSource(), known = {}) {
  const time = new FakeTime();
  const news = new EventTarget();
  const run = new Run(source, { makeAgain: () => new Again({ ...time, news }), ...known });
  const told = { times: 0 };
  run.subscribe(() => told.times++);
  return { run, source, time, news, told };
}

const begun = (source, numSteps = 0) => Object.assign(source, { begun: { limit: 0 }, tokens: new FakeSource(numSteps).tokens });
const framesOf = (start, stop) => framesFromRecords(recordsOf(start, stop));

test("a finished recording says what it is from the beginning", () => {
  const { run, source } = runOf(new FakeSource(12), { fullScale: { wte: 2 }, limit: 7 });
  assert.deepEqual([run.session, run.numSteps, run.numPrompt, run.isGrowing, run.limit], ["x", 12, 1, false, 7]);
  assert.deepEqual([run.fullScale, run.stepOf.length, run.series, run.meta], [{ wte: 2 }, 12, null, source.meta]);
});

test("a step that is wanted comes, and who shows the run hears of it once", async () => {
  const { run, source, told } = runOf();
  assert.equal(run.frame(70), null);
  assert.equal((await run.want(70)).header.step, 70);
  assert.equal(told.times, 1);
  await run.want(70);
  assert.equal(told.times, 1, "it was there");
  assert.deepEqual(source.requests, ["64-100"]);
});

test("B1: a step that failed is a state, and comes when the time has passed, the network is back, or a person says so", async () => {
  for (const again of [({ time }) => time.pass(1000), ({ news }) => news.dispatchEvent(new Event("online")), ({ run }) => run.retry()]) {
    const joint = runOf();
    const { run, source, told } = joint;
    source.fail();
    assert.equal(await run.want(70), null);
    assert.equal(run.failureOf(70), source.fault);
    assert.equal(told.times, 1);
    assert.equal(await run.want(70), null);
    assert.equal(source.requests.length, 1, "not before it is time");
    again(joint);
    assert.equal(told.times, 2, "whoever shows it wants it anew");
    assert.equal((await run.want(70)).header.step, 70);
    assert.equal(run.failureOf(70), null);
  }
});

test("B1: a step that failed is asked for when the clock comes back to it", async () => {
  const { run, source } = runOf();
  source.fail();
  await run.want(70, 0);
  await run.want(3, 0);
  assert.equal((await run.want(70, 0)).header.step, 70);
});

test("what fails for good stays said, and is asked for again by a person only", async () => {
  const { run, source, time, news } = runOf();
  source.fault = new SourceError("There is no session “x”.", 404);
  source.fail(Infinity);
  await run.want(1, 0);
  time.pass(60_000);
  news.dispatchEvent(new Event("focus"));
  await run.want(1, 0);
  assert.deepEqual([source.requests.length, run.failureOf(1)], [1, source.fault]);
  run.retry();
  await run.want(1, 0);
  assert.equal(source.requests.length, 2);
});

test("an answer that is too thin is a failure, and the whole one comes later", async () => {
  const { run, source, time } = runOf();
  source.isThin = true;
  assert.equal(await run.want(2), null);
  assert.match(run.failureOf(2).message, /sent 63 steps/);
  source.isThin = false;
  time.pass(1000);
  assert.equal((await run.want(2)).header.step, 2);
});

test("lines over all steps come once, however often they have to be asked for", async () => {
  const { run, source, time, told } = runOf();
  source.fail(2);
  run.wantSeries();
  await settled();
  assert.deepEqual([run.series, run.seriesFailure], [null, source.fault]);
  for (const ms of [1000, 2000]) {
    time.pass(ms);
    await settled();
  }
  assert.equal(run.seriesFailure, null);
  assert.equal(run.series.every, 1);
  run.wantSeries();
  assert.deepEqual(source.requests, ["series l2", "series l2", "series l2"]);
  assert.equal(told.times, 3);
});

test("lines that fail for good are said, and asked for again by a person", async () => {
  const { run, source } = runOf();
  source.fault = new SourceError("The file is damaged.", 409);
  source.fail();
  await run.wantSeries();
  assert.equal(run.seriesFailure, source.fault);
  run.retry();
  await settled();
  assert.deepEqual([run.seriesFailure, run.series.every], [null, 1]);
});

test("B2: a run that nobody shows any more tells nothing, keeps nothing and waits for nothing", async () => {
  const { run, source, time, told } = runOf();
  source.isLate = true;
  const late = run.want(3);
  run.wantSeries();
  run.close();
  source.answer();
  assert.equal(await late, null);
  await settled();
  assert.deepEqual([told.times, run.frame(3), run.series, time.numTimers], [0, null, null, 0]);
});

test("B2: of two runs of one source each has its own answers, and closing one leaves the other", async () => {
  const source = new FakeSource();
  source.isLate = true;
  const [one, other] = [runOf(source), runOf(source)];
  const both = [one.run.want(3), other.run.want(3)];
  one.run.close();
  source.answer();
  assert.deepEqual(
    (await Promise.all(both)).map((frame) => frame?.header.step),
    [undefined, 3],
  );
  assert.deepEqual([one.told.times, other.told.times], [0, 1]);
});

test("late answers: the step that was wanted last is shown, whichever answer comes first", async () => {
  const { run, source } = runOf();
  const answers = [];
  source.frames = (start, stop) => new Promise((done) => answers.push(() => done(recordsOf(start, stop))));
  const [first, last] = [run.want(3, 0), run.want(70, 0)];
  answers[1]();
  assert.equal((await last).header.step, 70);
  answers[0]();
  assert.equal((await first).header.step, 3);
  assert.equal(run.frame(70).header.step, 70);
});

test("a run that grows has tokens, lines, scales and steps as they come", () => {
  const { run, told } = runOf(begun(new FakeSource()));
  const { tokens } = run;
  run.append(framesOf(0, 3));
  run.append(framesOf(3, 4));
  assert.deepEqual([run.numSteps, told.times, run.series.surprise.length], [4, 2, 4]);
  assert.equal(run.tokens, tokens);
  assert.equal(tokens.steps.pos0.length, 4);
  assert.equal(run.frame(3).header.step, 3);
  assert.throws(() => run.append(framesOf(9, 10)), RangeError);
});

test("B7: what came thin is asked for alone when it is over", async () => {
  const { run, source } = runOf(begun(new FakeSource()));
  run.append(framesOf(0, 8));
  run.settle([1, 5]);
  assert.deepEqual([run.isGrowing, run.frame(1), run.frame(5), run.frame(2).header.step], [false, null, null, 2]);
  assert.equal((await run.want(5, 0)).header.step, 5);
  assert.deepEqual(source.requests, ["1-6"]);
});

test("before it may fill, a step comes with its neighbours; then with its window", async () => {
  const { run, source } = runOf(new FakeSource(), { isFilling: false });
  await run.want(70, 1);
  run.fill(70);
  await settled();
  assert.deepEqual(source.requests, ["69-72", "64-100"]);
});

test("who no longer subscribes hears nothing", async () => {
  const { run } = runOf();
  let heard = 0;
  run.subscribe(() => heard++)();
  await run.want(1);
  assert.equal(heard, 0);
});
