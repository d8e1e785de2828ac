import { find, fire, freshPage } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { NeuronsPage } from "../../assets/js/pages/neurons.mjs";

const BOOT = { session: "s", point: "block.0.mlp_out", widths: { "block.0.mlp_out": 8, "final.ln_f": 4 }, blocks: ["block.0.mlp_out"], comparable: true };
const choice = (name, values) => `<select id="neurons-${name}">${values.map((value) => `<option>${value}</option>`).join("")}</select>`;

function setting(address = "/neurons?session=s") {
  const page = freshPage(
    `<div id="neurons"><button id="neurons-tab-groups"></button><button id="neurons-tab-neuron"></button>
      ${choice("session", ["s", "other"])}${choice("point", Object.keys(BOOT.widths))}${choice("span", ["point", "blocks"])}${choice("method", ["kmeans", "ward"])}
      <input id="neurons-neuron"><div id="neurons-panel-groups"></div><div id="neurons-panel-neuron"></div><p data-tab="groups"></p>
      <section data-panel="scatter" data-selects='{"name": "text"}'><div class="js-plotly-plot"></div></section></div>`,
    address,
  );
  let click = () => {};
  Object.assign(find(".js-plotly-plot"), { _ev: {}, on: (_, hear) => (click = hear) });
  const view = new NeuronsPage(BOOT);
  return { page, view, click: (text) => click({ points: [{ text }] }), asked: () => page.props.at(-1)[1].data };
}

function choose(name, value) {
  find(`#neurons-${name}`).value = value;
  fire(find(`#neurons-${name}`), "change");
}

test("the address is put into the choices and asked", () => {
  const { asked, page } = setting("/neurons?session=s&point=final.ln_f&neuron=9&method=ward");
  assert.deepEqual([asked().point, asked().neuron, asked().method, asked().theme], ["final.ln_f", 3, "ward", "dark"]);
  assert.deepEqual([find("#neurons-method").value, find("#neurons-neuron").value, find("#neurons-span").disabled], ["ward", "3", true]);
  assert.deepEqual([find("#neurons-panel-neuron").hidden, find("#neurons-panel-groups").hidden, find("[data-tab]").hidden], [false, true, true]);
  assert.equal(page.props[0][0], "neurons-view");
});

test("a choice is in the address; another point or neuron is a new entry of the history", () => {
  const { asked } = setting();
  const length = history.length;
  choose("method", "ward");
  assert.deepEqual([history.length, asked().method], [length, "ward"]);
  choose("point", "final.ln_f");
  assert.equal(history.length, length + 1);
  assert.match(location.search, /point=final\.ln_f.*method=ward/);
});

test("what is no number is forgotten, what is too large is the last neuron", () => {
  const { asked } = setting();
  choose("neuron", "-2");
  assert.deepEqual([asked().neuron, find("#neurons-neuron").value], [0, "0"]);
  choose("neuron", "500");
  assert.equal(asked().neuron, 7);
});

test("a click on a neuron in a chart opens its dossier; arrows go between the tabs", () => {
  const { click, view } = setting();
  click("final.ln_f · 2 and more");
  assert.deepEqual([view.question.point, view.question.neuron, view.question.tab], ["final.ln_f", 2, "neuron"]);
  click("no neuron");
  assert.equal(view.question.neuron, 2);
  find("#neurons-tab-neuron").focus();
  fire(find("#neurons-tab-neuron"), "keydown", { key: "ArrowLeft" });
  assert.deepEqual([view.question.tab, document.activeElement.id], ["groups", "neurons-tab-groups"]);
});

test("Back asks what the address says; another session is another page; closed, it hears nothing", () => {
  const { view, page } = setting();
  history.replaceState(null, "", "/neurons?session=s&point=final.ln_f");
  dispatchEvent(new Event("popstate"));
  assert.equal(view.question.point, "final.ln_f");
  choose("session", "other");
  assert.match(location.search, /session=other/);
  assert.equal(view.question.session, "s");
  view.close();
  const before = page.props.length;
  choose("method", "ward");
  assert.equal(page.props.length, before);
});
