import assert from "node:assert/strict";
import { test } from "node:test";

import { sentence } from "../../assets/js/core/sentence.mjs";

const TEXT = { 0: "<|bos|>", 1: " Mia", 2: " had", 3: " a", 4: " ball", 5: "  ", 6: " dog" };
const SEQUENCE = [0, 1, 2, 3, 4, 5, 6, 2, 3, 4];
const TOKENS = { sequence: SEQUENCE, text: TEXT };

const POINTS = [
  { key: "block.0.attn_out", layer_index: 0, layer_type: "attn", width: 4 },
  { key: "block.0.resid_post", layer_index: 0, layer_type: "resid", width: 4 },
  { key: "block.1.mlp_out", layer_index: 1, layer_type: "mlp", width: 4 },
];
const f32 = (...data) => ({ dtype: "F32", shape: [data.length], data: Float32Array.from(data) });
const scalar = (x) => ({ dtype: "F32", shape: [], data: Float32Array.of(x) });

function layoutOf(points, { n_layer = 2, n_head = 2 } = {}) {
  const rows = new Map(points.map(({ key }, row) => [key, row]));
  const groups = new Map([["topk/4", { rows, layers: points.map((point) => point.layer_index) }]]);
  return { points, rows, groups, sampled: {}, config: { quantization: "f32" }, topk: 2, n_layer, n_head, n_ctx: 16, n_vocab: 7 };
}

/** heads: [key, weight][] by layer and head, by falling weight. */
function attention(heads) {
  const k = heads[0].length;
  return {
    "attention/keys": { dtype: "U16", shape: [2, 2, k], data: Uint16Array.from(heads.flat().map(([key]) => key)) },
    "attention/weights": { dtype: "F32", shape: [2, 2, k], data: Float32Array.from(heads.flat().map(([, weight]) => weight)) },
    "attention/entropy": { dtype: "F32", shape: [2, 2], data: new Float32Array(4) },
    "attention/max_weight": { dtype: "F32", shape: [2, 2], data: new Float32Array(4) },
  };
}

/** probs: {id: probability}, by falling probability. */
function predictions(probs, { logprob = NaN, rank = 0 } = {}) {
  const ids = Object.keys(probs)
    .map(Number)
    .sort((a, b) => probs[b] - probs[a]);
  return {
    "logits/token_ids": { dtype: "U32", shape: [ids.length], data: Uint32Array.from(ids) },
    "logits/values": f32(...ids.map((id) => Math.log(probs[id]))),
    "logits/logsumexp": scalar(0),
    "logits/entropy": scalar(1),
    "logits/chosen_logprob": scalar(logprob),
    "logits/chosen_rank": scalar(rank),
  };
}

/** rows: [mean, std, l2] by hook point. */
function statistics(rows) {
  const data = rows.flatMap(([mean, std, l2]) => [mean, std, -1, 1, l2, 0, 1]);
  return { stats: { dtype: "F32", shape: [rows.length, 7], data: Float32Array.from(data) } };
}

function frame(arrays, header = {}) {
  return {
    header: { step: 7, phase: "decode", pos0: 7, t_add: 1, chosen_id: 4, forced: false, dropped: 0, dropped_layers: [], ...header },
    arrays,
    numBytes: 0,
  };
}

const own = (position) => [[[position, 0.9]], [[position, 0.9]], [[position, 0.9]], [[position, 0.9]]];
const LOOKS = attention([
  [
    [0, 0.6],
    [6, 0.25],
  ],
  [
    [6, 0.95],
    [0, 0.03],
  ], // one back, and strong
  [
    [1, 0.4],
    [0, 0.3],
  ], // six back, and firm
  [
    [2, 0.29],
    [0, 0.2],
  ], // not firm
]);

function parts(arrays, { header = {}, layout = layoutOf(POINTS), numPrompt = 3 } = {}) {
  return sentence(frame(arrays, header), { layout, tokens: TOKENS, numPrompt });
}
const textOf = (list) => list.map((part) => (typeof part === "string" ? part : part.text)).join("");
const said = (...args) => textOf(parts(...args));

