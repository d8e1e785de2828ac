import { allShown, find, fire, freshPage, inkOnCanvases, placed, served, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { viewFromUrl } from "../../assets/js/core/address.mjs";
import { keys } from "../../assets/js/desk/keys.mjs";
import { strongestOf } from "../../assets/js/stage/lanes.mjs";
import { Scanner } from "../../assets/js/pages/scanner.mjs";
import { SCALES, SCANNER, runOf } from "./recording.mjs";

let scanner = null;
beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => {
  scanner.close();
  mock.timers.reset();
});

/** A Scanner of three steps, whose picture is the flat one: there is no WebGL. */
async function setting(address = "/?session=s&step=1", how = {}) {
  const page = freshPage(SCANNER, address);
  inkOnCanvases();
  served(() => ({}));
  placed(find("#mri-stage"), 0, 0, 800, 500);
  document.addEventListener("keydown", (event) => keys.hear(event));
  scanner = new Scanner(runOf(), SCALES, how);
  const shown = () => allShown(page);
  await shown();
  return { page, shown, scanner };
}
const query = () => Object.fromEntries(new URLSearchParams(location.search));
const press = (key) => fire(document.body, "keydown", { key, shiftKey: false });

test("it opens at the step of the address, chooses the strongest neuron, and says both in the link", async () => {
  const { scanner } = await setting();
  assert.deepEqual([scanner.player.step, find(".mri-token[aria-current]").textContent], [1, " e"]);
  assert.equal(scanner.desk.view.neuron, strongestOf(scanner.lanes.at(1)[0], scanner.desk.view.point));
  assert.ok(scanner.timings.draw.length > 0);
  assert.equal(query().step, "1");
});

test("a key moves the clock, and the words and the address follow", async () => {
  const { scanner, shown } = await setting();
  press("ArrowRight");
  await shown();
  assert.deepEqual([scanner.player.step, find(".mri-clock-at").value, query().step], [2, "2", "2"]);
  press("h");
  await shown();
  assert.equal(scanner.desk.view.head, 1);
});

test("another session that is chosen above the picture is another page", async () => {
  await setting();
  const picker = find("#mri-session");
  picker.add(new Option("another", "x&y"));
  picker.value = "x&y";
  fire(picker, "change");
  assert.equal(location.pathname + location.search, "/?session=x%26y");
});

test("a hook point picked anywhere is picked everywhere, with its block; a neuron that it lacks is not kept", async () => {
  const { scanner, shown } = await setting();
  scanner.desk.select({ neuron: 20, point: "block.1.mlp_act" });
  fire(find('[data-block="block 0"]'), "click"); // of which it has the like
  fire(find('[data-key="block.0.resid_post"]'), "click");
  await shown();
  const { point, layer, neuron } = scanner.desk.view;
  assert.deepEqual([point, layer], ["block.0.resid_post", 0]);
  assert.ok(neuron < 8);
  assert.equal(find("[role=option][aria-selected=true]").dataset.key, point);
});

test("a seventh neuron is not watched, and it says why", async () => {
  const { scanner, shown } = await setting();
  scanner.desk.select({ watched: [0, 1, 2, 3, 4, 5].map((neuron) => `block.0.resid_post:${neuron}`), point: "block.1.resid_post" });
  await shown();
  press("w");
  assert.equal(scanner.desk.view.watched.length, 6);
  assert.match(texts(".mri-toast p")[0], /Six neurons/);
});

test("Back shows what the address says; on another session's address it closes", async () => {
  const { scanner, shown, page } = await setting();
  history.replaceState(null, "", "/?session=s&step=2&point=final.ln_f");
  dispatchEvent(new Event("popstate"));
  await shown();
  assert.deepEqual([scanner.player.step, scanner.desk.view.point], [2, "final.ln_f"]);
  history.replaceState(null, "", "/?session=other");
  dispatchEvent(new Event("popstate"));
  assert.equal(page.numWatchers(), 0);
  press("ArrowLeft");
  assert.equal(scanner.player.step, 2);
});

test("a lesson's Scanner shows what the lesson asks for, and leaves the address alone", async () => {
  const { scanner, shown } = await setting("/learn/1", { asked: { ...viewFromUrl(""), step: 2, point: "final.ln_f" } });
  scanner.player.seek(0);
  await shown();
  assert.deepEqual([scanner.desk.view.point, location.pathname], ["final.ln_f", "/learn/1"]);
});

test("closed, or its page gone, nothing goes on", async () => {
  const { scanner, page, shown } = await setting();
  find("#mri-scanner").remove();
  scanner.redraw();
  await shown();
  assert.equal(page.numWatchers(), 0);
  await scanner.firstPaint;
});
