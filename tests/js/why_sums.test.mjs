import { fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Waterfall, maps } from "../../assets/js/panels/why_sums.mjs";
import { frame, sweep } from "./why_data.mjs";
import { shownOf } from "./why_shown.mjs";

const ROWS = ".mri-why-rows .mri-why-row";
const named = (text) => [...document.querySelectorAll(ROWS)].find((row) => row.querySelector(".mri-why-name").textContent === text);

function waterfall(rows, shown) {
  document.body.replaceChildren(...rows.draw(shown));
  return texts(`${ROWS} .mri-why-name`);
}

test("rows add up to the difference; before anything is lost its place is kept", () => {
  freshPage();
  const names = waterfall(new Waterfall(), shownOf());
  assert.deepEqual([names[0], names.at(-1)], ["embedding", "left over"]);
  assert.deepEqual(texts(".is-total b"), ["+10.0"]);
  assert.equal(named("head 1.0").getAttribute("aria-label"), "head 1.0: wrote +9.0");
  assert.deepEqual(texts(".is-awaited").filter(Boolean).length > 0, true);
});

test("with what is lost it stands beside; a row that was made up for says by whom", () => {
  freshPage();
  waterfall(new Waterfall(), shownOf({ sweep: sweep() }));
  assert.match(named("head 0.1").getAttribute("aria-label"), /^head 0.1: wrote 0.0, lost if off 12.0/);
  assert.equal(named("head 0.1").querySelectorAll("span")[2].textContent, "12.0");
});

test("a part is selected, a sum is opened, and another step closes it", () => {
  freshPage();
  const [rows, shown] = [new Waterfall(), shownOf({ sweep: sweep(), selected: 4 })];
  waterfall(rows, shown);
  assert.equal(named("head 1.0").getAttribute("aria-pressed"), "true");
  fire(named("head 1.1"), "click");
  fire(named("rest of block 0 ▸"), "click");
  assert.deepEqual(shown.picked, [5, "changed"]);
  assert.deepEqual(waterfall(rows, shown).slice(0, 4), ["embedding", "head 0.0", "head 0.1", "MLP 0"]);
  assert.equal(document.querySelector(`${ROWS}[tabindex="0"]`).textContent.startsWith("head 0.1"), true, "the tab stop is where one was");
  const next = shownOf({ of: frame({ step: 4 }), sweep: sweep() });
  assert.ok(waterfall(rows, next).includes("rest of block 0 ▸"));
});

test("two maps of blocks and heads on one scale, the last block above", () => {
  freshPage();
  const shown = shownOf({ sweep: sweep(), selected: 4 });
  document.body.replaceChildren(...maps(shown));
  const [wrote, lost] = [...document.querySelectorAll(".mri-why-map")].map((map) => [...map.querySelectorAll("button")]);
  const said = (cells) => cells.map((cell) => cell.getAttribute("aria-label"));
  assert.deepEqual(said(wrote).slice(0, 3), ["head 1.0: wrote +9.0", "head 1.1: wrote +1.2", "MLP 1: wrote −0.5"]);
  assert.equal(said(lost)[4], "head 0.1: lost if off 12.0");
  assert.deepEqual([wrote[0].textContent, lost[4].textContent, wrote[4].textContent], ["9.0", "12.0", ""], "small ones have no number");
  assert.deepEqual([wrote[0].className, lost[4].style.getPropertyValue("--fill")], ["mri-why-cell is-for is-selected", "100%"]);
  fire(lost[4], "click");
  assert.deepEqual(shown.picked, [2]);
});

test("losses that are on their way are dots, those that were refused a sentence", () => {
  freshPage();
  document.body.replaceChildren(...maps(shownOf()));
  assert.equal(document.querySelectorAll(".mri-why-map")[1].querySelector("button").textContent, "…");
  document.body.replaceChildren(...maps(shownOf({ lost: { text: "No model is at hand.", isRefused: true } })));
  assert.deepEqual([document.querySelectorAll(".mri-why-map").length, texts("figure .mri-note")], [1, ["No model is at hand."]]);
});
