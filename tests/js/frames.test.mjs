import assert from "node:assert/strict";
import { test } from "node:test";

import { Frames } from "../../assets/js/desk/frames.mjs";

function page() {
  const asked = [];
  const log = [];
  const frames = new Frames((callback) => asked.push(callback));
  const next = (now = 0) => asked.splice(0).forEach((callback) => callback(now));
  const say = (word) => () => log.push(word);
  return { frames, asked, log, next, say };
}

test("the browser is asked once for each frame, however many ask here", () => {
  const { frames, asked, log, next, say } = page();
  frames.ask("picture", say("picture"));
  frames.ask("clock", say("clock"));
  assert.equal(asked.length, 1);
  next();
  assert.deepEqual([log, asked.length], [["clock", "picture"], 0], "who asked is called once, and nobody asks for ever");
});

test("what the clock changes is drawn in the same frame; who asks for a turn that is over gets the next one", () => {
  const { frames, asked, log, next, say } = page();
  frames.ask("motion", () => {
    log.push("motion");
    frames.ask("clock", say("clock again"));
    frames.ask("motion", say("motion again"));
  });
  frames.ask("clock", () => frames.ask("picture", say("picture")));
  next();
  assert.deepEqual([log, asked.length], [["picture", "motion"], 1]);
  next();
  assert.deepEqual(log, ["picture", "motion", "clock again", "motion again"]);
});

test("each hears the frame's time", () => {
  const { frames, log, next } = page();
  frames.ask("motion", (now) => log.push(now));
  next(41);
  assert.deepEqual(log, [41]);
});

test("one that throws takes nobody else's turn, and the page hears of it", () => {
  const thrown = [];
  globalThis.reportError = (error) => thrown.push(error.message);
  const { frames, log, next, say } = page();
  frames.ask("clock", () => {
    throw new Error("broken");
  });
  frames.ask("clock", say("clock"));
  frames.ask("picture", say("picture"));
  next();
  assert.deepEqual(log, ["clock", "picture"]);
  assert.deepEqual(thrown, ["broken"]);
});
