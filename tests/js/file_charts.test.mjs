import assert from "node:assert/strict";
import { test } from "node:test";

import { STATS, bound, reading, stats } from "../../assets/js/core/layout.mjs";
import { MARK } from "../../assets/js/core/quantization.mjs";
import { columns } from "../../assets/js/postcard/history.mjs";
import { cells } from "../../assets/js/postcard/map.mjs";
import { frameOf, layout, tokens } from "./recording.mjs";

const source = { layout, tokens: tokens(), stepOf: [0, 0, 0, 0, 0, 1, 2], numPrompt: 5 };
const frames = [frameOf({ step: 0, pos0: 0, t_add: 5 }), frameOf()];
const point = "block.0.mlp_act";

test("a neuron over all steps is its value where it is known, and what bounds it where not", () => {
  for (const neuron of [...Array(layout.points[layout.rows.get(point)].width).keys()]) {
    const read = reading(frames[1], layout, point, neuron);
    const found = columns(frames, source, { point, neuron });
    const isKnown = read.mark !== MARK.notCaptured;
    assert.equal(found.values[1], isKnown && Number.isFinite(read.value) ? read.value : null);
    const most = bound(frames[1], layout, point);
    if (!isKnown && Number.isFinite(most)) assert.deepEqual([found.bounds[1], found.base[1], found.band[1]], [most, 0, most], "behind relu² none is below 0");
    assert.deepEqual(found.token, ["5 tokens", "␣e"]);
  }
});

test("the map has every statistic of every hook point", () => {
  for (const stat of STATS) {
    const { z, customdata } = cells(frames, source, { stat });
    const own = layout.points.map(({ key }) => stats(frames[1], layout, key)[stat]);
    assert.deepEqual(
      customdata.map((row) => row[1][0]),
      own,
    );
    assert.equal(z.length, layout.points.length);
  }
});
