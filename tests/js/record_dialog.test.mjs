import { find, fire, freshPage, served, settled, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { takeBegun } from "../../assets/js/run/begun.mjs";

const PRESET = { name: "standard", title: "Reading", keeps: "", lacks: [], steps: 4, bytes: 9, is_stepwise: true, problem: "" };
const FACTS = { id: "m", title: "m", reads: "Reads English.", sizes: "", field: "", dtype: "float32", dtypes: ["float32", "bfloat16"] };
const LOADED = { status: "finished", message: "", done: 0, of: 0, device: "cpu", dtype: "float32", devices: ["cpu"], notes: ["A note."], alarm: "" };

let openRecord;
let numPages = 0;

/** A page with the dialog, over a server whose recordings go through these states.
 *  @param {Record<string, any[]>} states */
async function setting(states = {}, given = {}, answers = {}) {
  freshPage('<div id="mri-toasts"></div><button id="door">Record</button>', "/sessions");
  const bodies = [];
  const asked = served((address, { body }) => {
    for (const [part, answer] of Object.entries(answers)) if (address.includes(part)) return answer();
    if (address === "/models") return [{ id: "m", label: "a model" }];
    if (address === "/models/m") return FACTS;
    if (address.startsWith("/models/m/loaded")) return LOADED;
    if (address === "/record/check") return { tokens: 3, problem: "", unknown: [{ at: 0, length: 3, text: "Lab", pieces: ["L", "ab"] }], presets: [PRESET] };
    if (address === "/record") return { id: `r${bodies.push(JSON.parse(body)) - 1}` };
    if (address.endsWith("/stop")) return {};
    return states[address.split("/").at(-1)].shift();
  });
  ({ openRecord } = await import(`../../assets/js/record/door.mjs?${numPages++}`)); // with nothing kept
  openRecord(given);
  for (let i = 0; i < 6; i++) await settled();
  return { asked, bodies };
}
const wait = async () => {
  for (let i = 0; i < 12; i++) await settled();
};
const submit = async () => (fire(find(".record-form"), "submit"), await wait());
const close = () => find("dialog")?.close();

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => {
  close();
  mock.timers.reset();
});

test("the model says what it reads, the prompt what is not known of it, and what is asked for is recorded", async () => {
  const { bodies } = await setting({ r0: [{ state: "running", max_steps: 4, step: 0 }] }, { prompt: "Lab", chat: false });
  assert.deepEqual(texts(".record-model > p, .record-notes li"), ["Reads English.", "", "A note."]);
  assert.deepEqual([find(".record-marks u").textContent, find("#record-prompt-says").textContent], ["Lab", "3 tokens. It does not know Lab: it reads “L·ab”."]);
  assert.equal(find(".record-ready span").textContent, "4 steps at most,");
  await submit();
  assert.deepEqual(bodies, [
    { prompt: "Lab", chat: false, max_new_tokens: 64, temperature: 0.6, top_k: 50, seed: 42, preset: "standard", model: "m", device: "", dtype: "" },
  ]);
  assert.deepEqual(
    [location.pathname + location.search, find("dialog"), takeBegun("r0"), takeBegun("r0")],
    ["/live?session=r0", null, { startsPaused: false }, null],
  );
});

test("what a type of the weights costs is said beside what the files are said to be", async () => {
  await setting({}, {}, { "/loaded": () => ({ ...LOADED, dtype: "bfloat16", alarm: "Parts are missing." }) });
  assert.deepEqual([texts(".record-alarm"), texts(".record-notes li").length, find(".record-place select").value], [["Parts are missing."], 2, "bfloat16"]);
});

test("started paused, it is looked at from its first step on", async () => {
  await setting({ r0: [{ state: "finished" }] });
  fire(
    [...document.querySelectorAll(".record-foot button")].find((each) => each.textContent === "Start paused"),
    "click",
  );
  await wait();
  assert.deepEqual(takeBegun("r0"), { startsPaused: true });
});

test("two prompts are recorded with the same settings, then compared", async () => {
  const states = { r0: [{ state: "queued", position: 1 }, { state: "finished" }], r1: [{ state: "finished" }] };
  const { bodies } = await setting(states, { isPair: true });
  await submit();
  assert.equal(find(".record-line").textContent, "Prompt A: next in the queue.");
  mock.timers.tick(300);
  await wait();
  mock.timers.tick(300);
  await wait();
  assert.deepEqual(
    bodies.map(({ prompt, seed }) => [prompt, seed]),
    [
      ["Once there was a girl named Mia.", 42],
      ["Once there was a boy named Tom.", 42],
    ],
  );
  assert.equal(location.pathname + location.search, "/compare?a=r0&b=r1&align=mapping");
});

test("what fails is said in the dialog, where the prompt is", async () => {
  await setting({ r0: [{ state: "error", message: "No room on the disk." }] }, { prompt: "x" });
  await submit();
  assert.deepEqual([find(".record-error").textContent, find("#record-prompt").value, find(".record-fields").disabled], ["No room on the disk.", "x", false]);
  assert.equal(find(".record-wait").hidden, true);
  find("#record-prompt").value = " ";
  await submit();
  assert.equal(find(".record-error").textContent, "The prompt is empty: write a few words to start from.");
});

test("closed while it waits, it goes on and can be watched; what stood there is there again", async () => {
  const { bodies } = await setting({ r0: [{ state: "queued", position: 3 }] }, { prompt: "x" });
  await submit();
  await submit();
  assert.equal(bodies.length, 1, "a second press does nothing while the first is at work");
  close();
  assert.deepEqual(texts(".mri-toast p"), ["The recording goes on."]);
  openRecord();
  openRecord();
  assert.deepEqual([document.querySelectorAll("dialog").length, find("#record-prompt").value], [1, "x"]);
});

test("a model that cannot be loaded says why, and is not tried again by itself", async () => {
  let numTries = 0;
  const fails = () => (numTries++, Response.json({ error: "The worker ended (exit code -9)." }, { status: 503 }));
  await setting({}, {}, { "/loaded": fails });
  assert.deepEqual([texts(".record-alarm"), numTries], [["The worker ended (exit code -9)."], 1]);
  mock.timers.tick(60_000);
  await wait();
  assert.equal(numTries, 1);
});
