import assert from "node:assert/strict";
import { test } from "node:test";

import { FIRST_WAIT_MS, LiveSocket, MOST_WAIT_MS } from "../../assets/js/run/socket.mjs";
import { recordsOf } from "./bytes.mjs";

/** A server's end of sockets, a clock that runs when told to, and what the page heard. */
function setUp(from = 0) {
  const world = { sockets: [], heard: [], timers: [] };
  const connect = (address) => {
    const socket = { address, isClosed: false, close: () => (socket.isClosed = true) };
    world.sockets.push(socket);
    return socket;
  };
  world.socket = new LiveSocket({
    session: "now",
    from,
    connect,
    setTimer: (callback, ms) => world.timers.push({ callback, ms }),
    clearTimer: () => world.timers.splice(0),
    onFrames: (frames) => world.heard.push(...frames.map((frame) => frame.header.step)),
    onMessage: (message) => world.heard.push(message.type),
    onLink: (link, waitMs) => world.heard.push(link === "waiting" ? `waiting ${waitMs}` : link),
  });
  world.now = () => world.sockets.at(-1);
  world.say = (type) => world.now().onmessage({ data: JSON.stringify({ type }) });
  world.send = (start, stop) => world.now().onmessage({ data: recordsOf(start, stop) });
  world.cut = () => world.now().onclose();
  world.wait = () => world.timers.splice(0).forEach(({ callback }) => callback());
  return world;
}

test("messages and steps come in order, every step of a binary message", () => {
  const world = setUp(3);
  assert.equal(world.now().address, "ws://localhost/live/now?from=3");
  assert.equal(world.now().binaryType, "arraybuffer");
  world.now().onopen();
  world.say("hello");
  world.send(3, 5);
  world.send(5, 6);
  assert.deepEqual(world.heard, ["connecting", "open", "hello", 3, 4, 5]);
  assert.equal(world.socket.next, 6);
});

test("a connection that breaks is made again from the step it has", () => {
  const world = setUp();
  world.send(0, 4);
  world.cut();
  assert.equal(world.sockets.length, 1, "not at once");
  world.wait();
  assert.equal(world.now().address, "ws://localhost/live/now?from=4");
  world.send(4, 5);
  assert.deepEqual(world.heard, ["connecting", 0, 1, 2, 3, `waiting ${FIRST_WAIT_MS}`, "connecting", 4]);
});

test("it waits twice as long each time, up to a bound, and no longer once the server answered", () => {
  const world = setUp();
  const waits = () => world.heard.filter((word) => String(word).startsWith("waiting")).map((word) => Number(word.split(" ")[1]));
  for (let i = 0; i < 8; i++) {
    world.cut();
    world.wait();
  }
  assert.deepEqual(waits().slice(0, 5), [250, 500, 1000, 2000, 4000]);
  assert.equal(waits().at(-1), MOST_WAIT_MS);
  world.say("hello");
  world.cut();
  assert.equal(waits().at(-1), FIRST_WAIT_MS);
});

for (const last of ["end", "refused"]) {
  test(`after “${last}” there is nothing more`, () => {
    const world = setUp();
    world.say(last);
    world.cut();
    assert.deepEqual(world.heard, ["connecting", last, "over"]);
    assert.equal(world.timers.length, 0);
  });
}

test("a closed one is silent, and does not come back", () => {
  const world = setUp();
  world.cut();
  world.socket.close();
  world.wait();
  world.now().onmessage?.({ data: '{"type": "hello"}' });
  world.cut();
  assert.deepEqual(world.heard, ["connecting", `waiting ${FIRST_WAIT_MS}`]);
  assert.equal(world.now().isClosed, true);
});
