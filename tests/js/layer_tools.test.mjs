import { fire, freshPage } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { LayerTools } from "../../assets/js/panels/layer_tools.mjs";

function setting(isGrouped = false) {
  freshPage();
  const chosen = [];
  let numDown = 0;
  const tools = new LayerTools({ onChoose: (looks) => chosen.push(looks), onDown: () => numDown++, isGrouped });
  document.body.append(tools.host);
  return { tools, chosen, numDown: () => numDown };
}

test("each tool says all of what is chosen", () => {
  const { tools, chosen } = setting();
  tools.show({ filter: "", sort: "model", scale: "asinh", marks: null });
  tools.filter.value = "mlp";
  fire(tools.filter, "input");
  tools.sort.value = "l2";
  fire(tools.sort, "change");
  assert.deepEqual(chosen, [
    { filter: "mlp", sort: "model", scale: "asinh", marks: null },
    { filter: "mlp", sort: "l2", scale: "asinh", marks: null },
  ]);
});

test("what is chosen elsewhere is shown", () => {
  const { tools } = setting();
  tools.show({ filter: "block 3", sort: "change", scale: "own", marks: null });
  assert.deepEqual([tools.filter.value, tools.sort.value, tools.scale.value], ["block 3", "change", "own"]);
});

test("a row a block: filter, order and scale are behind the glass, unless a link uses them; one statistic at a time", () => {
  const { tools, chosen } = setting(true);
  assert.deepEqual([tools.more.hidden, tools.legend.hidden, tools.marks.value], [true, true, "l2"]);
  fire(tools.glass, "click");
  assert.deepEqual([tools.more.hidden, tools.glass.getAttribute("aria-expanded")], [false, "true"]);
  fire(tools.glass, "click");
  tools.marks.value = "spread";
  fire(tools.marks, "change");
  tools.show({ filter: "mlp", sort: "model", scale: "asinh", marks: "all" });
  assert.deepEqual([chosen.at(-1).marks, tools.more.hidden, tools.legend.hidden], ["spread", false, false]);
});

test("arrow down goes from the filter to the list, other keys do not", () => {
  const { tools, numDown } = setting();
  fire(tools.filter, "keydown", { key: "ArrowUp" });
  fire(tools.filter, "keydown", { key: "ArrowDown" });
  assert.equal(numDown(), 1);
});
