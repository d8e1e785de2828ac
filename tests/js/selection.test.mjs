import assert from "node:assert/strict";
import { test } from "node:test";

import { EMPTY_VIEW } from "../../assets/js/core/address.mjs";
import { blockOf, chartLooks, listLooks, pictureOf, stageLooks, unlessUsual, validView } from "../../assets/js/core/selection.mjs";

const keys = ["embed", "block.0.resid_post", "block.1.resid_post", "final.ln_f"];
const LAYOUT = {
  n_layer: 2,
  n_head: 4,
  points: keys.map((key, i) => ({ key, width: 8, layer_index: [2, 0, 1, 2][i] })),
  rows: new Map(keys.map((key, i) => [key, i])),
};
const valid = (asked) => validView({ ...EMPTY_VIEW, ...asked }, LAYOUT, "demo", 9);

test("what the address does not say gets a default that the session has", () => {
  const view = { session: "demo", step: null, point: "block.1.resid_post", layer: 1, head: 0, neuron: null, tab: "neurons" };
  const { watched, ...rest } = valid({});
  assert.deepEqual(rest, view);
  assert.equal(watched?.length ?? 0, 0);
});

test("what it says wrongly does too, and what it says rightly stays", () => {
  const { step, point, layer, head, neuron, tab } = valid({ step: 99, point: "block.7.resid_post", layer: 7, head: 4, neuron: 8, tab: "no" });
  assert.deepEqual([step, point, layer, head, neuron, tab], [9, "block.1.resid_post", 1, 0, null, "neurons"]);
  const asked = { step: 3, point: "final.ln_f", layer: 1, head: 3, neuron: 7, tab: "attention" };
  for (const [name, value] of Object.entries(asked)) assert.equal(valid(asked)[name], value, name);
  assert.deepEqual([blockOf(LAYOUT, "block.0.resid_post"), blockOf(LAYOUT, "embed")], [0, -1]);
});

test("a view that says nothing of its looks is drawn as usual", () => {
  assert.deepEqual(stageLooks(EMPTY_VIEW, false), { isSigned: false, isSingle: false, hasStats: false, flow: "attention" });
  assert.equal(stageLooks(EMPTY_VIEW, true).isSigned, true, "a small network's weights have signs");
  assert.equal(stageLooks({ sign: 0 }, true).isSigned, false);
  assert.deepEqual(chartLooks(EMPTY_VIEW, false), { stat: "l2", heads: "entropy", overlay: false, sign: false, temperature: 1 });
  assert.deepEqual(listLooks(EMPTY_VIEW), { filter: "", sort: "model", scale: "asinh", marks: null });
});

test("a view that says something is drawn so, and what is as usual is not said", () => {
  const looks = stageLooks({ sign: 1, single: 1, numbers: 1, flow: "none" }, false);
  assert.deepEqual(looks, { isSigned: true, isSingle: true, hasStats: true, flow: "none" });
  assert.deepEqual(chartLooks({ stat: "std", heads: "distance", overlay: 1, temperature: 0.5 }, true), {
    sign: true,
    stat: "std",
    heads: "distance",
    overlay: true,
    temperature: 0.5,
  });
  assert.deepEqual(listLooks({ filter: "mlp", sort: "change", scale: "own", marks: "ends" }), { filter: "mlp", sort: "change", scale: "own", marks: "ends" });
  assert.deepEqual([unlessUsual(1, 1), unlessUsual(0.5, 1)], [null, 0.5]);
});

test("with Why open parts are pictured, where there are any and no other picture was chosen", () => {
  assert.equal(pictureOf({ picture: null, tab: "why" }, true), "why");
  assert.equal(pictureOf({ picture: null, tab: "why" }, false), "tower");
  assert.equal(pictureOf({ picture: "flat", tab: "why" }, true), "flat");
  assert.equal(pictureOf({ picture: "why", tab: "neurons" }, true), "why");
  assert.equal(pictureOf({ picture: null, tab: "neurons" }, true), "tower");
});
