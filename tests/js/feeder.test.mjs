import assert from "node:assert/strict";
import { test } from "node:test";

import { Feeder, traceData } from "../../assets/js/panels/feeder.mjs";

/** A chart that keeps what it is given. */
function chart(data, meta) {
  const plot = { data, layout: { meta }, isConnected: true, _fullLayout: {} };
  const given = [];
  globalThis.window = { Plotly: { update: async (_, ...update) => void given.push(update) } };
  return { plot, given };
}

const FRAME = { header: { step: 4, pos0: 4, t_add: 1, dropped_layers: [] }, arrays: {} };
const SOURCE = { layout: { points: [] }, tokens: { steps: { pos0: [0], t_add: [9] } } };

test("an attribute gets its column, several are stacked, cells are folded", () => {
  const columns = { neuron: [0, 1, 2], value: [1.5, 2.5, 3.5], bound: 9, key: ["a", "b"] };
  assert.deepEqual(traceData({ z: "value", x: "key", customdata: ["neuron", "bound"], rows: 2 }, columns), {
    z: [
      [1.5, 2.5],
      [3.5, null],
    ],
    x: ["a", "b"],
    customdata: [
      [
        [0, 9],
        [1, 9],
      ],
      [[2, 9], null],
    ],
  });
  assert.deepEqual(traceData({ y: "nothing", zmax: "bound" }, columns), { zmax: 9 });
});

test("only the mark of the step moves where no script knows the chart", () => {
  const { plot, given } = chart([{ meta: null }], { of: {}, layout: { "shapes[0].x0": "step_now", "xaxis.title.text": "words" } });
  new Feeder().feed("history", plot, FRAME, SOURCE, {});
  assert.deepEqual(given, [[{}, { "shapes[0].x0": 4 }, []]]);
});

test("a script's columns go into the traces that name them", async () => {
  const feeder = new Feeder();
  await feeder.load("looks");
  const { plot, given } = chart([{}], { of: { layer: 1, overlay: false }, layout: { "shapes[0].y0": "row" } });
  feeder.feed("looks", plot, FRAME, SOURCE, { layer: 2, overlay: null });
  assert.deepEqual(given, [], "it shows something else");
  feeder.feed("looks", plot, FRAME, SOURCE, { layer: 1, overlay: null });
  assert.deepEqual(given, [[{}, { "shapes[0].y0": 4 }, []]]);
});

test("of several traces those that change are named, each with its own attributes", async () => {
  const feeder = new Feeder();
  await feeder.load("bars");
  const { plot, given } = chart([{}, { meta: { y: "span" } }, { meta: { y: "spread", base: "below" } }], {});
  feeder.feed("bars", plot, FRAME, SOURCE, {});
  assert.deepEqual(given, [[{ y: [[], []], base: [undefined, []] }, {}, [1, 2]]]);
});

test("a message is left alone, and a script that does not come, too", async () => {
  const feeder = new Feeder();
  await feeder.load("nobody");
  const { plot, given } = chart([], {});
  feeder.feed("nobody", plot, FRAME, SOURCE, {});
  assert.deepEqual(given, []);
});
