import assert from "node:assert/strict";
import { test } from "node:test";

import { SourceError } from "../../assets/js/run/http.mjs";
import { Failed, Told, shownUntilAnswered, toldUntilAnswered } from "../../assets/js/shell/failed.mjs";
import { find, fire, freshPage, settled, texts } from "./page.mjs";

const passing = new SourceError("The server does not answer.");
const final = new SourceError("There is no such session.", 404);

/** @returns an `ask` that fails so many times */
function failing(times, error = passing) {
  return async () => {
    if (times-- > 0) throw error;
    return "answer";
  };
}

test("what did not come, why, and a button; whether it is asked for again by itself", () => {
  freshPage();
  let numRetries = 0;
  const failed = new Failed(() => numRetries++);
  failed.show("Step 3 did not come", passing);
  assert.deepEqual([failed.host.hidden, ...texts("h2, p", failed.host).slice(0, 2)], [false, "Step 3 did not come", passing.message]);
  assert.match(failed.itself.textContent, /by itself/);
  fire(failed.host.querySelector("button"), "click");
  assert.equal(numRetries, 1);
  failed.show("Step 3 did not come", final);
  assert.equal(failed.itself.textContent, "", "asking again would be of no use");
  failed.show("", null);
  assert.ok(failed.host.hidden);
});

test("what a page cannot stand without: its place says so until the button brings it", async () => {
  freshPage("<main></main>");
  const answer = shownUntilAnswered(find("main"), "No steps", failing(1), new AbortController().signal);
  await settled();
  assert.deepEqual(texts("main h2"), ["No steps"]);
  fire(find("main button"), "click");
  assert.equal(await answer, "answer");
  assert.equal(find("main").childElementCount, 0);
});

test("a toast stands once as long as something did not come, and goes with the answer", async () => {
  freshPage('<div id="mri-toasts"></div>');
  const answer = toldUntilAnswered(failing(2), new AbortController().signal);
  for (let i = 0; i < 2; i++) {
    await settled();
    assert.deepEqual(texts(".mri-toast p"), [passing.message]);
    dispatchEvent(new Event("focus"));
  }
  assert.equal(await answer, "answer");
  assert.deepEqual(texts(".mri-toast"), []);
});

test("what will never come is thrown, and leaves no toast", async () => {
  freshPage('<div id="mri-toasts"></div>');
  await assert.rejects(toldUntilAnswered(failing(1, final), new AbortController().signal), final);
  const told = new Told();
  told.show(passing);
  told.show(final);
  assert.deepEqual(texts(".mri-toast p"), [passing.message], "the first word stands");
  told.show(null);
  assert.deepEqual(texts(".mri-toast"), []);
});

test("who leaves while it waits is not asked for again", async () => {
  freshPage("<main></main>");
  const abort = new AbortController();
  let numAsked = 0;
  const answer = shownUntilAnswered(find("main"), "No steps", () => (numAsked++, failing(1)()), abort.signal);
  await settled();
  abort.abort();
  await assert.rejects(answer, { name: "AbortError" });
  assert.deepEqual([numAsked, find("main").childElementCount], [1, 0]);
});
