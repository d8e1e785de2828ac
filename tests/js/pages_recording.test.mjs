import { find, fire, freshPage, served, settled, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { viewFromUrl } from "../../assets/js/core/address.mjs";
import { Recording } from "../../assets/js/pages/recording.mjs";
import { metaOf, tokens } from "./recording.mjs";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

/** A run that a test moves by hand, a Scanner that notes what is asked of it, and the page of both. */
function setting({ isGrowing = false, isInLesson = false, integrity = "right", answer = () => ({}) } = {}) {
  freshPage("<div id='mri-toasts'></div><div id='mri-scanner'>what is shown</div><select id='mri-session'></select>", "/live?session=s");
  served(answer);
  const log = [];
  let hear = () => {};
  const run = {
    session: "s",
    meta: { ...metaOf("s"), integrity },
    tokens: tokens(),
    source: {},
    isGrowing,
    numSteps: 3,
    series: null,
    seriesFailure: null,
    subscribe: (heard) => (hear = heard),
    wantSeries: () => log.push("lines"),
    fill: (step) => log.push(`fill ${step}`),
  };
  const player = {
    numSteps: 3,
    step: 2,
    lastStep: 2,
    wanted: 1,
    isGrowing,
    heard: [],
    subscribe: (on) => player.heard.push(on),
    setNumSteps: (count) => (log.push(`steps ${count}`), Object.assign(player, { numSteps: count, lastStep: count - 1 })),
    setGrowing: (is) => (log.push(`growing ${is}`), (player.isGrowing = is)),
  };
  const panels = { setSeries: () => log.push("lines drawn"), settle: () => log.push("settled"), firstChart: new Promise(() => {}) };
  const scanner = {
    player,
    panels,
    desk: { view: viewFromUrl("?tab=neurons") },
    stage: { host: find("#mri-scanner") },
    redraw: (isAlone) => log.push(isAlone ? "drawn alone" : "drawn"),
    close: () => log.push("closed"),
  };
  const recording = new Recording(run, [], isInLesson);
  recording.makePanels = () => panels;
  recording.newPanels(scanner, {}, { onSelect: () => {}, onToggle: () => {} });
  return { log, run, player, scanner, recording, tell: () => hear() };
}

test("an address is of it where it names it, or nothing, and the same others beside it", () => {
  const { recording } = setting();
  const isHere = (search, view = "") => recording.isHere(viewFromUrl(search), viewFromUrl(view));
  assert.deepEqual(
    [isHere("?session=s"), isHere(""), isHere("?session=t"), isHere("?session=s&lanes=t"), isHere("?lanes=t", "?lanes=t")],
    [true, true, false, false, true],
  );
});

test("steps that came are on the clock, and one that comes alone is drawn at once", () => {
  const { log, run, player, tell } = setting({ isGrowing: true });
  run.numSteps = 4;
  player.step = 3;
  tell();
  assert.deepEqual(log, ["steps 4", "drawn alone"]);
  player.step = 1;
  run.numSteps = 5;
  tell();
  assert.deepEqual(log.slice(2), ["steps 5", "drawn"], "who looks at another step waits for no picture");
});

test("its end makes it a replay at its own address, in a lesson at the lesson's", () => {
  for (const isInLesson of [false, true]) {
    const { log, run, scanner, tell } = setting({ isGrowing: true, isInLesson });
    run.isGrowing = false;
    tell();
    tell();
    assert.deepEqual(log, ["settled", "growing false", "drawn", "drawn"]);
    assert.equal(location.pathname + location.search, isInLesson ? "/live?session=s" : "/?session=s&step=2&tab=neurons");
    assert.equal(scanner.pathname, isInLesson ? undefined : "/");
  }
});

test("lines are drawn once when they are here, and told of when they do not come", () => {
  const { log, run, tell } = setting();
  run.seriesFailure = new Error("The lines did not come.");
  tell();
  assert.deepEqual(texts(".mri-toast p"), ["The lines did not come."]);
  Object.assign(run, { seriesFailure: null, series: {} });
  tell();
  tell();
  assert.deepEqual(log, ["drawn", "lines drawn", "drawn", "drawn"]);
});

test("lines are asked for behind the first picture, other steps when the clock moves; of one under way neither", async () => {
  const { log, player, scanner, recording } = setting();
  recording.goOn(scanner);
  assert.deepEqual(log, ["lines"]);
  player.heard[0]();
  recording.close();
  player.heard[0]();
  assert.deepEqual(log, ["lines", "fill 1"], "not when it is closed");
  const live = setting({ isGrowing: true });
  live.recording.goOn(live.scanner);
  assert.deepEqual(live.log, []);
  live.recording.close();
});

test("of a file that turns out to be damaged nothing stays on the screen; of a journal what was read", async () => {
  const found = setting({ isInLesson: true, integrity: "checking", answer: () => ({ integrity: "damaged: A checksum does not fit." }) });
  found.recording.goOn(found.scanner);
  mock.timers.tick(1000);
  for (let i = 0; i < 4; i++) await settled();
  assert.deepEqual([found.log.at(-1), find("#mri-scanner").textContent, texts(".mri-toast p")], ["closed", "", ["A checksum does not fit."]]);
  const journal = setting({ integrity: "damaged: It ends in mid-step." });
  journal.recording.goOn(journal.scanner);
  await settled();
  assert.deepEqual([find("#mri-scanner").textContent, texts(".mri-toast p")], ["what is shown", ["It ends in mid-step."]]);
});

test("another session that is chosen is another page; a closed one hears of none", () => {
  const { recording } = setting();
  const picker = find("#mri-session");
  picker.add(new Option("other", "o&p"));
  picker.value = "o&p";
  recording.close();
  fire(picker, "change");
  assert.equal(location.pathname, "/live");
  setting();
  const now = find("#mri-session");
  now.add(new Option("other", "o&p"));
  now.value = "o&p";
  fire(now, "change");
  assert.equal(location.pathname + location.search, "/?session=o%26p");
});
