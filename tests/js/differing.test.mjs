import { find, fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Differing } from "../../assets/js/panels/differing.mjs";

const row = (neuron, difference, more = {}) => ({ neuron, a: 1, b: 1 + difference, difference, by: "both", rounding: 0, ...more });

function setting() {
  freshPage("<div id='host'></div>");
  const picked = [];
  const list = new Differing(find("#host"), { session: "s", onPick: (neuron) => picked.push(neuron) });
  const draw = (neurons, selected = null) => list.draw(neurons && { neurons, boundA: 0.5, boundB: NaN }, "block.0.mlp_out", selected);
  const cells = () => [...document.querySelectorAll("tbody tr")].map((line) => texts("td", line).slice(1));
  return { draw, picked, cells };
}

test("the eight that differ most, with their sign; a click picks one", () => {
  const { draw, picked } = setting();
  draw(
    Array.from({ length: 10 }, (_, i) => row(i, 10 - i)),
    1,
  );
  assert.equal(document.querySelectorAll("tbody tr").length, 8);
  assert.deepEqual(
    [...document.querySelectorAll("[aria-pressed=true]")].map((each) => each.textContent),
    ["1"],
  );
  fire(document.querySelectorAll("tbody button")[3], "click");
  assert.deepEqual(picked, [3]);
});

test("what one side did not capture is a bound, and its difference the least that it can be", () => {
  const { draw, cells } = setting();
  draw([row(3, 2, { a: NaN, by: "b" }), row(4, -2, { b: NaN, by: "a" }), row(5, 2)]);
  assert.deepEqual(
    cells().map(([a, , difference]) => [a, difference]),
    [
      ["≤ 0.500", "≥ +2.00"],
      ["1.00", "≤ −2.00"],
      ["1.00", "+2.00"],
    ],
  );
});

test("why there is no list: no match, nothing differs, statistics only", () => {
  const { draw } = setting();
  const said = (neurons) => (draw(neurons), texts("#host p")[0]);
  assert.match(said(null), /matched/);
  assert.match(said([row(1, 0), row(2, NaN)]), /No captured neuron differs/);
  assert.match(said([]), /Only statistics/);
});

test("the same list is not built anew", () => {
  const { draw } = setting();
  draw([row(1, 2)], 1);
  const before = find("table");
  draw([row(1, 2)], 1);
  assert.equal(find("table"), before);
  draw([row(1, 2)], null);
  assert.notEqual(find("table"), before);
});
