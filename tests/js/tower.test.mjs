import assert from "node:assert/strict";
import { test } from "node:test";

import { FLOWS, reads, writes } from "../../assets/js/core/flow.mjs";
import { captured, layoutFromMeta, stats } from "../../assets/js/core/layout.mjs";
import { MARK } from "../../assets/js/core/quantization.mjs";
import { frameFromBlob } from "../../assets/js/core/wire.mjs";
import { HOME, fitCamera, project } from "../../assets/js/stage/camera.mjs";
import { PARTICLE_FLOATS, streamsOf } from "../../assets/js/stage/particles.mjs";
import { rowsOf } from "../../assets/js/stage/lanes.mjs";
import { MOST_STREAMS } from "../../assets/js/stage/shaders.mjs";
import { FULL, Quality } from "../../assets/js/stage/quality.mjs";
import {
  DOT_FLOATS,
  SELECTED,
  WATCHED,
  ZERO,
  cornersOf,
  cornersOfPlate,
  dotsOf,
  hitTower,
  markDots,
  placeOf,
  placeTower,
  towerGrid,
} from "../../assets/js/stage/tower_geometry.mjs";
import { golden } from "./bytes.mjs";

const { buffer, expected } = golden("frame");
const layout = layoutFromMeta({ session: { layout: expected.layout }, groups: expected.groups });
const frame = frameFromBlob(buffer);
const KEY = "block.0.resid_post";
const fullScale = Object.fromEntries(layout.points.map(({ key }) => [key, 2]));
const run = { layout, tokens: null, fullScale };
const lane = (frame, before = null) => ({ run, step: 0, frame, before, label: "" });
const slabs = placeTower(rowsOf([lane(frame)], KEY, false));
const twins = placeTower(rowsOf([lane(frame), lane(frame)], KEY, false));
const dotsIn = (dots) => Array.from({ length: dots.length / DOT_FLOATS }, (_, i) => Array.from(dots.slice(i * DOT_FLOATS, (i + 1) * DOT_FLOATS)));

/** The frame with one array changed. */
const changed = (name, change) => {
  const array = frame.arrays[name];
  const data = array.data.slice();
  change(data);
  return { ...frame, arrays: { ...frame.arrays, [name]: { ...array, data } } };
};

/** The array that holds a hook point's kept values. */
const valuesOf = (key) =>
  Object.keys(frame.arrays).find(
    (name) =>
      /^topk\/.*\/values$/.test(name) &&
      captured(
        changed(name, (data) => data.fill(0)),
        layout,
        key,
      ).values.every((x) => x === 0),
  );

test("grids hold every neuron and are wider than deep", () => {
  assert.deepEqual(
    [256, 768, 1024, 1536].map(towerGrid).map(({ rows, cols }) => rows * cols),
    [256, 768, 1024, 1536],
  );
  for (const width of [1, 2, 7, 8, 97, 211, 384, 5003]) {
    const { rows, cols } = towerGrid(width);
    assert.ok(rows * cols >= width && rows * cols - width < cols, `${width}: ${rows} × ${cols}`);
    assert.ok(width < 8 || cols > rows, `${width}: ${rows} × ${cols}`);
  }
});

test("plates rise in the order of the model, cells lie on their plate", () => {
  assert.ok(slabs.every((slab, i) => i === 0 || slab.y > slabs[i - 1].y));
  assert.equal(slabs[0].key, "embed.resid0");
  for (const slab of slabs) {
    for (const neuron of [0, slab.width - 1]) {
      const [x, y, z] = placeOf(slab, neuron);
      assert.ok(Math.abs(x) < 0.5 && y === slab.y && Math.abs(z) < slab.depth / 2);
    }
  }
});

test("dots are the captured values, no more and no fewer", () => {
  const dots = dotsIn(dotsOf(slabs, [lane(frame)], fullScale));
  const values = slabs.flatMap(({ key }) => [...(captured(frame, layout, key)?.values ?? [])]);
  assert.equal(dots.length, values.length);
  const shares = values.filter(Number.isFinite).map((value) => Math.fround(Math.min(1, Math.abs(value) / 2)));
  const drawn = dots.filter((dot) => dot[6] === MARK.value || dot[6] === ZERO || dot[6] === MARK.clipped).map((dot) => dot[4]);
  assert.deepEqual(drawn.sort(), shares.sort());
});

