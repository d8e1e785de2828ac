import { find, freshPage, inkOnCanvases, placed, served, settled, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Following } from "../../assets/js/pages/following.mjs";
import { LiveBar } from "../../assets/js/pages/live_bar.mjs";
import { SCALES, SCANNER, metaOf, recordsOf, tokens } from "./recording.mjs";

let following = null;
beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => {
  following.close();
  mock.timers.reset();
});

/** A connection whose other end is the test. */
class FakeSocket {
  constructor(address) {
    FakeSocket.last = this;
    this.address = address;
  }
  close() {
    this.isClosed = true;
  }
  say(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

function setting(boot = {}, answer = () => ({ ...tokens(), sequence: [] })) {
  const page = freshPage(`${SCANNER}<div id="bar"></div><div id="wait"></div>`, "/live?session=s");
  inkOnCanvases();
  served(answer);
  placed(find("#mri-stage"), 0, 0, 800, 500);
  globalThis.WebSocket = FakeSocket;
  const bar = new LiveBar(find("#bar"), { waiting: find("#wait"), steer: () => {}, again: () => {} });
  const happened = [];
  following = new Following(
    { session: "s", num_steps: 0, is_steerable: true, limit: 0, ...boot },
    {
      scales: SCALES,
      bar,
      isHere: () => !page.isGone,
      makeRoom: () => happened.push("room"),
      onScanner: () => happened.push("scanner"),
      onEnd: () => happened.push("end"),
    },
  );
  const socket = FakeSocket.last;
  const hello = async () => {
    socket.say({ type: "hello", ...metaOf("s", 0), state: "running", from: 0 });
    await settled();
  };
  const steps = (start, stop) => socket.onmessage({ data: recordsOf(start, stop) });
  return { page, happened, socket, hello, steps };
}

test("the Scanner is built when the first step is there, into a place that is seen, and shows the recording", async () => {
  const { happened, hello, steps, socket } = setting();
  assert.match(socket.address, /\/live\/s\?from=0$/);
  await hello();
  assert.deepEqual([happened, following.scanner, find(".live-headline").textContent], [[], null, "Recording"]);
  steps(0, 1);
  assert.deepEqual(happened, ["room", "scanner"]);
  assert.equal(following.scanner.isLive, true);
  steps(1, 3);
  assert.equal(following.scanner.player.numSteps, 3);
});

test("at its end the recording is its own replay, and whoever waited is told", async () => {
  const { happened, hello, steps, socket } = setting();
  await hello();
  steps(0, 3);
  socket.say({ type: "end", num_steps: 3, end_reason: "length", reason: "It is done." });
  await settled();
  assert.deepEqual([happened.at(-1), find(".live-headline").textContent], ["end", "Finished"]);
});

test("where it is to start paused, its clock stands at the first step", async () => {
  const { hello, steps } = setting({ startsPaused: true });
  await hello();
  steps(0, 2);
  assert.deepEqual([following.scanner.player.mode, following.scanner.player.step], ["paused", 0]);
});

test("a page that is gone stops following; what cannot be had is told of", async () => {
  const { page, hello, steps, socket } = setting();
  await hello();
  page.isGone = true;
  steps(0, 1);
  assert.ok(socket.isClosed);
  const refused = setting({}, () => Response.json({ error: "There is no such session." }, { status: 404 }));
  await refused.hello();
  assert.deepEqual(texts(".mri-toast p"), ["There is no such session."]);
});
