import { fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { bar, card, lossOf, sideOf, walkable } from "../../assets/js/panels/why_parts.mjs";

test("a card has its title, how its numbers were come by, and why", () => {
  freshPage();
  const host = card("Neurons", "exact sum", "adds up", "text");
  const badge = host.querySelector(".mri-kind");
  assert.deepEqual([texts("h3", host), badge.textContent, badge.title, badge.className], [["Neurons"], "exact sum", "adds up", "mri-kind mri-kind-derived"]);
  assert.ok(card("a", "measured", "").querySelector(".mri-kind-measured"));
});

test("a loss is a number, or why there is none yet", () => {
  freshPage();
  const said = (...args) => [lossOf(...args).textContent, lossOf(...args).className];
  assert.deepEqual(said(-3, false, true), ["−3.0", "is-against"]);
  assert.deepEqual(said(0.01, true, true), ["0.0", "is-dim"]);
  assert.deepEqual(
    [said(NaN, false, true), said(NaN, false, false)],
    [
      ["…", "is-awaited"],
      ["", "is-awaited"],
    ],
  );
  assert.deepEqual([sideOf(0), sideOf(-1)], ["is-for", "is-against"]);
});

test("a bar runs from one amount to the other, whichever is larger, and is never nothing", () => {
  freshPage();
  const styled = (from, to) => bar(from, to, { low: -2, high: 8 }).firstChild;
  assert.deepEqual([styled(0, 3).style.left, styled(0, 3).style.width, styled(0, 3).className], ["20.00%", "30.00%", "is-for"]);
  assert.deepEqual([styled(3, 0).style.left, styled(3, 0).style.width, styled(3, 0).className], ["20.00%", "30.00%", "is-against"]);
  assert.equal(styled(1, 1).style.width, "0.60%");
});

test("arrow keys walk rows and columns, within their ends, and keep the tab stop", () => {
  freshPage("<div id='w'><button>0</button><button>1</button><button>2</button><button>3</button></div>");
  const host = document.getElementById("w");
  walkable(host, 2, -1);
  const at = () => document.activeElement.textContent;
  const stops = () => texts("[tabindex='0']", host).join();
  assert.equal(stops(), "0");
  host.querySelector("button").focus();
  const press = (key) => (fire(document.activeElement, "keydown", { key }), at());
  assert.deepEqual(["ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowUp"].map(press), ["1", "1", "3", "3", "2", "0"]);
  assert.equal(stops(), "0");
  assert.ok(fire(document.activeElement, "keydown", { key: "ArrowUp" }).defaultPrevented, "at an end, too, the keys are not the clock's");
  assert.ok(!fire(document.activeElement, "keydown", { key: "x" }).defaultPrevented);
});
