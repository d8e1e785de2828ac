import { find, fire, served, settled, texts } from "./page.mjs";
import { mounted, written } from "./widget.mjs";
import { SCALES } from "./recording.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import bytePairs from "../../assets/js/learn/widgets/byte-pairs.mjs";
import wordRows from "../../assets/js/learn/widgets/word-rows.mjs";

/** @param {string} text typed into the widget's field */
function typed(text) {
  find("input").value = text;
  fire(find("input"), "input");
}

test("a reader's text is cut by the server, and the longest piece merged pair by pair", async () => {
  const own = {
    text: "text",
    example: "hi",
    count: "{letters} → {tokens}",
    piece: "{piece}",
    step: "{step}/{steps}",
    done: "done",
    merge: "Merge",
    again: "Again",
  };
  for (const name of ["pieces", "merging", "nothing"]) own[name] = name;
  const piece = (text, ...merges) => ({ text, tokens: [{ id: text.length, text }], merges });
  const answers = {
    hi: [piece("hi", ["h", "i"], ["hi"])],
    "a tomorrow b": [piece("a", ["a"]), piece(" tomorrow", [" t", "om", "orrow"], [" tom", "orrow"], [" tomorrow"]), piece(" b", [" b"])],
  };
  const { announced } = mounted(bytePairs, { words: { "byte-pairs": own } });
  const asked = served((address) => ({ pieces: answers[new URL(address, "http://x").searchParams.get("text")] }));
  typed("hi");
  await settled();
  assert.deepEqual([written(".lw-readout"), texts(".lw-part-chip")], ["2 → 1", ["h", "i"]]);
  typed("a tomorrow b");
  await settled();
  assert.deepEqual([asked.length, written("[aria-pressed=true]"), announced], [2, "·tomorrow9", ["typed", "long-word"]]);
  const merge = find(".lw-buttons button");
  for (const expected of [[" tom", "orrow"], [" tomorrow"]]) {
    fire(merge, "click");
    assert.deepEqual(
      texts(".lw-part-chip"),
      expected.map((text) => text.replace(" ", "·")),
    );
  }
  assert.deepEqual([texts(".is-new"), written(".lw-merging p"), merge.disabled, announced.at(-1)], [["·tomorrow"], "done", true, "merged"]);
});

test("a word's row and its neighbours: looked up, or walked to", async () => {
  const own = { word: "word", look: "Look", row: "row", near: "near", unknown: "no {word}", facts: "{id}", near_one: "{word} {cosine}", path: "{path}" };
  const answer = (word, id, ...near) => ({ word, id, row: [1, -1], near: near.map((other) => ({ word: other, cosine: 0.5 })) });
  const answers = { red: answer("red", 1, "blue"), blue: answer("blue", 2, "red"), Mia: answer("Mia", 3) };
  const { announced, widget } = mounted(wordRows, { data: { "word-rows": { words: Object.keys(answers), first: answers.red } }, words: { "word-rows": own } });
  served((address) => answers[address.split("/").at(-1)] ?? SCALES);
  assert.deepEqual([texts(".lw-near li"), find(".lw-near button").getAttribute("aria-label")], [["blue0.50"], "blue 0.50"]);
  fire(find(".lw-near button"), "click");
  await settled();
  assert.deepEqual([find("input").value, written(".mri-muted"), announced], ["blue", "red → blue", ["walked"]]);
  find("input").value = "reds";
  fire(find("form"), "submit");
  assert.equal(written(".lw-problem"), "no reds");
  for (const word of ["mia", "red", "blue"]) {
    find("input").value = word;
    fire(find("form"), "submit");
    await settled();
  }
  assert.deepEqual([texts(".lw-readout"), written(".lw-problem"), announced.at(-1)], [["2"], "", "looked-up"]);
  widget.close();
});