test("NaN, both infinities, zero and a clipped value keep their marks", () => {
  const odd = { ...frame, arrays: { ...frame.arrays } };
  const name = valuesOf(KEY);
  const bits = [0x7e00, 0x7c00, 0xfc00, 0, 0x7bff];
  odd.arrays[name] = { ...frame.arrays[name], data: frame.arrays[name].data.map((_, i) => bits[i % bits.length]) };
  const kept = captured(odd, layout, KEY);
  const slab = slabs.find(({ key }) => key === KEY);
  const dots = dotsIn(dotsOf([slab], [lane(odd)], fullScale));
  const marks = new Set(dots.map((dot) => dot[6]));
  const expectedMarks = new Set(
    [...kept.values].map((x) =>
      Number.isNaN(x) ? MARK.nan : x === Infinity ? MARK.plusInfinity : x === -Infinity ? MARK.minusInfinity : x === 0 ? ZERO : MARK.clipped,
    ),
  );
  assert.deepEqual([...marks].sort(), [...expectedMarks].sort());
  assert.ok(marks.size >= 3);
});

test("a rise is measured against the step before, against its bound where the neuron was not kept", () => {
  const flat = dotsIn(dotsOf(slabs, [lane(frame, frame)], fullScale));
  assert.ok(
    flat.every((dot) => dot[7] === 0),
    "nothing rose",
  );
  const before = changed(valuesOf(KEY), (data) => data.fill(0));
  const risen = dotsIn(dotsOf(slabs, [lane(frame, before)], fullScale)).filter((dot) => dot[7] > 0);
  assert.ok(risen.length > 0);
  for (const dot of risen) assert.ok(Math.abs(dot[7] - dot[4]) < 1e-6, "from zero it rose by all it has");
});

test("rings mark the selected neuron and the watched ones that are shown", () => {
  const rings = dotsIn(markDots(slabs, { point: KEY, neuron: 2 }, [`${KEY}:1`, "block.0.mlp_out:1", `${KEY}:99999`]));
  assert.deepEqual(
    rings.map((ring) => ring[6]),
    [WATCHED, SELECTED],
  );
});

test("the pixel of a dot means that neuron, a bare plate its cell, the room nothing", () => {
  const camera = fitCamera(HOME, cornersOf(slabs), { width: 800, height: 640, left: 100, right: 60, top: 30, bottom: 30 });
  const dots = dotsOf(slabs, [lane(frame)], fullScale);
  for (const slab of slabs) {
    for (const neuron of captured(frame, layout, slab.key)?.indices ?? []) {
      const [x, y] = project(camera, ...placeOf(slab, neuron));
      assert.deepEqual(hitTower(slabs, dots, camera, x, y), { lane: 0, key: slab.key, neuron });
    }
  }
  const top = slabs[slabs.length - 1];
  const [x, y] = project(camera, ...placeOf(top, 3));
  assert.deepEqual(hitTower(slabs, new Float32Array(0), camera, x, y), { lane: 0, key: top.key, neuron: 3 });
  assert.equal(hitTower(slabs, dots, camera, 2, 2), null);
});

test("lanes stand side by side, seen from the front at one height and equally near", () => {
  const camera = fitCamera(HOME, cornersOf(twins), { width: 800, height: 640, left: 100, right: 60, top: 30, bottom: 30 });
  for (const a of twins.filter((slab) => slab.lane === 0)) {
    const b = twins.find((slab) => slab.lane === 1 && slab.key === a.key);
    const [[ax, ay, aDepth], [bx, by, bDepth]] = [a, b].map(({ x, y, z }) => project(camera, x, y, z));
    assert.ok(Math.abs(ay - by) < 1 && Math.abs(aDepth - bDepth) < 1e-4 && bx > ax, `${a.key}: ${[ax, ay, bx, by]}`);
  }
  const [[right], [left]] = [twins[0], twins[slabs.length]].map((slab, i) => {
    const xs = cornersOfPlate(slab).map((corner) => project(camera, ...corner)[0]);
    return [i === 0 ? Math.max(...xs) : Math.min(...xs)];
  });
  assert.ok(right < left, "plates of one height do not touch");
  assert.deepEqual(
    placeTower(rowsOf([lane(frame)], KEY, false)).map(({ x, z }) => [x, z]),
    slabs.map(() => [0, 0]),
    "one lane stands in the middle",
  );
});