test("a look back and a sure prediction, each number with its source", () => {
  const list = parts({ ...LOOKS, ...predictions({ 4: 0.93, 6: 0.04 }, { logprob: Math.log(0.93) }) });
  assert.equal(
    textOf(list),
    "Block 0 looked back 1 token to “dog” (head 1, 95.0 %), block 1 6 tokens to “Mia” (head 0, 40.0 %); the model is 93.0 % sure of “ball”.",
  );
  const sources = Object.fromEntries(list.filter((part) => part.of).map(({ text, of }) => [text, of]));
  const [one, other] = [
    { tab: "attention", layer: 0, head: 1 },
    { tab: "attention", layer: 1, head: 0 },
  ];
  const ofOne = { "Block 0": one, "1 token": one, "head 1": one, "95.0 %": one };
  assert.deepEqual(sources, { ...ofOne, "block 1": other, "6 tokens": other, "head 0": other, "40.0 %": other, "93.0 %": { tab: "predictions" } });
  assert.deepEqual(
    list.filter((part) => part.id !== undefined).map((part) => part.id),
    [6, 1, 4],
  );
});

test("of two blocks' firm looks both are told, the lower block first", () => {
  const two = attention([[[1, 0.5]], [[2, 0.4]], [[6, 0.95]], [[1, 0.9]]]);
  assert.match(
    said({ ...two, ...predictions({ 4: 0.999 }) }),
    /^Block 0 looked back 6 tokens to “Mia” \(head 0, 50\.0 %\), block 1 1 token to “dog” \(head 0, 95\.0 %\); /,
  );
  assert.match(said({ ...two, ...predictions({ 4: 0.9996 }) }), /99\.96 % sure of “ball”\.$/);
});

test("without a firm look the strongest is told, of equals the first; one token is singular", () => {
  const equal = attention([
    [
      [0, 0.5],
      [6, 0.25],
    ],
    [
      [0, 0.5],
      [6, 0.25],
    ],
    [
      [0, 0.5],
      [3, 0.2],
    ],
    [
      [0, 0.9],
      [3, 0.01],
    ],
  ]);
  assert.match(said({ ...equal, ...predictions({ 4: 0.6 }) }), /^Block 0 looked back 1 token to “dog” \(head 0, 25\.0 %\);/);
});

test("where nobody looks back, the heads that rest are counted", () => {
  const first = attention([
    [
      [0, 0.9],
      [6, 0.05],
    ],
    [
      [0, 0.9],
      [6, 0.05],
    ],
    [
      [0, 0.9],
      [6, 0.05],
    ],
    [
      [7, 0.9],
      [6, 0.05],
    ],
  ]);
  assert.match(said({ ...first, ...predictions({ 4: 0.6 }) }), /^3 of 4 attention heads looked most at the first token, “<\|bos\|>”;/);
  assert.match(said({ ...attention(own(7)), ...predictions({ 4: 0.6 }) }), /^4 of 4 attention heads looked most at the token itself, “had”;/);
});

test("the first step has one token: nothing is said of attention", () => {
  const text = said({ ...attention(own(0)), ...predictions({ 4: 0.6 }) }, { header: { step: 0, pos0: 0 }, numPrompt: 1 });
  assert.equal(text, "The model is 60.0 % sure of “ball”.");
});

test("a prefill pass speaks of its last token", () => {
  const text = said({ ...LOOKS, ...predictions({ 4: 0.6 }) }, { header: { step: 0, phase: "prefill", pos0: 0, t_add: 8 }, numPrompt: 8 });
  assert.match(text, /^After reading several tokens in one pass, block 0 looked back 1 token to “dog”/);
});

