import assert from "node:assert/strict";
import { test } from "node:test";

import { Player } from "../../assets/js/desk/player.mjs";
import { Hints } from "../../assets/js/shell/hints.mjs";
import { find, fire, freshPage, placed, texts } from "./page.mjs";

const BODY = `<div id="mri-ribbon"></div><div class="mri-track"></div><div id="mri-layers"></div><div id="mri-stage"></div>
  <aside class="mri-inspector"></aside><input><button data-mri-action="hints"></button>`;

function setting(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  freshPage(BODY);
  placed(find(".mri-inspector"), 900, 0, 380, 800);
  const player = new Player({ numSteps: 5, now: () => 0, raf: () => {} });
  return { player, hints: new Hints(player), tick: (ms) => t.mock.timers.tick(ms) };
}

const title = () => texts(".mri-hint h2")[0] ?? null;
const press = (text) =>
  fire(
    [...document.querySelectorAll(".mri-hint button")].find((each) => each.textContent === text),
    "click",
  );

test("on the first visit only, when the picture had its first seconds and the clock rests", (t) => {
  const { hints, player, tick } = setting(t);
  hints.welcome();
  player.play();
  tick(2500);
  assert.equal(title(), null, "it plays");
  player.pause();
  assert.match(title(), /Every dot/);
  press("Skip");
  assert.deepEqual([title(), find(".mri-hint-ring")], [null, null]);
  hints.welcome();
  tick(5000);
  assert.equal(title(), null, "they were seen");
});

test("from hint to hint and back, and the last one is done", (t) => {
  const { hints } = setting(t);
  hints.show(0);
  assert.equal(find(".mri-hint-count").textContent, "Hint 1 of 5");
  press("Next");
  press("Next");
  press("Back");
  assert.equal(find(".mri-hint-count").textContent, "Hint 2 of 5");
  for (let i = 0; i < 3; i++) press("Next");
  press("Done");
  assert.equal(title(), null);
  assert.ok(localStorage.getItem("mri-hints-seen"));
});

test("whoever plays has done with them", (t) => {
  const { hints, player } = setting(t);
  player.play();
  hints.show(0);
  assert.equal(player.mode, "paused");
  player.play();
  assert.equal(title(), null);
});

test("the focus goes to the card and back; who types is not interrupted", (t) => {
  const { hints } = setting(t);
  find("button[data-mri-action]").focus();
  hints.show(0);
  assert.ok(document.activeElement.matches(".mri-hint"));
  press("Skip");
  assert.equal(document.activeElement, find("button[data-mri-action]"));
  find("input").focus();
  hints.show(0);
  assert.equal(document.activeElement, find("input"));
});

test("a button asks for them again; a closed page shows none", (t) => {
  const { hints, tick } = setting(t);
  fire(find("[data-mri-action=hints]"), "click");
  tick(0);
  assert.match(title(), /Every dot/);
  hints.close();
  assert.equal(title(), null);
  fire(find("[data-mri-action=hints]"), "click");
  tick(0);
  assert.equal(title(), null);
});
