import { find, freshPage } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { PairCharts } from "../../assets/js/panels/pair_charts.mjs";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

function setting() {
  const page = freshPage('<div id="compare"><div class="compare-panels"></div></div>');
  let wanted = { pair: { align: "prefix" }, view: { moment: 0 } };
  const charts = new PairCharts(find(".compare-panels"), { onClick: () => {} });
  const ofMoment = () => page.props.filter(([store]) => store === "compare-view").map(([, { data }]) => data);
  return { page, charts, ofMoment, draw: (isPlaying) => charts.draw(wanted, isPlaying), want: (more) => (wanted = { ...wanted, ...more }) };
}

test("the charts over all moments are asked for once, and anew where something else is wanted", () => {
  const { page, draw, want } = setting();
  draw(false);
  draw(false);
  want({ pair: { align: "pooled" } });
  draw(true);
  assert.deepEqual(page.props, [
    ["compare-pair", { data: { align: "prefix" } }],
    ["compare-pair", { data: { align: "pooled" } }],
  ]);
});

test("the charts of a moment come when the clock rests; while it goes on, now and then", () => {
  const { ofMoment, draw, want } = setting();
  draw(false);
  mock.timers.tick(199);
  draw(false);
  mock.timers.tick(199);
  assert.deepEqual(ofMoment(), []);
  mock.timers.tick(1);
  assert.deepEqual(ofMoment(), [{ moment: 0 }]);
  want({ view: { moment: 1 } });
  draw(true);
  mock.timers.tick(900);
  draw(true);
  mock.timers.tick(100);
  assert.deepEqual(ofMoment().at(-1), { moment: 1 });
});

test("closing posts no more", () => {
  const { ofMoment, charts, draw } = setting();
  draw(false);
  charts.close();
  mock.timers.tick(5000);
  assert.deepEqual(ofMoment(), []);
});
