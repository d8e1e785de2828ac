import assert from "node:assert/strict";
import { test } from "node:test";

import * as layouts from "../../assets/js/core/layout.mjs";
import { MARK } from "../../assets/js/core/quantization.mjs";
import { frameFromBlob } from "../../assets/js/core/wire.mjs";
import { golden } from "./bytes.mjs";

function opened(name) {
  const { buffer, expected } = golden(name);
  const layout = layouts.layoutFromMeta({ session: { layout: expected.layout }, groups: expected.groups });
  return { frame: frameFromBlob(buffer), layout, expected };
}

const numbers = (values) => Array.from(values, Number); // "NaN" and "Infinity" are words in JSON
/** float16 and q8 have −0, JSON has not */
const plain = (values) => Array.from(values, (x) => x + 0);

for (const name of ["frame", "frame-q8", "frame-prefill"]) {
  test(`golden ${name} reads as its JSON says`, () => {
    const { frame, layout, expected } = opened(name);
    for (const [key, stats] of Object.entries(expected.stats)) {
      assert.deepEqual(Object.values(layouts.stats(frame, layout, key)), numbers(stats), key);
    }
    for (const [key, { indices, values }] of Object.entries(expected.captured)) {
      const found = layouts.captured(frame, layout, key);
      assert.deepEqual(found ? [...(found.indices ?? found.values.keys())] : [], indices, key);
      assert.deepEqual(found ? plain(found.values) : [], numbers(values), key);
    }
    for (const [key, values] of Object.entries(expected.values)) {
      assert.deepEqual(plain(layouts.values(frame, layout, key)), numbers(values), key);
    }
    for (const [key, bound] of Object.entries(expected.bound)) {
      assert.deepEqual(layouts.bound(frame, layout, key), Number(bound), key);
    }
    for (const { layer, head, weights } of expected.attention_row) {
      assert.deepEqual([...layouts.attentionRow(frame, layout, layer, head).weights], numbers(weights));
    }
    for (const { layer, head, keys, entropy, max_weight } of expected.attention_keys) {
      const summary = layouts.attentionSummary(frame, layout, layer, head);
      assert.deepEqual([[...summary.keys], summary.entropy, summary.maxWeight], [keys, entropy, max_weight]);
    }
    const logits = layouts.logits(frame);
    assert.deepEqual([...logits.ids], expected.logits.token_ids);
    assert.deepEqual([...logits.logits], numbers(expected.logits.values));
    const scalars = [logits.logsumexp, logits.entropy, logits.chosenLogprob, logits.chosenRank];
    assert.deepEqual(
      scalars,
      ["logsumexp", "entropy", "chosen_logprob", "chosen_rank"].map((key) => expected.logits[key]),
    );
  });
}

test("probabilities are exp(logit − logsumexp), a logit of −∞ has none", () => {
  const { frame } = opened("frame");
  const { probs } = layouts.logits(frame);
  assert.equal(probs[0], Math.fround(Math.exp(-0.25)));
  assert.equal(probs[4], 0);
});

test("marks: NaN and ∞ are captured, clipped is told, the rest is not captured", () => {
  const { frame, layout } = opened("frame");
  const marks = layouts.marks(frame, layout, "block.0.resid_pre"); // neurons 6 1 7 0: NaN, −∞, 65504, 0.5
  const { notCaptured: no } = MARK;
  assert.deepEqual([...marks], [MARK.value, MARK.minusInfinity, no, no, no, no, MARK.nan, MARK.clipped]);
  assert.deepEqual([...layouts.marks(frame, layout, "block.0.ln1")], Array(8).fill(no));
});

test("marks of full q8 values", () => {
  const { frame, layout } = opened("frame-q8");
  const marks = [...layouts.marks(frame, layout, "block.1.resid_pre")];
  assert.deepEqual(marks.slice(0, 4), [MARK.nan, MARK.plusInfinity, MARK.minusInfinity, MARK.value]);
});

