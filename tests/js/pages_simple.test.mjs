import { allShown, find, fire, freshPage, inkOnCanvases, placed, served, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { keys } from "../../assets/js/desk/keys.mjs";
import { Scanner } from "../../assets/js/pages/scanner.mjs";
import { Simple } from "../../assets/js/pages/simple.mjs";
import { SCALES, runOf } from "./recording.mjs";

let scanner = null;
beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => {
  scanner.close();
  mock.timers.reset();
});

/** Simple over the recording of three steps, with the flat picture: there is no WebGL. */
async function setting({ address = "/", counterpart = null, run = runOf(), answer = () => ({}) } = {}) {
  const page = freshPage(`<div id="mri-more"></div><section id="mri-simple"></section><div id="mri-tools"></div><div id="mri-toasts"></div>`, address);
  inkOnCanvases();
  const asked = served(answer);
  const opened = [];
  const simple = new Simple(run, find("#mri-simple"), { counterpart, openFull: (fields) => opened.push(fields) });
  placed(simple.stageHost, 0, 0, 800, 400);
  document.addEventListener("keydown", (event) => keys.hear(event));
  scanner = new Scanner(run, SCALES, { simple });
  const shown = () => allShown(page);
  await shown();
  return { scanner, simple, shown, opened, asked };
}
const press = (key) => fire(document.body, "keydown", { key, shiftKey: false });

test("it opens at rest, before the first word of the model's own, and says what this is", async () => {
  const { scanner } = await setting();
  assert.deepEqual([scanner.player.step, scanner.player.mode], [0, "paused"]);
  assert.match(find(".simple-lede").textContent, /language model.*\. Every glowing dot is a number inside it, measured\./);
  assert.ok(find(".simple-words").textContent.includes("a"));
  assert.equal(new URLSearchParams(location.search).get("view"), "simple");
});

test("keys keep a layer's look and move it, and it is in the link", async () => {
  const { scanner, shown } = await setting();
  press("ArrowDown");
  await shown();
  const top = scanner.run.layout.n_layer - 1;
  assert.equal(scanner.desk.view.look, top);
  assert.equal(new URLSearchParams(location.search).get("look"), String(top));
  press("ArrowUp");
  await shown();
  assert.equal(scanner.desk.view.look, top, "there is none above");
  fire(find('button.simple-row[aria-pressed="true"]'), "click");
  await shown();
  assert.equal(scanner.desk.view.look, null, "chosen again, it is let go");
  press("/");
  assert.equal(document.activeElement, find("#simple-own"));
});

test("why opens Full's tab at this step", async () => {
  const { opened } = await setting();
  fire(find(".simple-why"), "click");
  assert.deepEqual(opened, [{ tab: "why" }]);
});

test("the menu offers other recordings, until Simple goes", async () => {
  const { scanner } = await setting();
  const select = find("#mri-simple-session");
  assert.deepEqual([select.value, select.options[0].text], ["s", "a b"]);
  select.add(new Option("another", "x&y"));
  select.value = "x&y";
  fire(select, "change");
  assert.equal(location.search, "?session=x%26y&view=simple");
  scanner.close();
  assert.equal(find("#mri-more").childElementCount, 0);
});

test("where there is no counterpart the sentence is offered to be changed", async () => {
  await setting();
  assert.deepEqual(texts(".simple-ways button"), ["Change this sentence"]);
  fire(find(".simple-ways button"), "click");
  assert.equal(find("#simple-own").value, "a b");
});

test("a counterpart that cannot be opened says why in its place", async () => {
  const counterpart = { session: "gone", says: "If", compare: "/compare?a=s&b=gone" };
  const { shown } = await setting({
    counterpart,
    answer: (address) => (address.includes("gone") ? Response.json({ error: "It was deleted." }, { status: 404 }) : {}),
  });
  await shown();
  assert.equal(find(".simple-changed").textContent, "It was deleted.");
  fire([...document.querySelectorAll(".simple-ways button")].at(-1), "click");
  assert.equal(location.pathname + location.search, counterpart.compare);
});
