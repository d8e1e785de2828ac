import { fire, freshPage } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { LayerTools } from "../../assets/js/panels/layer_tools.mjs";

function setting() {
  freshPage();
  const chosen = [];
  let numDown = 0;
  const tools = new LayerTools({ onChoose: (looks) => chosen.push(looks), onDown: () => numDown++ });
  document.body.append(tools.host);
  return { tools, chosen, numDown: () => numDown };
}

test("each tool says all three of what is chosen", () => {
  const { tools, chosen } = setting();
  tools.show({ filter: "", sort: "model", scale: "asinh" });
  tools.filter.value = "mlp";
  fire(tools.filter, "input");
  tools.sort.value = "l2";
  fire(tools.sort, "change");
  assert.deepEqual(chosen, [
    { filter: "mlp", sort: "model", scale: "asinh" },
    { filter: "mlp", sort: "l2", scale: "asinh" },
  ]);
});

test("what is chosen elsewhere is shown", () => {
  const { tools } = setting();
  tools.show({ filter: "block 3", sort: "change", scale: "own" });
  assert.deepEqual([tools.filter.value, tools.sort.value, tools.scale.value], ["block 3", "change", "own"]);
});

test("arrow down goes from the filter to the list, other keys do not", () => {
  const { tools, numDown } = setting();
  fire(tools.filter, "keydown", { key: "ArrowUp" });
  fire(tools.filter, "keydown", { key: "ArrowDown" });
  assert.equal(numDown(), 1);
});
