import { find, fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Player } from "../../assets/js/desk/player.mjs";
import { LiveBar } from "../../assets/js/pages/live_bar.mjs";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

function setting({ isSteerable = true } = {}) {
  const page = freshPage('<div id="bar"></div><div id="wait"></div>');
  const steered = [];
  let numAgain = 0;
  const bar = new LiveBar(find("#bar"), { waiting: find("#wait"), steer: (what) => steered.push(what), again: () => numAgain++ });
  bar.begin(isSteerable);
  const state = (name, more = {}) => bar.hear({ type: "state", state: name, position: 0, max_steps: 10, message: "", ...more });
  const player = new Player({ numSteps: 5, now: () => 0, raf: () => {} });
  return { page, bar, steered, state, player, numAgain: () => numAgain };
}
const seen = () => [...document.querySelectorAll("#bar button")].filter((each) => !each.hidden).map((each) => each.textContent);
const press = (text) =>
  fire(
    [...document.querySelectorAll("#bar button")].find((each) => each.textContent === text),
    "click",
  );

test("from the queue to the end: what it says, and which buttons there are", () => {
  const { bar, state, numAgain } = setting();
  state("queued", { position: 2 });
  assert.deepEqual([find("h2").textContent, find("#wait p").textContent, seen()], ["Waiting", "Place 2 in the queue.", ["Cancel"]]);
  state("running");
  assert.deepEqual([find(".live-headline").textContent, seen()], ["Recording", ["Pause", "Step once", "Stop"]]);
  bar.hear({ type: "end", reason: "It is done.", end_reason: "length", num_steps: 4 });
  assert.deepEqual([find("#bar").dataset.state, find(".live-progress").textContent, seen()], ["over", "4 steps", ["New recording"]]);
  press("New recording");
  assert.equal(numAgain(), 1);
});

test("an end that should not be one, and a refusal, have failed; what another program records cannot be steered", () => {
  const { bar, state } = setting({ isSteerable: false });
  state("running");
  assert.deepEqual(seen(), []);
  bar.hear({ type: "end", reason: "The worker died.", end_reason: "died", num_steps: 4 });
  assert.deepEqual([find("#bar").dataset.state, find(".live-sentence").textContent], ["failed", "The worker died."]);
  const other = setting();
  other.bar.hear({ type: "refused", reason: "Too many." });
  assert.equal(find("#bar").dataset.state, "failed");
});

test("pause halts the model and the picture behind it, and the same button lets both go on", () => {
  const { bar, state, steered, player } = setting();
  state("running");
  press("Pause");
  state("paused");
  press("Resume");
  assert.deepEqual(steered, ["pause", "resume"]);
  state("running");
  player.setGrowing(true);
  player.setPace(1);
  bar.follow(player);
  player.play();
  bar.hear({ type: "hello", state: "running", from: 5 });
  press("Pause");
  assert.deepEqual([steered.at(-1), player.mode], ["pause", "paused"]);
});

test("step once shows what the model is ahead before it asks for more", () => {
  const { bar, state, steered, player } = setting();
  state("paused");
  press("Step once");
  assert.deepEqual(steered, ["step"]);
  player.setGrowing(true);
  player.setPace(1);
  bar.follow(player);
  press("Step once");
  assert.deepEqual([steered, player.step], [["step"], 1]);
});

test("how far and how fast, drawn in a frame; what the stream left out", () => {
  const { page, bar, state } = setting();
  state("running");
  const frames = [0, 1, 2].map((step) => ({ header: { step, time_us: step * 100_000 } }));
  bar.count(frames);
  page.frame();
  mock.timers.tick(200);
  assert.equal(find(".live-progress").textContent, "step 3 of at most 10 · 10 steps/s");
  bar.hear({ type: "dropped", payloads: 1, frames: 0 });
  bar.hear({ type: "dropped", payloads: 1, frames: 3 });
  assert.match(find(".live-drops").textContent, /2 steps without values, 3 steps late/);
  bar.begin(true);
  assert.deepEqual([find(".live-drops").textContent, find(".live-progress").textContent], ["", ""], "another recording");
});

test("a connection that was lost is told of, and for a while that it is back", () => {
  const { bar } = setting();
  bar.setLink("waiting", 4000, 0);
  assert.match(find(".live-link").textContent, /again in 4 s/);
  bar.setLink("open", 0, 7);
  assert.match(find(".live-link").textContent, /from step 7 on/);
  mock.timers.tick(6000);
  assert.deepEqual(texts(".live-link"), [""]);
});