test("sure, leaning, undecided; equals are told as equal", () => {
  assert.equal(said({ ...predictions({ 4: 0.3 }), ...attention(own(0)) }, { header: { pos0: 0 }, numPrompt: 1 }), "The model leans to “ball”, at 30.0 %.");
  assert.match(said({ ...LOOKS, ...predictions({ 4: 0.1 }) }), /the model is undecided: “ball” leads with 10\.0 %\.$/);
  assert.match(
    said({ ...LOOKS, ...predictions({ 4: 0.4, 6: 0.4, 1: 0.1 }) }),
    /“ball” and “dog” are equally likely, at 40\.0 % each; the model took “ball” \(40\.0 %, place 1\)\.$/,
  );
  assert.match(
    said({ ...LOOKS, ...predictions({ 1: 0.2, 2: 0.2, 3: 0.2, 5: 0.1 }) }, { header: { chosen_id: -1 } }),
    /; 3 tokens are equally likely, at 20\.0 % each\.$/,
  );
  assert.match(said({ ...LOOKS, ...predictions({ 1: 0.1, 2: 0.1, 3: 0.1 }) }, { header: { chosen_id: -1 } }), /; at least 3 tokens are equally likely/);
});

test("another token than the top one: drawn, put in by the calculator, or the prompt's", () => {
  const drawn = { ...LOOKS, ...predictions({ 4: 0.6, 6: 0.1 }, { logprob: Math.log(0.02), rank: 6 }) };
  assert.match(said(drawn, { header: { chosen_id: 5 } }), /sure of “ball”, but the model took “␣␣” \(2\.0 %, place 7\)\.$/);
  assert.match(said(drawn, { header: { chosen_id: 5, forced: true } }), /, but the calculator put in “␣␣” \(2\.0 %, place 7\)\.$/);
  const inPrompt = { ...LOOKS, ...predictions({ 4: 0.6, 3: 0.1 }) };
  assert.match(said(inPrompt, { header: { chosen_id: -1, phase: "prefill" }, numPrompt: 10 }), /, but the prompt goes on with “a” \(10\.0 %, place 2\)\.$/);
  const unknown = { ...LOOKS, ...predictions({ 4: 0.6, 6: 0.1 }) };
  assert.match(said(unknown, { header: { chosen_id: -1, phase: "prefill" }, numPrompt: 10 }), /, but the prompt goes on with “a”\.$/);
});

test("missing predictions: the token is known, its probability is not; the neuron that stands out is told", () => {
  const neurons = {
    ...statistics([
      [0, 1, 2],
      [0, 1, 9],
      [1, 0.5, 3],
    ]),
    "topk/4/indices": { dtype: "U16", shape: [3, 2], data: Uint16Array.of(0, 1, 0, 1, 3, 2) },
    "topk/4/values": { dtype: "F32", shape: [3, 2], data: Float32Array.of(3, 2, 80, 1, -1.5, NaN) },
  };
  const list = parts({ ...LOOKS, ...neurons });
  assert.match(textOf(list), /; the model took “ball”; neuron 3 of block\.1\.mlp_out stands out at −1\.50, 5\.00 standard deviations from the mean\.$/);
  assert.deepEqual(list.find((part) => part.text === "neuron 3").of, { tab: "neurons", point: "block.1.mlp_out", neuron: 3 });
});

test("missing attention leaves its clause out", () => {
  const text = said({
    ...predictions({ 4: 0.93 }, { logprob: Math.log(0.93) }),
    ...statistics([
      [0, 1, 2],
      [0, 1, 9],
      [1, 0.5, 3],
    ]),
  });
  assert.equal(text, "The model is 93.0 % sure of “ball”.");
});

test("logits that are no numbers are said to be none", () => {
  assert.match(said({ ...LOOKS, ...predictions({ 4: NaN }) }), /; the predictions are no numbers, though the model took “ball”\.$/);
  const inPrompt = { header: { chosen_id: -1, phase: "prefill" }, numPrompt: 8 };
  assert.match(said({ ...LOOKS, ...predictions({ 4: Infinity }) }, inPrompt), /; the predictions are no numbers\.$/);
});

