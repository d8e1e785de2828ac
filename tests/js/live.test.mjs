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

function setting(answer = () => ({ id: "new" })) {
  const page = freshPage(
    `<a id="nav-live" href="/live">Live</a><div id="live" class="is-form"><div id="live-shown"></div><textarea id="live-prompt"></textarea>
      <input type="checkbox" id="live-start-paused"><div id="live-bar"></div><div id="live-wait"></div></div><div id="mri-toasts"></div>`,
    "/live",
  );
  globalThis.WebSocket = FakeSocket;
  FakeSocket.all = [];
  const asked = served(answer);
  live = new Live(SCALES);
  return { page, asked };
}
const shows = () => find("#live").className;
const press = (text) =>
  fire(
    [...document.querySelectorAll("#live-bar button")].find((each) => each.textContent === text),
    "click",
  );

test("a prompt is recorded and watched, at an address of its own", async () => {
  const { page, asked } = setting();
  await live.record({ prompt: "x" });
  assert.deepEqual([asked, location.search, shows()], [["/record"], "?session=new", "is-waiting"]);
  assert.match(FakeSocket.all[0].address, /\/live\/new/);
  assert.deepEqual(page.props, [["live-tick", { disabled: true }]]);
});

test("a prompt that is refused leaves the form, and says why; who left meanwhile is not brought back", async () => {
  setting(() => Response.json({ error: "The queue is full." }, { status: 503 }));
  await live.record({ prompt: "x" });
  assert.deepEqual([texts(".mri-toast p"), shows(), location.search], [["The queue is full."], "is-form", ""]);
  setting();
  const recorded = live.record({ prompt: "x" });
  live.close();
  await recorded;
  assert.deepEqual([location.search, FakeSocket.all.length], ["", 0]);
});

test("the next recording: the form once more, and the stream is left", async () => {
  const { page } = setting();
  live.watch({ session: "s", num_steps: 0, is_steerable: true, limit: 0 });
  const link = fire(find("#nav-live"), "click");
  assert.ok(link.defaultPrevented);
  assert.deepEqual([shows(), FakeSocket.all[0].isClosed, document.activeElement.id], ["is-form", true, "live-prompt"]);
  assert.deepEqual(page.props.at(-1), ["live-tick", { disabled: false }]);
});

test("Back to the form's address shows the form", async () => {
  setting();
  live.watch({ session: "s", num_steps: 0, is_steerable: true, limit: 0 });
  history.replaceState(null, "", "/live?session=s");
  dispatchEvent(new Event("popstate"));
  assert.equal(shows(), "is-waiting");
  history.replaceState(null, "", "/live");
  dispatchEvent(new Event("popstate"));
  assert.equal(shows(), "is-form");
});

test("the bar's buttons steer the recording; what the server refuses is told of", async () => {
  const { asked } = setting((address) => (address.endsWith("stop") ? Response.json({ error: "It is over." }, { status: 409 }) : {}));
  live.watch({ session: "s", num_steps: 0, is_steerable: true, limit: 0 });
  live.bar.hear({ type: "state", state: "running", position: 0, max_steps: 4, message: "" });
  press("Pause");
  press("Stop");
  await settled();
  assert.deepEqual([asked, texts(".mri-toast p")], [["/record/s/pause", "/record/s/stop"], ["It is over."]]);
});

test("closed, it leaves the stream and hears nothing", () => {
  setting();
  live.watch({ session: "s", num_steps: 0, is_steerable: true, limit: 0 });
  live.close();
  assert.ok(FakeSocket.all[0].isClosed);
  dispatchEvent(new Event("popstate"));
  assert.equal(shows(), "is-waiting");
});
