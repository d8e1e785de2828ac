import { find, fire, freshPage, inkOnCanvases, placed, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Layers } from "../../assets/js/panels/layers.mjs";
import { frameOf, lane, layout } from "./recording.mjs";

const LOOKS = { filter: "", sort: "model", scale: "asinh", marks: null };
const TOP_FIRST = layout.points.map(({ key }) => key).reverse();

function setting(isGrouped = false) {
  const page = freshPage("<div id='host'></div>");
  inkOnCanvases();
  const [selected, needed] = [[], []];
  const list = new Layers(find("#host"), {
    layout,
    limit: 10,
    numSteps: 3,
    needFrame: (step) => needed.push(step),
    onSelect: (fields) => selected.push(fields),
    isGrouped,
  });
  return { page, list, selected, needed };
}
const rows = () => [...document.querySelectorAll("[role=option]")].map((row) => row.dataset.key);
const key = (name) => fire(find("[role=listbox]"), "keydown", { key: name });

test("all hook points, the model's top first; a click selects one", () => {
  const { selected } = setting();
  assert.deepEqual(rows(), TOP_FIRST);
  fire(document.querySelectorAll("[role=option]")[2], "click");
  assert.deepEqual(selected, [{ point: TOP_FIRST[2] }]);
});

test("a row a block: the selected one's is open; another opens with its like, and a second press closes it", () => {
  const { list, selected } = setting(true);
  const blocks = () => [...document.querySelectorAll(".is-block")].map((row) => row.getAttribute("aria-label"));
  list.draw(frameOf(), null, "block.1.mlp_act", false);
  assert.deepEqual(blocks(), ["block 1, open", "block 0, closed"]);
  assert.ok(rows().includes("block.1.ln1") && !rows().includes("block.0.ln1"));
  fire(find("[data-block='block 0']"), "click");
  assert.deepEqual([selected, blocks()], [[{ point: "block.0.mlp_act" }], ["block 1, closed", "block 0, open"]]);
  fire(find("[data-block='block 0']"), "click");
  assert.deepEqual([selected.length, blocks()[1]], [1, "block 0, closed"]);
  list.draw(frameOf(), null, "block.0.resid_pre", false);
  key("ArrowDown");
  assert.equal(selected.at(-1).point, list.keys[list.keys.indexOf("block.0.resid_pre") + 1], "the arrows walk all of them");
  list.arrange({ ...LOOKS, filter: "mlp_act" });
  assert.deepEqual(rows(), ["block.1.mlp_act", "block.0.mlp_act"]);
});

test("arrows go from the selected row, and no further than the ends", () => {
  const { list, selected } = setting();
  list.draw(frameOf(), null, TOP_FIRST[1], false);
  assert.ok(find(".mri-mark-other").hidden, "nothing stands beside it");
  assert.equal(find("[role=listbox]").getAttribute("aria-activedescendant"), `row-${TOP_FIRST[1]}`);
  for (const name of ["ArrowUp", "ArrowUp", "ArrowDown", "End", "ArrowDown"]) key(name);
  const last = TOP_FIRST.at(-1);
  assert.deepEqual(
    selected.map(({ point }) => point),
    [TOP_FIRST[0], TOP_FIRST[0], TOP_FIRST[1], last, last],
  );
  assert.equal(find("[aria-selected=true]").dataset.key, last);
});

test("a filter leaves the rows that have its words, and a way back where none has", () => {
  const { list, selected } = setting();
  find("input").value = "mlp_act";
  fire(find("input"), "input");
  assert.deepEqual(rows(), ["block.1.mlp_act", "block.0.mlp_act"]);
  assert.deepEqual(selected, [{ filter: "mlp_act", sort: null, scale: null }]);
  list.arrange({ ...LOOKS, filter: "nothing of the kind" });
  assert.ok(!find(".mri-list-empty").hidden);
  fire(find(".mri-list-empty button"), "click");
  assert.deepEqual([rows().length, selected.at(-1).filter, find(".mri-list-empty").hidden], [TOP_FIRST.length, null, true]);
});

test("an order by a number is made anew when the step has stood, not while the clock goes on", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { list } = setting();
  list.arrange({ ...LOOKS, sort: "l2" });
  const [small, large] = [frameOf(), frameOf({ step: 2 })];
  small.arrays.stats.data.fill(0);
  large.arrays.stats.data.fill(0);
  small.arrays.stats.data[4] = 5; // the first hook point's l2
  large.arrays.stats.data[7 * 3 + 4] = 5; // the fourth one's
  list.draw(small, null, TOP_FIRST[0], false);
  t.mock.timers.tick(150);
  assert.equal(rows()[0], layout.points[0].key);
  assert.equal(find(".mri-layers-head .mri-note").textContent, "as in step 1");
  list.draw(large, small, TOP_FIRST[0], true);
  t.mock.timers.tick(1000);
  assert.equal(rows()[0], layout.points[0].key);
  list.draw(frameOf({ step: 2 }) && { ...large }, small, TOP_FIRST[0], false);
  t.mock.timers.tick(150);
  assert.equal(rows()[0], layout.points[3].key);
});

test("the change from step to step asks for the step before", () => {
  const { list, needed } = setting();
  list.arrange({ ...LOOKS, sort: "change" });
  list.draw(frameOf({ step: 2 }), null, TOP_FIRST[0], true);
  list.draw(frameOf({ step: 0 }), null, TOP_FIRST[0], true);
  assert.deepEqual(needed, [1]);
});

test("the selected one's numbers, of two lanes side by side; what is not captured is a dash", () => {
  const { list } = setting();
  const frame = frameOf();
  frame.arrays.stats.data.set([1, 2, 3, 4, 5, 0.25, 7], 0);
  const point = layout.points[0].key;
  list.draw(frame, null, point, false);
  const numbers = () => Object.fromEntries(texts(".mri-numbers dt").map((name, i) => [name, texts(".mri-numbers dd")[i]]));
  assert.deepEqual([find("h3").textContent, numbers().mean, numbers().sparsity], [point, "1.00", "25.0 %"]);
  list.draw(frame, null, point, false, lane({ frame: frameOf({ dropped_layers: [-1], dropped: 1 }) }));
  assert.match(numbers().mean, /^1\.00 · /);
  const { stats: _, ...arrays } = frame.arrays;
  list.draw({ ...frame, arrays }, null, point, false);
  assert.ok(Object.values(numbers()).every((text) => text === "—"));
});

test("under the mouse a row's exact numbers, under a finger none; closing ends what waits", () => {
  const { page, list } = setting();
  placed(find(".mri-list-frame"), 0, 0, 200, 400);
  list.draw(frameOf(), null, TOP_FIRST[0], false);
  const row = find("[role=option]");
  fire(row, "pointermove", { pointerType: "touch", clientY: 20 });
  assert.ok(find(".mri-tip").hidden);
  fire(row, "pointermove", { pointerType: "mouse", clientY: 20 });
  assert.deepEqual([find(".mri-tip").hidden, find(".mri-tip b").textContent], [false, TOP_FIRST[0]]);
  fire(find("[role=listbox]"), "pointerleave");
  assert.ok(find(".mri-tip").hidden);
  list.close();
  assert.equal(page.numWatchers(), 0);
});
