import { freshPage, inkOnCanvases } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { MARK } from "../../assets/js/core/quantization.mjs";
import { drawMark, paintGround, paintNeurons } from "../../assets/js/stage/paint.mjs";
import { centreOf, placePlates } from "../../assets/js/stage/plates.mjs";
import { SCALES, frameOf, lane } from "./recording.mjs";

const KEY = "block.0.mlp_out"; // kept: neurons 6, 1, 7, 0 with 4, −3, 2, −1
const [plate] = placePlates([{ key: KEY, widths: [8] }], 400, 300);
const sprites = (atlas) => ({ atlas, haloPx: 32, corePx: 10, ratio: 1, firstGlow: 14 });

function setting(more = {}) {
  freshPage();
  const ink = inkOnCanvases();
  const ctx = document.createElement("canvas").getContext("2d");
  const scene = {
    labels: [""],
    plates: [plate],
    fullScale: { [KEY]: 4 },
    positive: sprites("positive"),
    negative: sprites("negative"),
    groups: null,
    grouped: [],
    marks: SCALES.marks,
    selected: { point: KEY, neuron: 1 },
    watched: [],
    sign: "sign",
    ...more,
  };
  return { ink, ctx, scene, of: (what) => ink.filter(([name]) => name === what).map(([, ...rest]) => rest) };
}

/** The lane with other values of the hook point, as float16 has them. */
function laneWith(...halves) {
  const frame = frameOf();
  const { data } = frame.arrays["topk/8/values"];
  data.set(halves, 4 * 4); // fifth of the rows
  return lane({ frame });
}

test("every neuron has a dot on the ground, and the plate its name", () => {
  const { ctx, scene, of } = setting();
  paintGround(ctx, scene);
  assert.equal(of("fillRect").length, 8);
  assert.deepEqual(of("fillText")[0][0], "block 0 · mlp_out");
  const pair = setting({ labels: ["A", "B"] });
  paintGround(pair.ctx, pair.scene);
  assert.deepEqual(pair.of("fillText")[0][0], "A · block 0");
});

test("each captured value has its dot where its neuron is, by sign and magnitude; strong ones glow", () => {
  const { ctx, scene, of } = setting();
  paintNeurons(ctx, scene, [lane()]);
  const cores = of("drawImage").filter(([, , y]) => y === 32);
  assert.deepEqual(
    cores.map(([atlas, x]) => [atlas, Math.round(x / 32)]),
    [
      ["positive", 63],
      ["negative", 47],
      ["positive", 32],
      ["negative", 16],
    ],
  );
  const [x, y, size] = [cores[0][5], cores[0][6], cores[0][7]];
  assert.deepEqual([x + size / 2, y + size / 2], centreOf(plate, 6));
  assert.equal(of("drawImage").length, 8, "a halo each, from the level of the first glow on");
});

test("zero, NaN and ∞ are marks and no dots", () => {
  const { ctx, scene, of } = setting();
  paintNeurons(ctx, { ...scene, selected: { point: null, neuron: null } }, [laneWith(0x7e00, 0, 0x7c00, 0x4400)]);
  assert.equal(of("drawImage").filter(([, , y]) => y === 32).length, 1);
  assert.ok(of("strokeStyle").some(([colour]) => colour === SCALES.marks.nan));
  assert.ok(of("strokeStyle").some(([colour]) => colour === SCALES.marks.zero));
});

test("a group's colour is in the place of the sign's", () => {
  const groups = { of: (_, neuron) => (neuron === 6 ? 0 : 1) };
  const { ctx, scene, of } = setting({ groups, grouped: [sprites("first"), sprites("none")] });
  paintNeurons(ctx, scene, [lane()]);
  assert.deepEqual(new Set(of("drawImage").map(([atlas]) => atlas)), new Set(["first", "none"]));
  assert.equal(of("drawImage").filter(([atlas]) => atlas === "first").length, 2);
});

test("rings are around the selected and the watched neuron, where they are drawn", () => {
  const { ctx, scene, of } = setting({ watched: [`${KEY}:7`, "final.ln_f:0", `${KEY}:99`] });
  paintNeurons(ctx, scene, [lane()]);
  const rings = of("arc").slice(-2);
  assert.deepEqual(
    rings.map(([x, y]) => [x, y]),
    [centreOf(plate, 7), centreOf(plate, 1)],
  );
});

test("a plate without values says why", () => {
  const said = (of) => {
    const { ctx, scene, of: inked } = setting();
    paintNeurons(ctx, scene, [of]);
    return inked("fillText").map(([text]) => text);
  };
  assert.ok(said(lane({ frame: null, none: "on its way" })).includes("on its way"));
  assert.ok(said(lane({ frame: frameOf({ dropped_layers: [0], dropped: 256 }) })).includes("in this step"));
  assert.ok(!said(lane()).includes("no values"));
});

test("each mark has a shape of its own", () => {
  const { ink, ctx } = setting();
  const shapes = [MARK.nan, MARK.plusInfinity, MARK.minusInfinity, MARK.clipped].map((mark) => {
    ink.length = 0;
    drawMark(ctx, 1, mark, 0, 0, 4, SCALES.marks);
    return JSON.stringify(ink);
  });
  assert.equal(new Set(shapes).size, 4);
});
