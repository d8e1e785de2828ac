import assert from "node:assert/strict";
import { test } from "node:test";

import { EMPTY_VIEW, urlFromView, viewFromUrl } from "../../assets/js/core/address.mjs";
import { ViewState } from "../../assets/js/desk/view.mjs";

const VIEW = {
  lesson: "1-perceptron",
  moment: 3,
  a: "one",
  b: "two",
  align: "mapping",
  by: "cosine",
  session: "demo-1",
  lanes: "demo-2,demo-3",
  difference: "1",
  step: 12,
  point: "block.3.mlp_act",
  layer: 3,
  head: 0,
  neuron: 17,
  tab: "attention",
  loop: "3-9",
  picture: "flat",
  influence: "gradient",
  groups: "kmeans:auto:blocks:session:0:block.3.mlp_act",
  watched: ["block.3.mlp_act:17", "final.ln_f:0"],
};

/** The address bar: its entries, and what was called. */
class FakeHistory {
  entries = [""];
  calls = [];
  pushState(_state, _title, url) {
    this.calls.push(`push ${url}`);
    this.entries.push(url);
  }
  replaceState(_state, _title, url) {
    this.calls.push(`replace ${url}`);
    this.entries[this.entries.length - 1] = url;
  }
}

function setUp(view = VIEW) {
  const history = new FakeHistory();
  const timers = [];
  const state = new ViewState({ view, history, setTimer: (callback) => timers.push(callback), clearTimer: (timer) => (timers[timer - 1] = null) });
  const fire = () => timers.splice(0).forEach((callback) => callback?.());
  return { history, state, fire };
}

test("a view becomes an address and comes back", () => {
  assert.deepEqual(viewFromUrl(urlFromView(VIEW)), VIEW);
  assert.equal(urlFromView({ ...EMPTY_VIEW, session: "a", step: 0 }), "?session=a&step=0");
  assert.equal(urlFromView(EMPTY_VIEW), "");
  assert.deepEqual(viewFromUrl(""), EMPTY_VIEW);
});

test("what cannot be is taken as not there", () => {
  const view = viewFromUrl("?session=../etc&step=-1&point=a%3Cb&layer=1e3&head=&neuron=0x1&tab=a%20b&loop=3&other=1");
  assert.deepEqual(view, EMPTY_VIEW);
  assert.equal(viewFromUrl(`?session=${"a".repeat(65)}`).session, null);
  assert.equal(viewFromUrl("?step=9999999999").step, null);
});

test("scrubbing rewrites one entry, a few times a second", () => {
  const { history, state, fire } = setUp();
  for (let step = 13; step < 40; step++) state.select({ step });
  assert.deepEqual(history.calls, []);
  fire();
  assert.deepEqual(history.calls, [`replace ${urlFromView({ ...VIEW, step: 39 })}`]);
  state.select({ step: 40 });
  fire();
  assert.equal(history.calls.length, 2);
});

test("a new session or tab is a new entry at once, and Back finds the last step of the old one", () => {
  const { history, state, fire } = setUp();
  state.select({ step: 30 });
  state.select({ session: "other", step: 0 });
  state.select({ tab: "logits" });
  fire();
  assert.deepEqual(history.entries, [
    urlFromView({ ...VIEW, step: 30 }),
    urlFromView({ ...VIEW, session: "other", step: 0 }),
    urlFromView({ ...VIEW, session: "other", step: 0, tab: "logits" }),
  ]);
});

test("the page filling in its defaults makes no entry", () => {
  const { history, state, fire } = setUp(EMPTY_VIEW);
  state.select({ session: "demo", tab: "layers" });
  fire();
  assert.deepEqual(history.calls, ["replace ?session=demo&tab=layers"]);
});

test("Back restores the selection and writes nothing", () => {
  const { history, state, fire } = setUp();
  const heard = [];
  state.subscribe((view, before) => heard.push([before.step, view.step]));
  state.select({ step: 13 });
  state.restore("?session=demo-1&step=4");
  fire();
  assert.deepEqual(state.view, { ...EMPTY_VIEW, session: "demo-1", step: 4 });
  assert.deepEqual(heard, [
    [12, 13],
    [13, 4],
  ]);
  assert.deepEqual(history.calls, []);
});

test("watched neurons are a list in the address, and Back undoes a choice", () => {
  const one = { ...EMPTY_VIEW, session: "a", watched: ["block.1.mlp_out:3"] };
  assert.equal(urlFromView(one), "?session=a&watched=block.1.mlp_out:3");
  assert.equal(urlFromView({ ...one, watched: [] }), "?session=a");
  assert.deepEqual(viewFromUrl("?watched=p:1,p:1,q:2").watched, ["p:1", "q:2"]);
  for (const wrong of ["p", "p:", "p:x", "p:1,", "p:1,p:2,p:3,p:4,p:5,p:6,p:7"]) assert.equal(viewFromUrl(`?watched=${wrong}`).watched, null);
  const { history, state, fire } = setUp(one);
  state.select({ watched: ["block.1.mlp_out:3"] });
  state.select({ watched: ["block.1.mlp_out:3", "q:1"] });
  state.restore(history.entries[0] || urlFromView(one));
  fire();
  assert.deepEqual(history.calls, ["push ?session=a&watched=block.1.mlp_out:3,q:1"]);
  assert.deepEqual(state.view.watched, ["block.1.mlp_out:3"]);
});

test("selecting what is selected is not told; the view cannot be written past select", () => {
  const { state, history, fire } = setUp();
  let calls = 0;
  const unsubscribe = state.subscribe(() => calls++);
  state.select({ step: 12, head: 0, watched: [...VIEW.watched] });
  fire();
  assert.equal(calls, 0);
  assert.deepEqual(history.calls, []);
  assert.throws(() => (state.view.step = 3), TypeError);
  unsubscribe();
  state.select({ step: 1 });
  assert.equal(calls, 0);
});

test("a view that is gone writes no address", () => {
  const { state, history, fire } = setUp();
  state.select({ step: 1 });
  state.close();
  fire();
  assert.deepEqual(history.calls, []);
});
