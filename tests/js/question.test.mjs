import assert from "node:assert/strict";
import { test } from "node:test";

import { csvAddress, neuronFromName, questionFromUrl, urlFromQuestion } from "../../assets/js/pages/question.mjs";

const BOOT = { session: "demo", point: "block.1.mlp_act", widths: { "block.1.mlp_act": 64, "final.ln_f": 16 }, blocks: ["block.1.mlp_act"], comparable: true };

test("an address without choices asks for what is usual", () => {
  const question = questionFromUrl("?session=demo", BOOT);
  assert.deepEqual(question, {
    session: "demo",
    point: "block.1.mlp_act",
    neuron: 0,
    span: "point",
    scope: "session",
    method: "kmeans",
    groups: "auto",
    seed: 0,
    tab: "groups",
  });
  assert.equal(urlFromQuestion(question), "?session=demo&point=block.1.mlp_act");
});

test("a neuron in the address opens its dossier, also the first", () => {
  const question = questionFromUrl("?session=demo&point=final.ln_f&neuron=0", BOOT);
  assert.equal(question.tab, "neuron");
  assert.equal(urlFromQuestion(question), "?session=demo&point=final.ln_f&neuron=0&tab=neuron");
  assert.equal(questionFromUrl("?neuron=3&tab=groups", BOOT).tab, "groups");
});

test("addresses and questions are each other's inverse", () => {
  const search = "?session=demo&point=block.1.mlp_act&span=blocks&scope=weights&method=ward&groups=5&seed=7";
  assert.equal(urlFromQuestion(questionFromUrl(search, BOOT)), search);
  for (const tab of ["groups", "neuron"]) {
    const question = questionFromUrl(`${search}&neuron=9&tab=${tab}`, BOOT);
    assert.deepEqual(questionFromUrl(urlFromQuestion(question), BOOT), question);
  }
});

test("what is wrong in an address is as usual", () => {
  const question = questionFromUrl("?point=nothing&neuron=x&span=y&groups=99&seed=-1&method=%3Cscript%3E", BOOT);
  assert.deepEqual(question, questionFromUrl("", BOOT));
  assert.equal(questionFromUrl("?neuron=9999", BOOT).neuron, 63);
  assert.equal(questionFromUrl("?point=final.ln_f&span=blocks", BOOT).span, "point");
  assert.equal(questionFromUrl("?scope=weights", { ...BOOT, comparable: false }).scope, "session");
});

test("addresses of numbers and names of neurons", () => {
  const question = questionFromUrl("?groups=3&neuron=5", BOOT);
  assert.equal(
    csvAddress("group-map", question),
    "/neurons/group-map.csv?session=demo&point=block.1.mlp_act&neuron=5&span=point&scope=session&method=kmeans&groups=3&seed=0",
  );
  assert.equal(csvAddress("dossier-history", question), "/sessions/demo/panels/history.csv?step=0&point=block.1.mlp_act&neuron=5");
  assert.deepEqual(neuronFromName("block.3.mlp_act · 17 and 2 beside it"), { point: "block.3.mlp_act", neuron: 17 });
  assert.equal(neuronFromName("group 3"), null);
});
