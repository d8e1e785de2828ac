import { find, freshPage, served, settled, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { recordPair } from "../../assets/js/pages/compare_record.mjs";

/** A server whose recordings go through these states. */
function setting(states) {
  freshPage('<button id="compare-record"></button><p id="compare-record-says"></p><div id="mri-toasts"></div>');
  const bodies = [];
  const said = [];
  const asked = served((address, { body }) => {
    if (body) return { id: `r${bodies.push(JSON.parse(body)) - 1}` };
    said.push(find("#compare-record-says")?.textContent);
    return states[address.split("/").at(-1)].shift();
  });
  return { asked, bodies, said };
}
const DONE = { state: "finished" };
const record = () => recordPair(["one", "two"], { max_tokens: 4 }, 0);

test("both are recorded with the same settings, then compared", async () => {
  const { bodies, said } = setting({ r0: [{ state: "queued" }, { state: "running", step: 1, max_steps: 4 }, DONE], r1: [DONE] });
  await record();
  assert.deepEqual(bodies, [
    { prompt: "one", max_tokens: 4 },
    { prompt: "two", max_tokens: 4 },
  ]);
  assert.deepEqual(said.slice(1, 3), ["Prompt A waits for its turn.", "Prompt A: step 2 of at most 4."]);
  assert.equal(location.pathname + location.search, "/compare?a=r0&b=r1&align=mapping");
  assert.ok(!find("#compare-record").disabled);
});

test("a recording that fails is told of, and the button is there again", async () => {
  setting({ r0: [{ state: "error", message: "No room on the disk." }] });
  await record();
  assert.deepEqual([texts(".mri-toast p"), find("#compare-record").disabled, location.pathname], [["No room on the disk."], false, "/"]);
});

test("a second press does nothing while the first is at work", async () => {
  const { bodies } = setting({ r0: [DONE], r1: [DONE] });
  await Promise.all([record(), record()]);
  assert.equal(bodies.length, 2);
});

test("who went elsewhere stays there", async () => {
  const { asked } = setting({ r0: [DONE], r1: [DONE] });
  const recorded = record();
  find("#compare-record-says").remove();
  await recorded;
  await settled();
  assert.deepEqual([asked.length, location.pathname], [4, "/"]);
});
