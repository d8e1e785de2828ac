import { freshPage, inkOnCanvases } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { FlatPicture } from "../../assets/js/stage/flat.mjs";
import { rowsOf } from "../../assets/js/stage/lanes.mjs";
import { SCALES, lane } from "./recording.mjs";

const KEY = "block.0.mlp_out";

function setting() {
  freshPage();
  const ink = inkOnCanvases();
  const flat = new FlatPicture({ scales: SCALES });
  const draw = (fields = {}, lanes = [lane()]) => {
    ink.length = 0;
    const looks = { isSigned: false, isDifference: false, groups: null, watched: [], hasStats: false, flow: "none" };
    const shown = { rows: rowsOf(lanes, KEY, false), point: KEY, neuron: 6, fullScale: lanes[0].run.fullScale, width: 600, height: 400, ...looks };
    flat.draw(lanes, { ...shown, ...fields });
    return ink.filter(([what]) => what === "createLinearGradient").length;
  };
  return { flat, draw, ink };
}

test("plates are placed and their ground painted when something moves them, not for every step", () => {
  const { flat, draw } = setting();
  assert.equal(draw(), 2, "one ground for each plate");
  assert.equal(draw({}, [lane({ step: 2 })]), 0);
  assert.equal(draw({ neuron: 1 }), 2);
  assert.equal(draw({ width: 300 }), 2);
  assert.deepEqual([flat.canvas.width, flat.canvas.height], [300, 400]);
});

test("what is drawn is found where it is drawn, in its lane", () => {
  const { flat, draw } = setting();
  const lanes = [lane({ name: "A" }), lane({ name: "B" })];
  draw({}, lanes);
  for (const of of [0, 1]) {
    const [x, y] = flat.locate(KEY, 6, of);
    assert.deepEqual(flat.hit(x, y), { lane: of, key: KEY, neuron: 6 });
  }
  assert.equal(flat.hit(-5, -5), null);
  assert.equal(flat.locate("final.ln_f", 0, 0), null, "not on these plates");
  assert.equal(flat.locate(KEY, 8, 0), null, "no such neuron");
});

test("dots are made anew for another size or sign only", () => {
  const { draw, ink } = setting();
  const numAtlases = () => ink.filter(([what]) => what === "createRadialGradient").length > 0;
  draw();
  assert.ok(numAtlases());
  draw({ neuron: 1 });
  assert.ok(!numAtlases());
  draw({ isSigned: true });
  assert.ok(numAtlases());
});

test("a browser without a canvas draws nothing and does not fail", () => {
  freshPage();
  document.createElement("canvas").constructor.prototype.getContext = () => null;
  const flat = new FlatPicture({ scales: SCALES });
  flat.draw([lane()], {});
  assert.deepEqual([flat.ctx, flat.hit(1, 1)], [null, null]);
});
