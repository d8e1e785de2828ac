import assert from "node:assert/strict";
import { test } from "node:test";

import { HOME, fitCamera } from "../../assets/js/stage/camera.mjs";
import { cornersOf } from "../../assets/js/stage/tower_geometry.mjs";
import { paintParts, paintPlates } from "../../assets/js/stage/why_paint.mjs";
import { placeParts } from "../../assets/js/stage/why_plates.mjs";

const COLOURS = { for: "mint", against: "orchid", line: "line", edge: "edge", accent: "accent", dim: "dim" };
const { slabs, tiles } = placeParts({ n_layer: 2, n_head: 2 }, 4, 8, 1.4);
const camera = fitCamera({ ...HOME }, cornersOf(slabs), { width: 800, height: 500, left: 60, right: 60, top: 40, bottom: 30 });

/** A canvas that notes every fill, stroke and arc with the state that it is drawn in. */
function paper() {
  const drawn = [];
  const state = { fillStyle: "", strokeStyle: "", globalAlpha: 1, dash: [] };
  const note = (what) => drawn.push({ what, ...state });
  const quiet = () => {};
  const ctx = Object.assign(state, { beginPath: quiet, moveTo: quiet, lineTo: quiet, closePath: quiet, clearRect: quiet });
  Object.assign(ctx, {
    setLineDash: (dash) => (state.dash = dash),
    fill: () => note("fill"),
    stroke: () => note("stroke"),
    fillRect: () => note("dot"),
    arc: (_x, _y, radius) => drawn.push({ what: "arc", radius }),
  });
  return { ctx, drawn, count: (what) => drawn.filter((each) => each.what === what).length };
}

test("at rest a plate for each block, a frame for each tile, a dim dot for every number", () => {
  const { ctx, count } = paper();
  paintPlates(ctx, slabs, tiles, camera, COLOURS);
  const numbers = tiles.reduce((total, { width }) => total + width, 0);
  assert.deepEqual([count("fill"), count("stroke"), count("dot")], [2, 2 + tiles.length, numbers]);
});

test("for the word is filled mint, against it dashed orchid; the larger, the more opaque; small ones are left out", () => {
  const amounts = new Float32Array(8);
  [amounts[1], amounts[2], amounts[4]] = [3, -30, 0.01];
  const { ctx, drawn } = paper();
  paintParts(ctx, { tiles, camera, colours: COLOURS, amounts, least: 0.1, selected: -1, dotsOf: null });
  const [mint, mintEdge, orchid, orchidEdge, ...rest] = drawn;
  assert.deepEqual([mint.fillStyle, orchid.fillStyle, rest.length], ["mint", "orchid", 0]);
  assert.deepEqual([mint.globalAlpha, orchid.globalAlpha], [0.1, 0.5], "no tile is more than half opaque");
  assert.deepEqual([mintEdge.dash.length, orchidEdge.dash.length], [0, 2]);
});

test("the selected part has its frame however small it is, and before there are numbers", () => {
  for (const amounts of [new Float32Array(8), null]) {
    const { ctx, drawn } = paper();
    paintParts(ctx, { tiles, camera, colours: COLOURS, amounts, least: 0.1, selected: 3, dotsOf: null });
    assert.deepEqual(
      drawn.map(({ what, strokeStyle }) => [what, strokeStyle]),
      [["stroke", "accent"]],
    );
  }
});

test("a number's dot has an area like its amount: filled for the word, hollow against it, none for nothing", () => {
  const of = (values) => (tile) => (tile === tiles[0] ? Float32Array.from(values) : null);
  const painted = (values) => {
    const { ctx, drawn } = paper();
    paintParts(ctx, { tiles, camera, colours: COLOURS, amounts: null, least: 0.1, selected: -1, dotsOf: of(values) });
    return drawn;
  };
  assert.deepEqual(
    painted([4, -4]).map(({ what }) => what),
    ["arc", "fill", "arc", "stroke"],
  );
  const [[small], [large]] = [painted([4]), painted([16])];
  assert.ok(Math.abs(large.radius / small.radius - 2) < 1e-9);
  assert.deepEqual(painted([0.001, 0]), []);
});