test("NaN and ∞: the first hook point that has them, and where they began", () => {
  const arrays = {
    ...statistics([
      [0, 1, 2],
      [NaN, NaN, NaN],
      [NaN, NaN, NaN],
    ]),
    ...predictions({ 4: NaN }),
  };
  const list = parts(arrays);
  assert.equal(textOf(list), "NaN or ∞ is in block.0.resid_post and 1 more hook point; the predictions are no numbers, though the model took “ball”.");
  assert.deepEqual(list.find(({ text }) => text === "block.0.resid_post").of, { tab: "statistics", point: "block.0.resid_post" });
  const since = (/** @type {any} */ firstOdd) =>
    textOf(
      sentence(
        frame(
          statistics([
            [0, 1, 2],
            [0, 1, 2],
            [NaN, NaN, Infinity],
          ]),
        ),
        { layout: layoutOf(POINTS), tokens: TOKENS, numPrompt: 3, firstOdd },
      ),
    );
  assert.match(since({ step: 4, point: "block.0.attn_out" }), /^NaN or ∞ is in block\.1\.mlp_out, since step 4, where it began in block\.0\.attn_out;/);
  assert.match(since({ step: 7, point: "block.1.mlp_out" }), /^NaN or ∞ is in block\.1\.mlp_out, for the first time in this recording;/);
  assert.match(since(null), /^NaN or ∞ is in block\.1\.mlp_out; the model took/);
  assert.doesNotMatch(
    said(
      statistics([
        [0, 1, 2],
        [0, 1, 2],
        [0, 1, 2],
      ]),
    ),
    /NaN/,
  );
  const dropped = frame(
    statistics([
      [0, 1, 2],
      [0, 1, 2],
    ]),
    { dropped_layers: [1] },
  );
  assert.doesNotMatch(textOf(sentence(dropped, { layout: layoutOf(POINTS), tokens: TOKENS, numPrompt: 3 })), /NaN/);
});

test("values that were kept are never called missing", () => {
  const flat = {
    ...statistics([
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]),
    "topk/4/indices": { dtype: "U16", shape: [3, 2], data: new Uint16Array(6) },
    "topk/4/values": { dtype: "F32", shape: [3, 2], data: new Float32Array(6) },
  };
  assert.equal(said(flat, { header: { chosen_id: -1 } }), "No neuron stands out: the largest l2 is 0, at block.0.attn_out.");
});

test("a plain module has neurons only, then statistics only, then nothing", () => {
  const layout = layoutOf(
    [
      { key: "0", layer_index: 0, layer_type: "Linear", width: 4 },
      { key: "1", layer_index: 1, layer_type: "ReLU", width: 4 },
    ],
    { n_layer: 0, n_head: 0 },
  );
  const header = { pos0: 0, chosen_id: -1 };
  const only = statistics([
    [0, 1, 2],
    [0, 1, 9],
  ]);
  const kept = {
    ...only,
    "topk/4/indices": { dtype: "U16", shape: [2, 2], data: Uint16Array.of(0, 1, 3, 1) },
    "topk/4/values": { dtype: "F32", shape: [2, 2], data: Float32Array.of(3, 2, 4, 1) },
  };
  const context = { header, layout, numPrompt: 0 };
  assert.equal(said(kept, context), "Neuron 3 of 1 stands out at 4.00, 4.00 standard deviations from the mean.");
  assert.equal(said(only, context), "Of the values only statistics were kept: the largest l2 is 9.00, at 1.");
  assert.equal(said({}, { ...context, header: { ...header, phase: "train" } }), "Nothing was captured in this step.");
  assert.equal(said({}, context), "Nothing but its token was kept of this step.");
  assert.equal(said({}), "The model took “ball”; nothing else was kept of this step.");
});

test("a piece of a character is told as its character", () => {
  const looks = attention([[[1, 0.4]], [[0, 1]], [[0, 1]], [[0, 1]]]);
  const tokens = { sequence: SEQUENCE, text: { ...TEXT, 1: "\\xf0\\x9f", 2: "\\x99\\x82" } };
  const found = sentence(frame(looks), { layout: layoutOf(POINTS), tokens, numPrompt: 8 });
  assert.ok(found.some((part) => part.text === "“🙂(1/2)”"));
});
