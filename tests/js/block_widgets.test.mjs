import { find, fire, texts } from "./page.mjs";
import { mounted, slide, written } from "./widget.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import activation from "../../assets/js/learn/widgets/activation.mjs";
import blockPath from "../../assets/js/learn/widgets/block-path.mjs";
import blockWrites from "../../assets/js/learn/widgets/block-writes.mjs";
import cache from "../../assets/js/learn/widgets/cache.mjs";

test("relu and relu² of what the slider says, and which of them is larger", () => {
  const words = { activation: { z: "z", one: "{z}: {relu}", both: "{z}: {relu} {relu2}", says: "z is {z}", relu: "relu", relu2: "relu²" } };
  const { widget, announced } = mounted(activation, { words, state: { both: true } });
  const said = [-1, 0.5, 2].map((z) => (slide("[data-part=z]", z), written("[data-part=values]")));
  assert.deepEqual(said, ["−1: 0 0", "0.5: 0.5 0.25", "2: 2 4"]);
  assert.deepEqual(announced, ["below", "smaller", "larger"]);
  assert.deepEqual([document.querySelectorAll("polyline").length, find("svg").getAttribute("aria-label")], [2, "z is 2"]);
  widget.set({ both: false });
  assert.deepEqual([written("[data-part=values]"), document.querySelectorAll("polyline").length], ["1.5: 1.5", 1]);
});

/** Two words, two blocks: [pre, attention, mid, mlp, post] of each. */
const SIZES = [
  [
    [1, 2, 3, 4, 5],
    [5, 0, 5, 0, 5],
  ],
  [
    [2, 4, 6, 8, 10],
    [10, 5, 15, 5, 20],
  ],
];
const SENTENCE = { data: { sentences: { s: { sizes: SIZES, tokens: ["a", "b"], reaches: [0.5, -1] } } }, state: { sentence: "s", step: 0 } };

test("a block's lines are as thick as its lists are long, on one scale of the word", () => {
  const words = { block: "block", word: "word", path_says: "{block} {word} {attention} {mlp}", path_title: "", path_note: "" };
  const { announced } = mounted(blockPath, { ...SENTENCE, words });
  const thick = () => [...document.querySelectorAll(".learn-path-write, .learn-path-stream")].map((each) => Number(each.getAttribute("stroke-width")));
  assert.deepEqual(thick(), [0, 0, 46, 46, 46]);
  slide("[data-part=slider]", 0);
  assert.deepEqual(
    thick().map((px) => (5 * px) / 46),
    [2, 4, 1, 3, 5],
  );
  slide("[data-part=word]", 1);
  assert.equal(find(".learn-path").getAttribute("aria-label"), "0 b 4.00 8.00");
  assert.deepEqual(announced, ["block-0"]);
});

test("what a block adds at a word, what of it arrives, and that it may be nothing", () => {
  const words = { word: "word", block_n: "block {n}", attention: "attention", mlp: "MLP", bar_text: "{size} → {arriving}", bar_label: "{who} {block}: {size}" };
  const says = {
    writes_says: "{who} of {block} adds {size} at {word}",
    writes_nothing: "{who} of {block} adds nothing",
    writes_hint: "press",
    writes_title: "",
  };
  const { announced } = mounted(blockWrites, { ...SENTENCE, words: { ...words, ...says, writes_note: "", stream_out: "out" } });
  assert.deepEqual(texts(".learn-writes-name"), ["block 1", "block 0"]);
  assert.deepEqual(texts(".learn-write"), ["0 → 0", "0 → 0", "2.00 → 1.00", "4.00 → 2.00"]);
  fire(find("[data-part=attention-0]"), "click");
  assert.equal(written(".learn-widget-line"), "attention of 0 adds 2.00 at a");
  fire(find("[data-part=mlp-1]"), "click");
  assert.equal(written(".learn-widget-line"), "MLP of 1 adds nothing");
  assert.deepEqual(announced, ["attention-0", "mlp-1", "silent-mlp"]);
  slide("[data-part=word]", 1);
  assert.deepEqual(texts(".learn-writes-out"), ["→ 20.0", "→ 10.0"]);
  assert.equal(written("[data-part=mlp-1]"), "5.00 → 5.00");
});

test("the cache keeps what was read before, and grows by what a step reads", () => {
  const data = { cache: { tokens: ["␣a", "b", "c", "d"], reads: [[0, 3], [3, 1]], n_layer: 2, bytes_per_token: 1000 } }; // prettier-ignore
  const words = { block_n: "block {n}", cache_prefill: "reads {new}", cache_decode: "reads {word}, keeps {kept}", cache_size: "{bytes} bytes of {all}" };
  const { stepTo } = mounted(cache, { data, words: { ...words, cache_title: "", cache_note: "", cache_says: "" } });
  const columns = () => [...document.querySelectorAll(".learn-cache-column")].map((each) => each.className.replace(/\S+-column ?/, ""));
  assert.deepEqual([texts(".learn-cache-column"), columns()], [["a", "b", "c", "d"], ["is-new", "is-new", "is-new", ""]]); // prettier-ignore
  assert.equal(find("[data-part=grid]").getAttribute("aria-label"), "reads 3 3,000 bytes of 3");
  stepTo(1);
  assert.deepEqual(columns(), ["is-kept", "is-kept", "is-kept", "is-new"]);
  assert.deepEqual([written(".learn-widget-line"), written(".learn-cache-size")], ["reads d, keeps 3", "4,000 bytes of 4"]);
});
