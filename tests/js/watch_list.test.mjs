import { find, fire, freshPage, settled, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Watched } from "../../assets/js/panels/watch_list.mjs";
import { SCALES } from "./recording.mjs";

const HOSTS = '<div id="mri-watch"></div><div id="mri-watched"></div>';
const VIEW = { point: "block.0.mlp_out", neuron: 3, watched: ["block.0.mlp_out:3", "final.ln_f:0"] };

function setting(body = HOSTS) {
  freshPage(`<aside class="mri-inspector">${body}</aside>`);
  const [selected, toggled] = [[], []];
  const list = new Watched({ session: "s", scales: SCALES, onSelect: (fields) => selected.push(fields), onToggle: (...given) => toggled.push(given) });
  return { list, selected, toggled };
}

test("the selected neuron can be watched, and those watched can be selected and let go", () => {
  const { list, selected, toggled } = setting();
  list.draw(VIEW);
  assert.equal(find("#mri-watch button").getAttribute("aria-pressed"), "true");
  assert.deepEqual(texts(".mri-watched-name"), ["block.0.mlp_out · 3", "final.ln_f · 0"]);
  fire(find("#mri-watch button"), "click");
  fire(document.querySelectorAll(".mri-watched-name")[1], "click");
  fire(document.querySelectorAll(".mri-watched-remove")[1], "click");
  assert.deepEqual(selected, [{ point: "final.ln_f", neuron: 0 }]);
  assert.deepEqual(toggled, [
    ["block.0.mlp_out", 3],
    ["final.ln_f", 0],
  ]);
});

test("each has its line's colour, in this theme", () => {
  const { list } = setting();
  list.draw(VIEW);
  const colours = () => [...document.querySelectorAll("#mri-watched li")].map((each) => each.getAttribute("style"));
  assert.deepEqual(
    colours(),
    [0, 1].map((place) => `--line-colour:${SCALES.watched.dark[place]}`),
  );
  document.documentElement.dataset.bsTheme = "light";
  list.draw(VIEW);
  assert.equal(colours()[0], `--line-colour:${SCALES.watched.light[0]}`);
});

test("with none watched it says how; who let the last one go has the button's focus", () => {
  const { list } = setting();
  list.draw({ ...VIEW, watched: VIEW.watched.slice(1) });
  find(".mri-watched-remove").focus();
  list.draw({ ...VIEW, watched: [] });
  assert.match(find("#mri-watched").textContent, /None yet/);
  assert.ok(find("#mri-watched").classList.contains("is-empty"));
  assert.equal(document.activeElement, find("#mri-watch button"));
});

test("hosts that the page brings late are filled, but not once it is closed", async () => {
  const { list } = setting("");
  list.draw(VIEW);
  find(".mri-inspector").innerHTML = HOSTS;
  await settled();
  assert.equal(document.querySelectorAll("#mri-watched li").length, 2);
  list.close();
  find(".mri-inspector").innerHTML = HOSTS;
  await settled();
  assert.equal(find("#mri-watched").childElementCount, 0);
});
