import assert from "node:assert/strict";
import { test } from "node:test";

import { el, refill, say, sized } from "../../assets/js/shell/dom.mjs";
import { find, fire, freshPage, inkOnCanvases } from "./page.mjs";

test("an element in one expression: text, handlers, attributes; what is false or null is left out", () => {
  freshPage();
  let numClicks = 0;
  const node = el("button", { class: "a", text: "go", hidden: true, title: null, disabled: false, on: { click: () => numClicks++ } }, el("i"));
  assert.equal(node.outerHTML, '<button class="a" hidden="">go<i></i></button>');
  fire(node, "click");
  assert.equal(numClicks, 1);
});

test("what is said already is not said again", async () => {
  freshPage("<p>one</p>");
  const node = find("p");
  let numChanges = 0;
  new MutationObserver((records) => (numChanges += records.length)).observe(node, { childList: true, attributes: true });
  say(node, "one");
  say(node, null, "is-new");
  say(node, "two", "is-new");
  await Promise.resolve();
  assert.deepEqual([node.textContent, node.className], ["two", "is-new"]);
  await new Promise((done) => setTimeout(done));
  assert.ok(numChanges >= 2 && numChanges <= 3, `${numChanges} changes`);
});

test("the focus stays on what has the same words, else in the same place", () => {
  freshPage("<div></div>");
  const host = find("div");
  const buttons = (...names) => names.map((text) => el("button", { text }));
  refill(host, ...buttons("a", "b", "c"));
  host.children[1].focus();
  refill(host, ...buttons("b", "c"));
  assert.equal(document.activeElement.textContent, "b");
  host.children[1].focus();
  refill(host, ...buttons("x", "y"));
  assert.equal(document.activeElement.textContent, "y");
});

test("a canvas has the device's pixels, at most two to one, and one unit is a CSS pixel", () => {
  freshPage();
  const ink = inkOnCanvases();
  devicePixelRatio = 3;
  const canvas = document.createElement("canvas");
  sized(canvas, 10, 0);
  assert.deepEqual([canvas.width, canvas.height, canvas.style.width], [20, 1, "10px"]);
  assert.deepEqual(ink.at(-1), ["setTransform", 2, 0, 0, 2, 0, 0]);
});
