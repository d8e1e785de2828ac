import assert from "node:assert/strict";
import { test } from "node:test";

import { Pictures } from "../../assets/js/desk/pictures.mjs";

/** Pictures on a page whose frames come when the test says so. */
function page({ draws = () => true } = {}) {
  const frames = [];
  const later = [];
  const log = [];
  const clock = { ms: 1000 };
  const pictures = new Pictures({
    draw: () => (log.push("draw"), draws()),
    onFrame: () => log.push("shown"),
    now: () => clock.ms,
    raf: (callback) => frames.push(callback),
    afterFrame: (callback) => later.push(callback),
  });
  const frame = () => {
    for (const callback of frames.splice(0)) callback();
    for (const callback of later.splice(0)) callback();
  };
  return { pictures, log, frame, frames, clock };
}

test("asked however often, one picture per frame, shown in it", () => {
  const { pictures, log, frame } = page();
  pictures.ask();
  pictures.ask();
  assert.deepEqual([log, pictures.willDraw], [[], true]);
  frame();
  assert.deepEqual([log, pictures.willDraw], [["draw", "shown"], false]);
  frame();
  assert.equal(log.length, 2);
});

test("in a hurry it is drawn at once, and shown in the frame that follows, which draws nothing more", () => {
  const { pictures, log, frame } = page();
  pictures.hurry();
  assert.deepEqual([log, pictures.willDraw], [["draw"], true]);
  frame();
  assert.deepEqual([log, pictures.willDraw], [["draw", "shown"], false]);
});

test("a second hurry before the frame waits for it", () => {
  const { pictures, log, frame } = page();
  pictures.hurry();
  pictures.hurry();
  assert.deepEqual(log, ["draw"]);
  frame();
  assert.deepEqual(log, ["draw", "draw", "shown"]);
  pictures.hurry();
  assert.equal(log.length, 4);
});

test("what is not alone waits for its frame", () => {
  const { pictures, log, frame, clock } = page();
  pictures.hurry(30);
  frame();
  clock.ms += 20;
  pictures.hurry(30);
  assert.deepEqual(log, ["draw", "shown"]);
  frame();
  clock.ms += 31;
  pictures.hurry(30);
  assert.deepEqual(log, ["draw", "shown", "draw", "shown", "draw"]);
});

test("where there was nothing to draw nothing is told", () => {
  const { pictures, log, frame } = page({ draws: () => false });
  pictures.hurry();
  pictures.ask();
  frame();
  assert.deepEqual(log, ["draw", "draw"]);
});

test("closed, it draws nothing", () => {
  const { pictures, log, frame } = page();
  pictures.ask();
  pictures.close();
  frame();
  pictures.hurry();
  assert.deepEqual(log, []);
});
