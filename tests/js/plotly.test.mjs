import assert from "node:assert/strict";
import { test } from "node:test";

import { plotOf } from "../../assets/js/shell/plotly.mjs";
import { find, freshPage } from "./page.mjs";

test("a chart is there once Plotly has drawn something", () => {
  freshPage('<div id="graph-a"><div class="js-plotly-plot"></div></div>');
  const plot = find(".js-plotly-plot");
  assert.equal(plotOf("graph-a"), null);
  plot._fullLayout = {};
  assert.equal(plotOf("graph-a"), null, "nothing in it");
  plot.data = [{}];
  assert.equal(plotOf("graph-a"), plot);
  assert.equal(plotOf("graph-b"), null);
});