test("a pixel means the neuron of the lane it lies on, where plates share a height", () => {
  const other = changed(valuesOf(KEY), (data) => data.fill(0));
  const camera = fitCamera(HOME, cornersOf(twins), { width: 800, height: 640, left: 100, right: 60, top: 30, bottom: 30 });
  const dots = dotsOf(twins, [lane(frame), lane(other)], fullScale);
  for (const slab of twins) {
    for (const neuron of captured(frame, layout, slab.key)?.indices ?? []) {
      const [x, y] = project(camera, ...placeOf(slab, neuron));
      assert.deepEqual(hitTower(twins, dots, camera, x, y), { lane: slab.lane, key: slab.key, neuron });
    }
  }
});

test("rings and streams stand in each lane", () => {
  assert.equal(markDots(twins, { point: KEY, neuron: 2 }, []).length, 2 * DOT_FLOATS);
  const columnOf = (position) => [position / 100, -1, 0.2];
  const one = streamsOf([lane(frame)], slabs, "attention", [columnOf]);
  const two = streamsOf([lane(frame), lane(frame)], twins, "attention", [columnOf, columnOf]);
  assert.equal(two.particles.length, 2 * one.particles.length);
  assert.deepEqual([...two.amounts.slice(layout.n_layer, 2 * layout.n_layer)], [...one.amounts.slice(0, layout.n_layer)]);
  const many = Array.from({ length: MOST_STREAMS + 3 }, () => lane(frame));
  const all = streamsOf(
    many,
    placeTower(rowsOf(many, KEY, false)),
    "attention",
    many.map(() => columnOf),
  );
  assert.ok(
    dotsInParticles(all.particles).every((each) => each[8] < MOST_STREAMS),
    "no stream without a phase",
  );
});

test("what a block wrote is the length of its output over that of the stream", () => {
  const [attention] = writes(frame, layout, "attention");
  const [mlp] = writes(frame, layout, "mlp");
  const l2 = (name) => stats(frame, layout, `block.0.${name}`).l2;
  assert.equal(attention, Math.fround(l2("attn_out") / l2("resid_pre")));
  assert.equal(mlp, Math.fround(l2("mlp_out") / l2("resid_mid")));
  assert.equal(FLOWS.length, 4);
});

test("where a block read from sums to no more than one", () => {
  const mass = reads(frame, layout, 0);
  const sum = [...mass.values()].reduce((a, b) => a + b, 0);
  assert.ok(sum > 0.2 && sum < 1.01, `${sum}`);
});

test("streams carry the measured amounts; nothing runs where nothing was measured", () => {
  const columnOf = (position) => [position / 100, -1, 0.2];
  const { particles, amounts } = streamsOf([lane(frame)], slabs, "attention", [columnOf]);
  const measured = writes(frame, layout, "attention");
  const count = (block) => dotsInParticles(particles).filter((each) => each[8] === block).length;
  for (let block = 0; block < layout.n_layer; block++) assert.ok(Math.abs(amounts[block] - Math.min(1, measured[block])) < 1e-6);
  const byAmount = [...measured.keys()].sort((a, b) => Math.min(1, measured[a]) - Math.min(1, measured[b]));
  for (let i = 1; i < byAmount.length; i++) assert.ok(count(byAmount[i - 1]) <= count(byAmount[i]), "more for a larger amount");
  const silent = { ...frame, arrays: { ...frame.arrays, stats: { ...frame.arrays.stats, data: new Float32Array(frame.arrays.stats.data.length).fill(NaN) } } };
  assert.equal(streamsOf([lane(silent)], slabs, "attention", [columnOf]).particles.length, 0);
  assert.equal(streamsOf([lane(frame)], slabs, "none", [columnOf]).particles.length, 0);
  assert.ok(streamsOf([lane(frame)], slabs, "tokens", [columnOf]).particles.length > 0);
});

test("quality steps down one by one, and comes back when there is room", () => {
  const quality = new Quality();
  const run = (ms, frames) => Array.from({ length: frames }, () => quality.report(ms));
  run(16, 200);
  assert.equal(quality.tier, FULL);
  assert.ok(Math.abs(quality.fps - 62.5) < 0.1);
  run(40, 45);
  assert.equal(quality.tier, FULL - 1);
  run(40, 450);
  assert.equal(quality.tier, 0);
  run(12, 45 * 200);
  assert.equal(quality.tier, FULL);
  quality.isOn = false;
  run(90, 450);
  assert.equal(quality.tier, FULL, "switched off, it only counts");
});

function dotsInParticles(particles) {
  return Array.from({ length: particles.length / PARTICLE_FLOATS }, (_, i) => Array.from(particles.slice(i * PARTICLE_FLOATS, (i + 1) * PARTICLE_FLOATS)));
}
