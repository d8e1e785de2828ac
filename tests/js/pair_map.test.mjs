import { find, fire, freshPage, inkOnCanvases, placed, served, settled, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { PairMap } from "../../assets/js/panels/pair_map.mjs";
import { PairWords } from "../../assets/js/panels/pair_words.mjs";
import { SCALES, layout, stepOf, tokens } from "./recording.mjs";

/** Eight tokens; of the three steps the last one of B reads what A does not have. */
const ALIGNMENT = {
  positions: [0, 1, 2, 3, 4, 5, 7].map((at) => [at, at]),
  divergence: 6,
  steps: [
    [0, 0],
    [1, 1],
    [2, 2],
  ],
  whole: [true, true, false],
};
const KEYS = ["block.0.resid_post", "block.1.resid_post"];
const ANSWER = {
  by: "difference",
  keys: KEYS,
  values: [
    [0, 0.1, null],
    [0.5, 1.2, null],
  ],
  low: [
    [0, 0.1, null],
    [0.25, 1, null],
  ],
  high: [
    [0, 0.1, null],
    [0.75, 1.4, null],
  ],
  missing: "",
};

async function setting(answer = () => ANSWER) {
  freshPage("<div id='words'></div><p id='says'></p>");
  const ink = inkOnCanvases();
  const asked = served(answer);
  const [selected, sought] = [[], []];
  const run = (session) => ({ session, layout, tokens: tokens(), stepOf, numPrompt: 5, numSteps: 3 });
  const words = new PairWords(find("#words"), { runs: [run("A"), run("B")], onSeek: (...at) => sought.push(at), onResize: () => map.resize() });
  const map = new PairMap(words, find("#says"), { scales: SCALES, onSelect: (fields) => selected.push(fields), onChange: () => {} });
  placed(words.scroller, 0, 0, 480, 100);
  placed(map.canvas, 0, 50, 480, 40);
  words.align(ALIGNMENT);
  await map.want("a=A&b=B");
  return { ink, asked, selected, sought, words, map };
}

test("columns are as wide as there is room for all; the word's neighbour is what is predicted", async () => {
  const { words, map } = await setting();
  assert.equal(words.cellPx, 60);
  words.draw([1, 1]);
  map.draw(KEYS[1]);
  assert.deepEqual(texts(".is-now .mri-token"), ["e", "e"]);
  assert.deepEqual(texts(".is-next"), ["f", "f"]);
  assert.deepEqual(
    [...document.querySelectorAll("li.is-apart")].map((item) => item.querySelector("button").dataset.position),
    ["6"],
  );
});

test("a cell has its number, its range, and leads to its moment and hook point", async () => {
  const { words, map, selected, sought } = await setting();
  words.draw([1, 1]);
  map.draw(KEYS[1]);
  assert.match(find("#says").textContent, /^0 the same · 1.41 nothing in common · dashed: .* here block 1 · resid_post: 1.20 \(certain: 1.00 … 1.40\)$/);
  fire(map.canvas, "pointermove", { clientX: 4 * 60 + 5, clientY: 75 });
  assert.equal(map.canvas.title, `${KEYS[0]}: 0 (exact)`);
  fire(map.canvas, "click", { clientX: 5 * 60 + 5, clientY: 55 });
  assert.deepEqual([selected, sought], [[{ point: KEYS[1] }], [["a", 1]]]);
  fire(map.canvas, "pointermove", { clientX: 6 * 60 + 5, clientY: 55 });
  assert.match(map.canvas.title, /nothing is subtracted here/);
});

test("only large differences are written into their cells, and what is not matched is dashed", async () => {
  const { words, map, ink } = await setting();
  words.draw([1, 1]);
  map.draw(KEYS[1]);
  assert.deepEqual(
    ink.filter(([what]) => what === "fillText").map(([, text]) => text),
    ["1.20"],
  );
  assert.ok(ink.some(([what, dash]) => what === "setLineDash" && dash.length === 2));
});

test("between two plates stands what the map has of a moment, as long as it shows differences", async () => {
  const { map } = await setting();
  assert.deepEqual(map.between(1), { [KEYS[0]]: 0.1, [KEYS[1]]: 1.2 });
  assert.deepEqual(map.between(2), {});
  assert.equal((await setting(() => ({ ...ANSWER, by: "cosine" }))).map.between(1), null);
});

test("what is wanted is asked for once; a refusal stands in its place", async () => {
  const { map, asked } = await setting();
  await map.want("a=A&b=B");
  assert.deepEqual(asked, ["/compare/map?a=A&b=B"]);
  const refused = await setting(() => Response.json({ error: "There is no session “B”." }, { status: 404 }));
  await settled();
  refused.map.draw(KEYS[0]);
  assert.equal(find("#says").textContent, "There is no session “B”.");
});
