import assert from "node:assert/strict";
import { test } from "node:test";

import { Visits } from "../../assets/js/desk/visits.mjs";
import { FakeSource, settled } from "./fake_source.mjs";

class FakeView {
  isClosed = false;
  constructor(name) {
    this.name = name;
  }
  close() {
    this.isClosed = true;
  }
}

function page() {
  let numLeft = 0;
  const visits = new Visits(() => numLeft++);
  /** A view that needs an answer of the source; `hearsSignal`: an abort ends the request. */
  const open = (name, source, host = { isConnected: true }, hearsSignal = true) =>
    visits.open(host, async (signal) => {
      await source.fetchMeta(name, hearsSignal ? signal : undefined);
      return () => (built[name] = new FakeView(name));
    });
  const built = {};
  return { visits, open, built, numLeft: () => numLeft };
}

test("there is one view at a time", async () => {
  const { visits, open, numLeft } = page();
  const one = await open("a", new FakeSource());
  assert.equal(visits.view, one);
  const other = await open("b", new FakeSource());
  assert.equal(visits.view, other);
  assert.deepEqual([one.isClosed, other.isClosed, numLeft()], [true, false, 1]);
});

test("B2: a view that was overtaken while it was built never shows, and what it had under way is aborted", async () => {
  for (const hearsSignal of [true, false]) {
    const { visits, open, built } = page();
    const [late, prompt] = [new FakeSource(), new FakeSource()];
    late.isLate = true;
    const first = open("a", late, { isConnected: true }, hearsSignal);
    const second = await open("b", prompt);
    late.answer();
    assert.equal(await first, null);
    assert.equal(visits.view, second);
    assert.equal(second.isClosed, false);
    assert.equal(built.a, undefined);
  }
});

test("a view whose place went meanwhile does not show, and its fault is nobody's", async () => {
  for (const isFault of [true, false]) {
    const { visits, open, built } = page();
    const [source, host] = [new FakeSource(), { isConnected: true }];
    source.isLate = true;
    if (isFault) source.fail();
    const opening = open("a", source, host, false);
    host.isConnected = false;
    source.answer();
    assert.equal(await opening, null);
    assert.equal(visits.view, null);
    assert.equal(built.a, undefined);
  }
});

test("a view whose place goes is closed", async () => {
  const { visits, open, numLeft } = page();
  const host = { isConnected: true };
  const view = await open("a", new FakeSource(), host);
  visits.look();
  assert.equal(view.isClosed, false);
  host.isConnected = false;
  visits.look();
  visits.look();
  assert.deepEqual([view.isClosed, visits.view, numLeft()], [true, null, 1]);
});

test("a page without a view ends the one before; a fault is told, and the next visit goes on", async () => {
  const { visits, open } = page();
  const view = await open("a", new FakeSource());
  assert.equal(await visits.open(null, assert.fail), null);
  assert.equal(view.isClosed, true);
  const source = new FakeSource();
  source.fail();
  await assert.rejects(open("b", source), source.fault);
  assert.equal((await open("b", source)).name, "b");
  await settled();
});
