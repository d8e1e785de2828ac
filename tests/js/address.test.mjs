import assert from "node:assert/strict";
import { test } from "node:test";

import { EMPTY_VIEW, fieldsFromUrl, number, text, urlFromView, viewFromUrl } from "../../assets/js/core/address.mjs";

const VIEW = {
  lesson: "1-perceptron",
  moment: 3,
  a: "one",
  b: "two",
  align: "mapping",
  by: "cosine",
  session: "demo-1",
  view: "simple",
  look: 5,
  lanes: "demo-2,demo-3",
  difference: 1,
  step: 12,
  point: "block.3.mlp_act",
  layer: 3,
  head: 0,
  neuron: 17,
  tab: "attention",
  loop: "3-9",
  token: 554,
  against: 665,
  part: "3.1",
  picture: "flat",
  influence: "gradient",
  groups: "kmeans:auto:blocks:session:0:block.3.mlp_act",
  sign: 0,
  single: 1,
  numbers: 1,
  lines: "entropy,block.3.resid_post",
  odds: "linear",
  marks: "spread",
  amount: "lost",
  flow: "tokens",
  camera: "-0.34,1.2,3",
  stat: "p99",
  heads: "distance",
  overlay: 1,
  temperature: 0.35,
  filter: "mlp & block 3",
  sort: "change",
  scale: "own",
  watched: ["block.3.mlp_act:17", "final.ln_f:0"],
};

test("a view becomes an address and comes back", () => {
  assert.deepEqual(viewFromUrl(urlFromView(VIEW)), VIEW);
  assert.ok(
    Object.values(VIEW).every((value) => value !== null),
    "every field is tried",
  );
  assert.deepEqual(Object.keys(VIEW).sort(), Object.keys(EMPTY_VIEW).sort());
  assert.equal(urlFromView({ ...EMPTY_VIEW, session: "a", step: 0 }), "?session=a&step=0");
  assert.equal(urlFromView(EMPTY_VIEW), "");
  assert.deepEqual(viewFromUrl(""), EMPTY_VIEW);
});

test("what cannot be is taken as not there", () => {
  const view = viewFromUrl(
    "?session=../etc&step=-1&point=a%3Cb&layer=1e3&head=&neuron=0x1&tab=a%20b&loop=3&other=1&sign=2&single=0&overlay=true&flow=up&stat=mode&heads=size&sort=model&scale=log&filter=",
  );
  assert.deepEqual(view, EMPTY_VIEW);
  assert.equal(viewFromUrl(`?session=${"a".repeat(65)}`).session, null);
  assert.equal(viewFromUrl("?step=9999999999").step, null);
});

test("cameras, temperatures and filters that cannot be are taken as not there", () => {
  for (const wrong of ["1,2", "1,2,3,4", "a,b,c", "1,2,-3", "1e3,0,1", "NaN,0,1", "1.2345,0,1"])
    assert.equal(viewFromUrl(`?camera=${wrong}`).camera, null, wrong);
  for (const wrong of ["0", "0.05", "2.1", "-1", "1e1", "NaN"]) assert.equal(viewFromUrl(`?temperature=${wrong}`).temperature, null, wrong);
  for (const wrong of ["a%00b", "a".repeat(81)]) assert.equal(viewFromUrl(`?filter=${wrong}`).filter, null);
});

test("watched neurons are a list in the address, each once", () => {
  const one = { ...EMPTY_VIEW, session: "a", watched: ["block.1.mlp_out:3"] };
  assert.equal(urlFromView(one), "?session=a&watched=block.1.mlp_out:3");
  assert.equal(urlFromView({ ...one, watched: [] }), "?session=a");
  assert.deepEqual(viewFromUrl("?watched=p:1,p:1,q:2").watched, ["p:1", "q:2"]);
  for (const wrong of ["p", "p:", "p:x", "p:1,", "p:1,p:2,p:3,p:4,p:5,p:6,p:7"]) assert.equal(viewFromUrl(`?watched=${wrong}`).watched, null);
});

test("another page reads its own fields by the same rules", () => {
  const readers = { seed: number(/^\d{1,3}$/), span: text(/^(point|blocks)$/) };
  assert.deepEqual(fieldsFromUrl("?seed=7&span=all&other=1", readers), { seed: 7 });
  assert.deepEqual(fieldsFromUrl("", readers), {});
});
