import { find, fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { lanesOf } from "../../assets/js/core/lanes.mjs";
import { AddedLines } from "../../assets/js/panels/added_lines.mjs";
import { layout, series } from "./recording.mjs";

const KEY = layout.points[1].key;

function setting() {
  freshPage();
  const told = [];
  const added = new AddedLines((lines) => told.push(lines));
  document.body.append(added.select);
  const names = () => added.chosen(series(), lanesOf(series(), { key: KEY, unit: "" }, 1, false), layout).map(({ name }) => name);
  return { added, told, names };
}

test("entropy is shown where it was added, and a hook point's l2 stays", () => {
  const { added, told, names } = setting();
  assert.deepEqual(names(), ["surprise", "l2"]);
  assert.ok(!added.show(null, KEY));
  assert.deepEqual(texts("option"), ["+ lane", "entropy of the prediction", `l2 of ${KEY}, which stays`]);
  find("select").value = "entropy";
  fire(find("select"), "change");
  assert.deepEqual(told, ["entropy"]);
  assert.ok(added.show(`entropy,${KEY}`, KEY));
  assert.deepEqual(names(), ["surprise", "entropy", "l2", KEY]);
  assert.ok(find("select").hidden, "nothing else is offered");
});

test("what was added can be taken away; what is no hook point here is left out", () => {
  const { added, told, names } = setting();
  added.show("entropy,no.such.point", KEY);
  assert.deepEqual(names(), ["surprise", "entropy", "l2"]);
  assert.deepEqual(added.remover("surprise"), []);
  fire(added.remover("entropy")[0], "click");
  assert.deepEqual(told, ["no.such.point"]);
});
