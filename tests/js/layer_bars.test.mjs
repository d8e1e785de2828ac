import { freshPage, inkOnCanvases } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { LayerBars } from "../../assets/js/panels/layer_bars.mjs";
import { frameOf, layout, series } from "./recording.mjs";

const KEYS = layout.points.map(({ key }) => key);

function setting(width = 220, height = 60) {
  freshPage();
  const ink = inkOnCanvases();
  const bars = new LayerBars(document.createElement("canvas"), layout);
  bars.resize(width, height);
  bars.setScale("asinh", 10);
  const draw = (rows = {}, frame = frameOf()) => {
    ink.length = 0;
    bars.draw(frame, { keys: KEYS, scrollTop: 0, rowPx: 20, number: (key) => `n ${key}`, numSteps: 3, ...rows });
    return ink;
  };
  return { bars, draw };
}
const words = (ink) => ink.filter(([what]) => what === "fillText").map(([, text, , y]) => [text, y]);
const rects = (ink) => ink.filter(([what]) => what === "fillRect").map(([, ...rect]) => rect);

test("only rows in sight are drawn, in the order shown", () => {
  const { draw } = setting();
  assert.deepEqual(
    words(draw()),
    KEYS.slice(0, 4).map((key, i) => [`n ${key}`, i * 20 + 10.5]),
  );
  assert.deepEqual(
    words(draw({ keys: [...KEYS].reverse(), scrollTop: 30 })).map(([text]) => text),
    [...KEYS]
      .reverse()
      .slice(1, 5)
      .map((key) => `n ${key}`),
  );
});

test("a row's bars stand where their numbers are on the axis; what is beyond ends there", () => {
  const { bars, draw } = setting();
  bars.setScale("linear", 10);
  const [left, width] = bars.bars;
  const frame = frameOf();
  frame.arrays.stats.data.set([0, 1, -5, 10, 99, 0.5, 2], 0); // mean, std, min, max, l2, sparsity, p99
  const x = (value) => left + (width * (value + 10)) / 20;
  const [, extent, spread, ...rest] = rects(draw({ keys: KEYS.slice(0, 1) }, frame)).map(([at, , w]) => [at, w]);
  assert.deepEqual([extent, spread].flat().map(Math.round), [x(-5), x(10) - x(-5), x(-1), x(1) - x(-1)].map(Math.round));
  const [right, , , sparsity, l2] = rest;
  assert.deepEqual([right[0] + 0.75, sparsity, l2[0] + 1.5].flat().map(Math.round), [x(2), left, width / 2, left + width].map(Math.round));
});

test("a step that has no statistics has no bar, but its number", () => {
  const { draw } = setting();
  const frame = frameOf();
  const { stats: _, ...arrays } = frame.arrays;
  const ink = draw({ keys: KEYS.slice(0, 2) }, { ...frame, arrays });
  assert.equal(rects(ink).length, 1, "the middle line only");
  assert.equal(words(ink).length, 2);
});

test("lines over steps are drawn once, where the list is wide enough, with a mark at the step", () => {
  const { bars, draw } = setting();
  bars.setSeries(series());
  assert.ok(draw().some(([what]) => what === "stroke"));
  const again = draw();
  assert.ok(!again.some(([what]) => what === "stroke"));
  assert.ok(
    rects(again).some(([x, , w, h]) => x === 16.5 && w === 1 && h === 14),
    "step 1 of 0 … 2",
  );
  const narrow = setting(100);
  narrow.bars.setSeries(series());
  assert.ok(!narrow.draw().some(([what]) => what === "stroke"));
});

test("another theme has other colours", () => {
  const { bars, draw } = setting();
  document.body.append(bars.canvas);
  bars.canvas.style.setProperty("--text", "#222222");
  const hasColour = () => draw().some(([what, colour]) => what === "fillStyle" && colour === "#222222");
  assert.ok(hasColour());
  bars.canvas.style.setProperty("--text", "#111111");
  assert.ok(hasColour(), "the same theme is not looked up again");
  document.documentElement.dataset.bsTheme = "light";
  assert.ok(!hasColour());
});

test("a browser without a canvas draws nothing and does not fail", () => {
  freshPage();
  document.createElement("canvas").constructor.prototype.getContext = () => null;
  const bars = new LayerBars(document.createElement("canvas"), layout);
  bars.resize(200, 60);
  bars.draw(frameOf(), { keys: KEYS, scrollTop: 0, rowPx: 20, number: () => assert.fail("not asked"), numSteps: 3 });
});