test("a neuron's reading: its value, or the bound it stayed under", () => {
  const { frame, layout } = opened("frame");
  assert.deepEqual(layouts.reading(frame, layout, "block.0.resid_pre", 0), { mark: MARK.value, value: 0.5, bound: NaN });
  assert.deepEqual(layouts.reading(frame, layout, "block.0.resid_pre", 2), { mark: MARK.notCaptured, value: NaN, bound: 0.0625 });
  assert.deepEqual(layouts.reading(frame, layout, "block.0.ln1", 2), { mark: MARK.notCaptured, value: NaN, bound: NaN });
  const group = frame.arrays["topk/8/values"];
  group.data[layouts.rowInArray(frame, layout, "topk/8/values", "block.0.resid_pre") * group.shape[1]] = 0; // neuron 6
  assert.deepEqual(layouts.reading(frame, layout, "block.0.resid_pre", 6), { mark: MARK.value, value: 0, bound: 2 ** -25 });
  const full = opened("frame-q8");
  assert.deepEqual(layouts.reading(full.frame, full.layout, "block.1.mlp_pre", 31), { mark: MARK.value, value: 62, bound: NaN });
  assert.deepEqual(layouts.reading(full.frame, full.layout, "block.0.mlp_pre", 31), { mark: MARK.notCaptured, value: NaN, bound: NaN });
});

test("uncaptured keys weigh no more than the weakest kept one, nor than the kept ones leave of 1", () => {
  const { frame, layout } = opened("frame-q8");
  frame.arrays["attention/weights"].data.set([0x3800, 0x3400, 0x2c00, 0x2800, 0x2400, 0x2400, 0x2400, 0x2400]); // ½ ¼ 1⁄16 1⁄32 4×1⁄64
  const row = layouts.attentionRow(frame, layout, 1, 0);
  assert.ok(row.bound >= 1 / 64 && row.bound < (1 / 64) * 1.001, `${row.bound}`); // the weakest one decides
  frame.arrays["attention/weights"].data.set([0x3bff], 0); // 0.9995…: the others leave nothing
  assert.equal(layouts.attentionRow(frame, layout, 1, 0).bound, 0);
});

test("what was never there is an error, what was dropped is not", () => {
  const { frame, layout } = opened("frame-q8");
  for (const read of [layouts.stats, layouts.values, layouts.bound, layouts.marks]) {
    assert.throws(() => read(frame, layout, "block.7.mlp"), /block\.7\.mlp/);
  }
  assert.throws(() => layouts.attentionRow(frame, layout, 2, 0), RangeError);
  assert.throws(() => layouts.attentionSummary(frame, layout, 0, 2), RangeError);
  assert.equal(layouts.attentionSummary(frame, layout, 0, 0), null);
});

test("what a budget took is null", () => {
  const { frame, layout } = opened("frame-prefill");
  for (const name of Object.keys(frame.arrays)) if (/^(attention|logits)\//.test(name)) delete frame.arrays[name];
  assert.equal(layouts.logits(frame), null);
  assert.deepEqual(layouts.attentionRow(frame, layout, 1, 1), { weights: new Float32Array(4).fill(NaN), bound: NaN });
});

test("sampled neurons: a stride is arithmetic, a seeded choice is the server's", () => {
  const point = { key: "net.0", layer_index: 0, layer_type: "linear", width: 10, payload: "topk", unit: "activation" };
  const config = { sample_stride: 4, sample_seed: null, quantization: "f32" };
  const session = { layout: { points: [point], config, topk: 4, n_layer: 0, n_head: 0, n_ctx: 0, n_vocab: 0 } };
  const groups = { "sampled/10": ["net.0"] };
  const frame = {
    header: { step: 0, phase: "train", pos0: 0, t_add: 1, chosen_id: -1, forced: false, time_us: 0, dropped: 0, dropped_layers: [] },
    arrays: { "sampled/10/values": { dtype: "F32", shape: [1, 3], data: Float32Array.of(1, 2, 3) } },
    numBytes: 12,
  };
  const strided = layouts.values(frame, layouts.layoutFromMeta({ session, groups }), "net.0");
  assert.deepEqual([...strided], [1, NaN, NaN, NaN, 2, NaN, NaN, NaN, 3, NaN]);
  config.sample_seed = 7;
  assert.throws(() => layouts.values(frame, layouts.layoutFromMeta({ session, groups }), "net.0"), /sampled/);
  const seeded = layouts.values(frame, layouts.layoutFromMeta({ session, groups, sampled: { 10: [2, 5, 9] } }), "net.0");
  assert.deepEqual([...seeded], [NaN, NaN, 1, NaN, NaN, 2, NaN, NaN, NaN, 3]);
});
