import { find, fire, freshPage, inkOnCanvases } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { HOME, orbitFromText } from "../../assets/js/stage/camera.mjs";
import { Renderer } from "../../assets/js/stage/renderer.mjs";
import { TowerPicture } from "../../assets/js/stage/tower.mjs";
import { SCALES, lane } from "./recording.mjs";

function setting() {
  freshPage();
  inkOnCanvases();
  const turned = [];
  let numLost = 0;
  const tower = new TowerPicture({
    scales: SCALES,
    needsRedraw: () => {},
    willRedraw: () => false,
    onTurn: (camera) => turned.push(camera),
    onLost: () => numLost++,
  });
  return { tower, turned, numLost: () => numLost };
}

test("without WebGL2 it is not ready, is asked for once, draws nothing and finds nothing", () => {
  const { tower } = setting();
  let numAsked = 0;
  tower.canvas.getContext = () => (numAsked++, null);
  assert.deepEqual([tower.isReady(), tower.isReady(), numAsked], [false, false, 1]);
  tower.draw([lane()], {}, false);
  assert.deepEqual([tower.numPainted, tower.hit(1, 1), tower.locate("final.ln_f", 0, 0)], [0, null, null]);
});

test("a driver that cannot compile the shaders is as good as none, with a word on the console", (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  freshPage();
  const canvas = document.createElement("canvas");
  const answers = { getShaderParameter: () => false, getShaderInfoLog: () => "no", isContextLost: () => false };
  canvas.getContext = () => new Proxy({}, { get: (_, name) => answers[name] ?? (() => ({})) });
  assert.equal(Renderer.on(canvas, document.createElement("canvas"), { rim: "#000000" }), null);
  assert.equal(warn.mock.callCount(), 1);
});

test("a turn is told as a view has it, and the way back as none", () => {
  const { tower, turned } = setting();
  tower.turn({ yaw: 0.25, zoom: 1.5 });
  const { yaw, zoom } = orbitFromText(turned[0]);
  assert.ok(Math.abs(yaw - HOME.yaw - 0.25) < 0.01 && Math.abs(zoom / HOME.zoom - 1.5) < 0.01);
  tower.turn(null);
  assert.equal(turned[1], null);
});

test("a context that is taken away is told of; closed, it is not", () => {
  const { tower, numLost } = setting();
  document.body.append(tower.canvas);
  assert.ok(fire(find("canvas"), "webglcontextlost").defaultPrevented, "so that it may come back");
  assert.deepEqual([tower.wasLost, numLost()], [true, 1]);
  tower.close();
  fire(find("canvas"), "webglcontextlost");
  assert.equal(numLost(), 1);
});
