import { find, freshPage, texts } from "./page.mjs";
import { slide } from "./widget.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { WidgetHost } from "../../assets/js/learn/widget.mjs";
import { CONTENT } from "./a_lesson.mjs";

const OWN = { activation: { z: "z", one: "{z}", both: "{relu2}", says: "", relu: "relu", relu2: "relu²" } };

/** A place for widgets of a lesson without a Scanner, and what they announced. */
function setting() {
  freshPage('<div id="learn-widget"></div>');
  const announced = [];
  const lesson = { scanner: null, content: { ...CONTENT, own_words: OWN }, words: CONTENT.words, announce: (name) => announced.push(name) };
  return { widgets: new WidgetHost(find("#learn-widget"), { lesson }), announced };
}

test("a widget comes by its name, goes on with the next state, and goes", async () => {
  const { widgets, announced } = setting();
  await widgets.show({ name: "activation" });
  const [drawing] = document.querySelectorAll("#learn-widget svg");
  slide("[data-part=z]", -2);
  assert.deepEqual([texts("[data-part=values]"), announced], [["−2"], ["below"]]);
  await widgets.show({ name: "activation", both: true });
  assert.deepEqual([texts("[data-part=values]"), find("#learn-widget svg") === drawing], [["2.25"], true]);
  await widgets.show(null);
  assert.equal(find("#learn-widget").childElementCount, 0);
});

test("a widget that comes late is not put in the place of another", async () => {
  const { widgets } = setting();
  const late = widgets.show({ name: "activation" });
  await widgets.show(null);
  await late;
  assert.equal(find("#learn-widget").childElementCount, 0);
});

test("a widget that does not come says so", async (t) => {
  const warned = t.mock.method(console, "warn", () => {});
  const { widgets } = setting();
  await widgets.show({ name: "no-such" });
  assert.deepEqual([texts("[role=alert] p"), texts("[role=alert] button"), warned.mock.callCount()], [["It did not come."], ["Reload"], 1]);
});

test("what a widget hears of the Scanner it hears now, at each change, and no longer when it is gone", async () => {
  const { widgets } = setting();
  const heard = new Set();
  const tokens = ["a", "b"];
  const data = { cache: { tokens, reads: [[0, 1], [1, 1]], n_layer: 1, bytes_per_token: 1 } }; // prettier-ignore
  const player = { step: 0, subscribe: (hear) => (heard.add(hear), () => heard.delete(hear)) };
  Object.assign(widgets.lesson, { scanner: { session: "s", player } });
  Object.assign(widgets.lesson.content, {
    data,
    own_words: { cache_title: "", cache_note: "", block_n: "", cache_prefill: "", cache_decode: "{step}: {word}", cache_size: "" },
  });
  await widgets.show({ name: "cache" });
  assert.deepEqual(texts(".learn-widget-line"), ["0: a"]);
  player.step = 1;
  for (const hear of heard) hear();
  assert.deepEqual(texts(".learn-widget-line"), ["1: b"]);
  widgets.close();
  assert.equal(heard.size, 0);
});
