import { freshPage } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { PairCharts } from "../../assets/js/panels/pair_charts.mjs";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

function setting() {
  const page = freshPage('<div id="compare"><div class="compare-panels"></div></div>');
  let wanted = { pair: { align: "prefix" }, view: { moment: 0 } };
  const charts = new PairCharts({ wanted: () => wanted, onSelect: () => {}, needsRedraw: () => {} });
  return { page, charts, want: (more) => (wanted = { ...wanted, ...more }) };
}

test("the charts over all moments are asked for once, and anew where something else is wanted", () => {
  const { page, charts, want } = setting();
  charts.postPair();
  charts.postPair();
  want({ pair: { align: "pooled" } });
  charts.postPair();
  assert.deepEqual(page.props, [
    ["compare-pair", { data: { align: "prefix" } }],
    ["compare-pair", { data: { align: "pooled" } }],
  ]);
});

test("the charts of a moment come when the clock rests; while it goes on, now and then", () => {
  const { page, charts, want } = setting();
  charts.draw(false);
  mock.timers.tick(199);
  charts.draw(false);
  mock.timers.tick(199);
  assert.equal(page.props.length, 0);
  mock.timers.tick(1);
  assert.equal(page.props.length, 1);
  want({ view: { moment: 1 } });
  charts.draw(true);
  mock.timers.tick(900);
  charts.draw(true);
  mock.timers.tick(100);
  assert.deepEqual(page.props.at(-1), ["compare-view", { data: { moment: 1 } }]);
});

test("closing posts no more", () => {
  const { page, charts } = setting();
  charts.draw(false);
  charts.close();
  mock.timers.tick(5000);
  assert.equal(page.props.length, 0);
});
