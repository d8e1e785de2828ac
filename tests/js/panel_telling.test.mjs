import { find, fire, freshPage } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Player } from "../../assets/js/desk/player.mjs";
import { Telling } from "../../assets/js/panels/telling.mjs";
import { layout, tokens } from "./recording.mjs";

function setting(surprise) {
  freshPage();
  const player = new Player({ numSteps: 3, now: () => 0, raf: () => {} });
  const run = { series: { surprise: Float32Array.from(surprise), every: 1 }, tokens: tokens(), numPrompt: 8, layout, frame: () => null };
  const telling = new Telling(/** @type {any} */ (run), player);
  document.body.append(telling.host);
  player.subscribe(() => telling.draw());
  return { player, telling };
}

test("the button goes to the next telling moment and says why, until the clock moves on", () => {
  const { player } = setting([0, 0, 6]);
  fire(find("button"), "click");
  assert.deepEqual([player.step, find("[role=status]").textContent], [2, "a surprise of 6.0 bits"]);
  player.seek(1);
  assert.equal(find("[role=status]").textContent, "");
});

test("where there is none, it says so and stays", () => {
  const { player, telling } = setting([0, 0, 0]);
  telling.go(-1);
  assert.deepEqual([player.step, find("[role=status]").textContent], [0, "no telling moment was found"]);
});
