import { find, fire, freshPage, inkOnCanvases, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { WhyPicture, whyLegend } from "../../assets/js/stage/why.mjs";
import { whyOf } from "../../assets/js/core/why.mjs";
import { LAYOUT, TOKENS, frame, sweep } from "./why_data.mjs";

const KEYS = ["embed.resid0", "block.0.resid_post", "block.0.mlp_act", "block.1.resid_post"];
const points = KEYS.map((key) => ({ key, width: key.endsWith("mlp_act") ? 16 : 4, layer_index: 0, unit: "activation" }));
const layout = { ...LAYOUT, points, rows: new Map(KEYS.map((key, i) => [key, i])) };
const SIZE = { width: 900, height: 500, camera: null };

function setting(more = {}) {
  freshPage("<div id='v'></div>");
  const ink = inkOnCanvases();
  const turns = [];
  const picture = new WhyPicture({ layout, onTurn: (camera) => turns.push(camera) });
  find("#v").append(picture.canvas, picture.labels.host);
  const why = whyOf({ frame: frame(), layout, ...more });
  const lane = { run: { layout, tokens: TOKENS }, frame: frame(), label: "", name: "" };
  const draw = (shown = {}) => (picture.draw([lane], { ...SIZE, why, ...shown }), picture.write());
  return { picture, draw, ink, turns, why };
}
const pills = () => texts(".mri-pill");

test("the parts that matter have their amounts on them, the selected one in any case", () => {
  const { draw } = setting();
  draw();
  assert.ok(pills().includes("1.0+9.0") && !pills().some((text) => text.startsWith("0.0")), pills().join());
  draw({ part: "0.0" });
  assert.ok(pills().includes("0.00.0"));
  assert.ok(find(".mri-pill.is-selected"));
});

test("what is lost is shown instead where it is asked for; before it is measured nothing is", () => {
  const { draw } = setting({ sweep: sweep() });
  draw({ amount: "lost" });
  assert.ok(pills().includes("0.112.0"));
  const waiting = setting();
  waiting.draw({ amount: "lost" });
  assert.deepEqual(pills(), []);
});

test("a tile under the pointer says both numbers, and picks its part; beside the plates there is nothing", () => {
  const { picture, draw } = setting({ sweep: sweep() });
  draw();
  const hits = [];
  for (let x = 5; x < SIZE.width; x += 10) for (let y = 5; y < SIZE.height; y += 10) hits.push(picture.hit(x, y));
  const picks = new Set(hits.filter(Boolean).map(({ picks }) => picks.part));
  assert.deepEqual([...picks].sort(), ["0.0", "0.1", "0.mlp", "1.0", "1.1", "1.mlp"]);
  assert.match(hits.find((hit) => hit?.picks.part === "0.1").says[0].textContent, /12\.0/);
  assert.equal(picture.hit(1, 1), null);
  draw({ why: null });
  assert.deepEqual([picture.hit(450, 250), pills()], [null, []]);
});

test("turned by hand, and back to where it began", () => {
  const { picture, draw, turns } = setting();
  draw();
  picture.turn({ yaw: 0.5 });
  picture.turn(null);
  assert.deepEqual([typeof turns[0], turns[1]], ["string", null]);
});

test("plates rest: they are drawn anew for another size or camera only", () => {
  const { draw, ink } = setting();
  draw();
  const plates = () => ink.filter(([what]) => what === "clearRect").length;
  const once = plates();
  draw({ part: "1.0" });
  assert.equal(plates(), once);
  draw({ width: 400 });
  assert.equal(plates(), once + 1);
});

test("the legend says for which word, and switches between the two numbers", () => {
  freshPage("<div id='l'></div>");
  const picked = [];
  const why = whyOf({ frame: frame(), layout });
  const fill = (isLost) => find("#l").replaceChildren(...whyLegend(why, TOKENS, isLost, (fields) => picked.push(fields)));
  fill(false);
  assert.equal(texts("#l > span")[1], "wrote for “e”");
  fire(find('#l [aria-pressed="false"]'), "click");
  fill(true);
  fire(find('#l [aria-pressed="false"]'), "click");
  assert.deepEqual(picked, [{ amount: "lost" }, { amount: null }]);
  assert.ok(texts("#l > span").includes("lost if switched off"));
  assert.equal(whyLegend(null, TOKENS, false, () => {})[1].textContent, "wrote for the word");
});
