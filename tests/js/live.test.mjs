import { find, fire, freshPage, served, settled, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Live } from "../../assets/js/pages/live.mjs";
import { SCALES } from "./recording.mjs";

let live = null;
beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => {
  live.close();
  mock.timers.reset();
});

class FakeSocket {
  static all = [];
  constructor(address) {
    FakeSocket.all.push(this);
    this.address = address;
  }
  close() {
    this.isClosed = true;
  }
}

function setting(answer = () => ({})) {
  freshPage(`<div id="live" class="is-form"><div id="live-bar"></div><div id="live-wait"></div></div><div id="mri-toasts"></div>`, "/live");
  globalThis.WebSocket = FakeSocket;
  FakeSocket.all = [];
  const asked = served(answer);
  live = new Live(SCALES);
  return asked;
}
const BOOT = { session: "s", num_steps: 0, is_steerable: true, limit: 0 };
const press = (text) =>
  fire(
    [...document.querySelectorAll("#live-bar button")].find((each) => each.textContent === text),
    "click",
  );

test("a recording is watched from its place in the queue on", () => {
  setting();
  live.watch(BOOT);
  assert.equal(find("#live").className, "is-waiting");
  assert.match(FakeSocket.all[0].address, /\/live\/s/);
});

test("the bar's buttons steer the recording; what the server refuses is told of", async () => {
  const asked = setting((address) => (address.endsWith("stop") ? Response.json({ error: "It is over." }, { status: 409 }) : {}));
  live.watch(BOOT);
  live.bar.hear({ type: "state", state: "running", position: 0, max_steps: 4, message: "" });
  press("Pause");
  press("Stop");
  await settled();
  assert.deepEqual([asked, texts(".mri-toast p")], [["/record/s/pause", "/record/s/stop"], ["It is over."]]);
});

test("the next recording is written in the dialog, over the one that is seen", () => {
  setting(() => []);
  live.watch(BOOT);
  press("New recording");
  assert.deepEqual([find("#live").className, document.querySelectorAll("#record-prompt").length], ["is-waiting", 1]);
  find("dialog").close();
});

test("closed, it leaves the stream", () => {
  setting();
  live.watch(BOOT);
  live.close();
  assert.ok(FakeSocket.all[0].isClosed);
});
