import { find, freshPage } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { PairCharts } from "../../assets/js/panels/pair_charts.mjs";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

const ALIGNMENT = {
  steps: [
    [0, 0],
    [1, 1],
    [2, 2],
  ],
  whole: [false, true, false],
};

function setting(meta = { by: "difference", every: 1 }) {
  const page = freshPage(`<div id="compare"><div class="compare-panels"><section data-panel="compare-map" data-selects='{"point": "y", "column": "x"}'>
    <div id="graph-compare-map"><div class="js-plotly-plot"></div></div></section></div></div>`);
  const [relaid, selected, sought] = [[], [], []];
  globalThis.Plotly = { relayout: (_, changes) => relaid.push(changes) };
  let click = () => {};
  const customdata = [
    [
      [0, 0.5],
      [0, 0.25],
      [0, 1],
    ],
    [
      [0, null],
      [0, 2],
      [0, 1],
    ],
  ];
  Object.assign(find(".js-plotly-plot"), {
    _ev: {},
    _fullLayout: {},
    data: [{ y: ["p", "q"], customdata }],
    layout: { meta, shapes: [{ x0: 0 }, { y0: -0.5 }] },
    on: (_, hear) => (click = hear),
  });
  let wanted = { pair: { by: "difference" }, view: { moment: 0 } };
  const charts = new PairCharts({
    wanted: () => wanted,
    alignment: () => ALIGNMENT,
    onSelect: (fields) => selected.push(fields),
    onSeek: (moment) => sought.push(moment),
    needsRedraw: () => {},
  });
  charts.charts.listen();
  return { page, charts, relaid, selected, sought, click: (point) => click({ points: [point] }), want: (more) => (wanted = { ...wanted, ...more }) };
}

test("the charts over all moments are asked for once, and anew where something else is wanted", () => {
  const { page, charts, want } = setting();
  charts.postPair();
  charts.postPair();
  want({ pair: { by: "cka" } });
  charts.postPair();
  assert.deepEqual(page.props, [
    ["compare-pair", { data: { by: "difference" } }],
    ["compare-pair", { data: { by: "cka" } }],
  ]);
});

test("the charts of a moment come when the clock rests; while it goes on, now and then", () => {
  const { page, charts, want } = setting();
  charts.draw(0, "p", false);
  mock.timers.tick(199);
  charts.draw(0, "p", false);
  mock.timers.tick(199);
  assert.equal(page.props.length, 0);
  mock.timers.tick(1);
  assert.equal(page.props.length, 1);
  want({ view: { moment: 1 } });
  charts.draw(1, "p", true);
  mock.timers.tick(900);
  charts.draw(1, "p", true);
  mock.timers.tick(100);
  assert.deepEqual(page.props.at(-1), ["compare-view", { data: { moment: 1 } }]);
});

test("the map's marks stand at the moment and the hook point, and are not put where they are", () => {
  const { charts, relaid } = setting();
  charts.draw(2, "q", false);
  assert.deepEqual(relaid[0], { "shapes[0].x0": 2, "shapes[0].x1": 2, "shapes[1].y0": 0.5, "shapes[1].y1": 1.5, "shapes[1].visible": true });
  const other = setting();
  other.charts.draw(0, "p", false);
  assert.equal(other.relaid.length, 0);
});

test("how far apart the hook points are, where the map shows that, moment by moment", () => {
  assert.deepEqual(setting().charts.between(0), { p: 0.5 }, "of q nothing is known");
  assert.deepEqual(setting().charts.between(1), { p: 0.25, q: 2 });
  assert.equal(setting({ by: "cka", every: 1 }).charts.between(0), null);
  assert.equal(setting({ by: "difference", every: 2 }).charts.between(0), null);
});

test("a click in the map selects the hook point and goes to a moment of that column that can be compared", () => {
  const { click, selected, sought } = setting({ by: "difference", every: 3 });
  click({ x: 0, y: "q" });
  assert.deepEqual([selected, sought], [[{ point: "q" }], [1]]);
});

test("closing posts no more", () => {
  const { page, charts } = setting();
  charts.draw(0, "p", false);
  charts.close();
  mock.timers.tick(5000);
  assert.equal(page.props.length, 0);
});
