import { find, fire, freshPage, settled } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Inspector } from "../../assets/js/panels/inspector.mjs";
import { frameOf, source } from "./recording.mjs";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

const TABS = ["why", "neurons", "attention", "predictions", "statistics"];
const BODY = `<div id="mri-scanner"><aside class="mri-inspector"><div id="mri-tabs"></div>
  <select id="mri-stat"><option>l2</option><option>mean</option></select><div id="mri-heads"></div>
  ${TABS.map((tab) => `<div id="panel-${tab}"></div>`).join("")}</aside></div>`;

/** A page with a chart of the statistics, as Plotly draws it. */
function setting({ canAsk = true, isFollowing = false, whys = { hasParts: true } } = {}) {
  const page = freshPage(BODY);
  const [selected, sought, updates] = [[], [], []];
  globalThis.Plotly = { update: async (plot, data, layout) => updates.push({ data, layout }) };
  find("#panel-statistics").innerHTML =
    '<section data-panel="bars" data-moves data-selects=\'{"point": "y", "step": "x"}\'><div id="graph-bars"><div class="js-plotly-plot"></div></div></section>';
  let click = () => {};
  const plot = find(".js-plotly-plot");
  const layout = { meta: { layout: { "shapes[0].x0": "step_now" } } };
  Object.assign(plot, { _ev: {}, _fullLayout: {}, data: [{ meta: {} }], layout, on: (_, hear) => (click = hear) });
  let view = { tab: "statistics", layer: 0, head: 0, point: "p" };
  const inspector = new Inspector({
    source: source(),
    onSelect: (fields) => selected.push(fields),
    onSeek: (step) => sought.push(step),
    viewForServer: () => ({ ...view, step: 1 }),
    canAsk: async () => canAsk,
    isFollowing: () => isFollowing,
    whys,
  });
  inspector.charts.listen();
  const draw = (fields = {}, isMoving = false) => inspector.draw(frameOf(), (view = { ...view, ...fields }), isMoving);
  return { page, inspector, draw, selected, sought, updates, click: (point) => click({ points: [point] }) };
}

/** Time passes, piece by piece, and who waits for an answer has it. */
async function pass(ms) {
  for (let at = 0; at < ms; at += 20) mock.timers.tick(20);
  await settled();
}

test("one tab is shown; arrows go round, a click chooses", () => {
  const { inspector, selected } = setting();
  inspector.showTab("attention");
  const hidden = TABS.map((tab) => find(`#panel-${tab}`).hidden);
  assert.deepEqual([hidden, find("[aria-selected=true]").id], [[true, true, false, true, true], "tab-attention"]);
  find("#tab-why").focus();
  fire(find("#tab-why"), "keydown", { key: "ArrowLeft" });
  assert.equal(document.activeElement.id, "tab-predictions");
  fire(find("#tab-predictions"), "click");
  assert.deepEqual(selected, [{ tab: "predictions" }, { tab: "predictions" }]);
});

test("a model without parts has no tab Why", () => {
  setting({ whys: { hasParts: false } });
  assert.equal(find("#tab-why"), null);
  assert.ok(find("#tab-neurons"));
});

test("when the clock rests the server is told once; while it moves, only that another chart is wanted", async () => {
  const { page, draw } = setting();
  draw();
  await pass(100);
  draw();
  await pass(180);
  assert.equal(page.props.length, 0, "not before it has rested");
  await pass(40);
  assert.deepEqual(page.props, [["mri-view", { data: { tab: "statistics", layer: 0, head: 0, point: "p", step: 1 } }]]);
  draw({}, true);
  await pass(1000);
  assert.equal(page.props.length, 1);
  draw({ point: "q" }, true);
  await pass(1000);
  assert.equal(page.props.length, 2);
});

test("where there is no server to ask, or the page is gone, nobody is told", async () => {
  const { page, draw } = setting({ canAsk: false });
  draw();
  await pass(300);
  assert.equal(page.props.length, 0);
  const other = setting();
  other.draw();
  find("#mri-scanner").id = "";
  await pass(300);
  assert.equal(other.page.props.length, 0);
});

test("a chart of the tab in sight is fed from memory, after the picture; closing feeds no more", async () => {
  const { draw, updates, inspector } = setting();
  draw({}, true);
  assert.equal(updates.length, 0);
  await pass(20);
  inspector.afterPaint();
  assert.equal(updates.length, 1);
  assert.equal(updates[0].layout["shapes[0].x0"], 1);
  draw({ tab: "attention" }, true);
  await pass(2000);
  assert.equal(updates.length, 1, "its tab is not in sight");
  assert.ok(find("#mri-heads").childElementCount, "the heads are drawn here");
  draw({ tab: "statistics" }, true);
  inspector.close();
  await pass(2000);
  assert.deepEqual([updates.length, find("#mri-heads").childElementCount], [1, 0]);
});

test("a click in a chart selects what the panel says, and goes to its step", () => {
  const { click, selected, sought } = setting();
  click({ x: 2, y: "block.0.mlp_out" });
  assert.deepEqual([selected, sought], [[{ point: "block.0.mlp_out" }], [2]]);
});

test("a choice above the charts is the view's, and shows what is chosen elsewhere", () => {
  const { draw, selected } = setting();
  draw({ stat: "mean" });
  assert.equal(find("#mri-stat").value, "mean");
  find("#mri-stat").value = "l2";
  fire(find("#mri-stat"), "change");
  assert.deepEqual(selected, [{ stat: null }]);
});
