import assert from "node:assert/strict";
import { test } from "node:test";

import { fieldsOfClick } from "../../assets/js/panels/charts.mjs";

test("a click selects what the panel says, where the chart has it", () => {
  const point = { x: "3", y: "block.0.ln1", customdata: [2, 1], pointNumber: [7, 4] };
  assert.deepEqual(fieldsOfClick({ point: "y", step: "x" }, point), { point: "block.0.ln1", step: 3 });
  assert.deepEqual(fieldsOfClick({ layer: "customdata.0", head: "customdata.1", position: "pointNumber.0" }, point), { layer: 2, head: 1, position: 7 });
  assert.deepEqual(fieldsOfClick({ name: "customdata" }, { customdata: "p · 4" }), { name: "p · 4" });
  assert.deepEqual(fieldsOfClick({}, point), {});
});
