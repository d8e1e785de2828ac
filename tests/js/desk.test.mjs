import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { EMPTY_VIEW, urlFromView } from "../../assets/js/core/address.mjs";
import { Desk } from "../../assets/js/desk/desk.mjs";

const VIEW = { ...EMPTY_VIEW, session: "demo-1", step: 12, head: 0, tab: "attention", watched: ["block.3.mlp_act:17", "final.ln_f:0"] };

function setUp(view = VIEW, isHere = () => true) {
  const entries = [""];
  const calls = [];
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.history = {
    pushState: (_state, _title, url) => (calls.push(`push ${url}`), entries.push(url)),
    replaceState: (_state, _title, url) => (calls.push(`replace ${url}`), (entries[entries.length - 1] = url)),
  };
  return { history: { entries, calls }, desk: new Desk({ view, isHere }), fire: () => mock.timers.tick(400) };
}

test("scrubbing rewrites one entry, a few times a second", () => {
  const { history, desk, fire } = setUp();
  for (let step = 13; step < 40; step++) desk.select({ step });
  assert.deepEqual(history.calls, []);
  fire();
  assert.deepEqual(history.calls, [`replace ${urlFromView({ ...VIEW, step: 39 })}`]);
  desk.select({ step: 40 });
  fire();
  assert.equal(history.calls.length, 2);
});

test("a new session or tab is a new entry at once, and Back finds the last step of the old one", () => {
  const { history, desk, fire } = setUp();
  desk.select({ step: 30 });
  desk.select({ session: "other", step: 0 });
  desk.select({ tab: "logits" });
  fire();
  assert.deepEqual(history.entries, [
    urlFromView({ ...VIEW, step: 30 }),
    urlFromView({ ...VIEW, session: "other", step: 0 }),
    urlFromView({ ...VIEW, session: "other", step: 0, tab: "logits" }),
  ]);
});

test("the page filling in its defaults makes no entry", () => {
  const { history, desk, fire } = setUp(EMPTY_VIEW);
  desk.select({ session: "demo", tab: "layers" });
  fire();
  assert.deepEqual(history.calls, ["replace ?session=demo&tab=layers"]);
});

test("Back restores the selection and writes nothing", () => {
  const { history, desk, fire } = setUp();
  const heard = [];
  desk.subscribe((view, before) => heard.push([before.step, view.step]));
  desk.select({ step: 13 });
  desk.restore({ ...EMPTY_VIEW, session: "demo-1", step: 4 });
  fire();
  assert.deepEqual(desk.view, { ...EMPTY_VIEW, session: "demo-1", step: 4 });
  assert.deepEqual(heard, [
    [12, 13],
    [13, 4],
  ]);
  assert.deepEqual(history.calls, []);
});

test("Back undoes a choice of watched neurons", () => {
  const one = { ...EMPTY_VIEW, session: "a", watched: ["block.1.mlp_out:3"] };
  const { history, desk, fire } = setUp(one);
  desk.select({ watched: ["block.1.mlp_out:3"] });
  desk.select({ watched: ["block.1.mlp_out:3", "q:1"] });
  desk.restore(one);
  fire();
  assert.deepEqual(history.calls, ["push ?session=a&watched=block.1.mlp_out:3,q:1"]);
  assert.deepEqual(desk.view.watched, ["block.1.mlp_out:3"]);
});

test("selecting what is selected is not told; the view cannot be written past select", () => {
  const { desk, history, fire } = setUp();
  let calls = 0;
  const unsubscribe = desk.subscribe(() => calls++);
  desk.select({ step: 12, head: 0, watched: [...VIEW.watched] });
  fire();
  assert.equal(calls, 0);
  assert.deepEqual(history.calls, []);
  assert.throws(() => (desk.view.step = 3), TypeError);
  unsubscribe();
  desk.select({ step: 1 });
  assert.equal(calls, 0);
});

test("a view that is gone writes no address", () => {
  const { desk, history, fire } = setUp();
  desk.select({ step: 1 });
  desk.close();
  fire();
  assert.deepEqual(history.calls, []);
});

test("a switch is a new entry, and Back turns it off again; what is drawn along a way rewrites the present one", () => {
  for (const fields of [
    { picture: "flat" },
    { picture: null, difference: 1 },
    { sign: 1 },
    { single: 1 },
    { flow: "mlp" },
    { numbers: 1 },
    { stat: "p99" },
    { overlay: 1 },
  ]) {
    const { history, desk, fire } = setUp();
    desk.select(fields);
    fire();
    assert.deepEqual(history.calls, [`push ${urlFromView({ ...VIEW, ...fields })}`]);
    desk.restore(VIEW);
    assert.deepEqual(desk.view, VIEW);
  }
  const { history, desk, fire } = setUp();
  for (const fields of [{ camera: "0,1,2" }, { camera: "0,1.1,2" }, { temperature: 0.5 }, { filter: "mlp" }, { sort: "l2" }]) desk.select(fields);
  fire();
  assert.deepEqual(history.calls, [`replace ${urlFromView({ ...VIEW, camera: "0,1.1,2", temperature: 0.5, filter: "mlp", sort: "l2" })}`]);
});

test("subscribers hear what changed, and only that", () => {
  const { desk } = setUp();
  const heard = [];
  desk.subscribe((_view, _before, changed) => heard.push([...changed].join()));
  desk.select({ step: 12, head: 1, tab: "predictions", watched: [...VIEW.watched] });
  desk.restore({ ...desk.view, head: 2 });
  assert.deepEqual(heard, ["head,tab", "head"]);
});

test("where another page has the address bar nothing is written over it", () => {
  let isHere = true;
  const { history, desk, fire } = setUp(VIEW, () => isHere);
  desk.select({ step: 13 });
  isHere = false;
  fire();
  desk.select({ tab: "predictions" });
  assert.deepEqual(history.calls, []);
  assert.equal(desk.view.tab, "predictions");
});
