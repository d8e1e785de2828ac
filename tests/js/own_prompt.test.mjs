import { find, fire, served, settled, texts } from "./page.mjs";
import { mounted } from "./widget.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import ownPrompt from "../../assets/js/learn/widgets/own-prompt.mjs";

/** The widget over a server that answers so, and what was followed. */
function setting(answer) {
  const followed = [];
  const follow = (session, _bar, onEnd) => {
    const one = { session, onEnd, isClosed: false };
    followed.push(one);
    return { close: () => (one.isClosed = true) };
  };
  const words = { live_default: "Once", live_choices: ["Tea", "Rain"], live_examples: "such as", live_start: "Record", live_note: "{seed}" };
  const told = mounted(ownPrompt, { words, follow });
  const bodies = [];
  served((_, { body }) => (bodies.push(JSON.parse(body)), answer()));
  return { ...told, bodies, followed };
}

const record = async () => (fire(find("form"), "submit"), await settled());

test("the reader's words are recorded, followed, and said to be recorded when all of it is there", async () => {
  const { bodies, followed, announced, widget } = setting(() => ({ id: "r0" }));
  assert.deepEqual(texts(".live-examples button"), ["Tea", "Rain"]);
  fire(document.querySelectorAll(".live-examples button")[1], "click");
  await record();
  assert.deepEqual([bodies[0].prompt, bodies[0].seed, followed[0].session], ["Rain", 42, "r0"]);
  assert.deepEqual([find("form").hidden, find("[data-part=bar]").hidden], [true, false]);
  followed[0].onEnd("died");
  assert.deepEqual(announced, []);
  followed[0].onEnd("length");
  assert.deepEqual(announced, ["recorded"]);
  fire(find(".live-again"), "click");
  assert.deepEqual([followed[0].isClosed, find("form").hidden, find("[data-part=bar]").hidden], [true, false, true]);
  await record();
  widget.close();
  assert.ok(followed[1].isClosed);
});

test("what was refused is told, and the form is there for another try", async () => {
  const { followed } = setting(() => Response.json({ error: "The queue is full." }, { status: 429 }));
  await record();
  assert.deepEqual([texts(".mri-toast p"), find("[data-part=start]").disabled, find("form").hidden, followed], [["The queue is full."], false, false, []]);
});
