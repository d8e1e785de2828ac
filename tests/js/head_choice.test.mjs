import { find, fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { drawHeads } from "../../assets/js/panels/head_choice.mjs";
import { frameOf, layout, source } from "./recording.mjs";

function setting(body = '<div id="mri-heads"></div>') {
  freshPage(body);
  const selected = [];
  const onSelect = (fields) => selected.push(fields);
  const draw = (view = {}, frame = frameOf()) => drawHeads(frame, source(), { layer: 0, head: 1, overlay: false, ...view }, onSelect);
  return { draw, selected };
}
const pressed = () => [...document.querySelectorAll("#mri-heads button")].map((each) => each.getAttribute("aria-pressed") === "true");

test("a button for all heads and one for each, with its entropy in bits", () => {
  const { draw, selected } = setting();
  draw();
  assert.deepEqual(
    [texts("#mri-heads b"), pressed()],
    [
      ["all", "head 0", "head 1"],
      [false, false, true],
    ],
  );
  const { data } = frameOf().arrays["attention/entropy"];
  assert.match(find("#mri-heads button:nth-child(2)").textContent, new RegExp(`${data[0].toFixed(2)} bits`));
  for (const button of document.querySelectorAll("#mri-heads button")) fire(button, "click");
  assert.deepEqual(selected, [{ overlay: 1 }, { head: 0, overlay: null }, { head: 1, overlay: null }]);
});

test("with all heads over each other none is pressed, and the buttons stay the same ones", () => {
  const { draw } = setting();
  draw();
  const first = find("#mri-heads button");
  draw({ overlay: true });
  assert.deepEqual([pressed(), find("#mri-heads button") === first], [[true, false, false], true]);
});

test("a block that was left out says so", () => {
  const { draw } = setting();
  draw({}, frameOf({ dropped_layers: [0, 1], dropped: 1 }));
  assert.ok(
    texts("#mri-heads button")
      .slice(1)
      .every((text) => text.includes("not captured")),
  );
});

test("where the page has no place for it, or the model no heads, nothing is built", () => {
  setting("").draw();
  freshPage('<div id="mri-heads"></div>');
  drawHeads(frameOf(), { ...source(), layout: { ...layout, n_head: 0 } }, { layer: 0, head: 0, overlay: false }, () => {});
  assert.equal(find("#mri-heads").childElementCount, 0);
});
