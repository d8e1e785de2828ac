import { find, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { drawPointNumbers } from "../../assets/js/panels/point_numbers.mjs";
import { frameOf, layout } from "./recording.mjs";

test("the seven numbers of the selected hook point, in a place that the page brings late", () => {
  freshPage("<main></main>");
  const frame = frameOf();
  frame.arrays.stats.data.set([1, 2, 3, 4, 5, 0.25, 7], 0);
  const view = { point: layout.points[0].key };
  drawPointNumbers(frame, /** @type {any} */ ({ layout }), view); // its place is not there yet
  find("main").innerHTML = '<div id="mri-point-numbers"></div>';
  drawPointNumbers(frame, /** @type {any} */ ({ layout }), view);
  assert.equal(find("#mri-point-numbers h3").textContent, view.point);
  assert.deepEqual(texts("#mri-point-numbers dd").slice(0, 2), ["1.00", "2.00"]);
  const box = find("#mri-point-numbers").firstChild;
  drawPointNumbers(frame, /** @type {any} */ ({ layout }), { point: layout.points[1].key });
  assert.deepEqual([find("#mri-point-numbers").firstChild === box, find("h3").textContent], [true, layout.points[1].key]);
});
