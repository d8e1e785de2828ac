/** A step of two blocks of two heads that chose token 5 over 7 and 9, its sweep and its answer on demand, for tests. */

import { answerAt } from "../../assets/js/core/why.mjs";

const floats = (data, shape = [data.length]) => ({ dtype: "F32", shape, data: Float32Array.from(data.flat(9)) });
const counts = (data, shape = [data.length]) => ({ dtype: "U32", shape, data: Uint32Array.from(data.flat(9)) });

const config = { ledger: "direct", lens: "top", quantization: "f32" };
export const LAYOUT = { n_layer: 2, n_head: 2, n_ctx: 16, n_vocab: 16, topk: 4, points: [], rows: new Map(), groups: new Map(), sampled: {}, config };

/** The word at position 1 is the one that is chosen. */
export const TOKENS = {
  sequence: [0, 5, 2, 3],
  text: { 0: "<|bos|>", 1: "a", 2: "b", 3: "c", 5: " e", 7: " g", 9: " i" },
  special: [0],
  steps: { pos0: [0, 1, 2, 3], t_add: [1, 1, 1, 1], phase: ["prefill", "prefill", "prefill", "decode"], chosen_id: [-1, -1, -1, 5], forced: [] },
};

/** Of 5, 7 and 9, with the chosen one once more, as a recording has them. */
const kept = (five, seven, nine = 0) => [five, seven, nine, five];

const ARRAYS = {
  "logits/token_ids": counts([5, 7, 9]),
  "logits/values": floats([9, 1, 0]),
  ...Object.fromEntries(["logsumexp", "entropy", "chosen_logprob"].map((name) => [`logits/${name}`, floats([9], [])])),
  "logits/chosen_rank": counts([0], []),
  "ledger/token_ids": counts(kept(5, 7, 9)),
  "ledger/embed": floats(kept(0.7, 0.5)),
  "ledger/left_over": floats(kept(0, 0)),
  "ledger/heads": floats(
    [
      [kept(0, 0), kept(0, 0)],
      [kept(9.5, 0.5), kept(1.2, 0)],
    ],
    [2, 2, 4],
  ),
  "ledger/mlp": floats([kept(0.1, 0), kept(-0.5, 0)], [2, 4]),
  "lens/token_ids": counts(kept(5, 7, 9)),
  "lens/stream": floats([kept(1, 0), kept(2, 0), kept(8, 0)], [3, 4]),
  "lens/exit": floats([kept(1, 0), kept(3, 0), kept(11, 1)], [3, 4]),
  "lens/top_ids": counts(
    [
      [1, 2, 3, 5, 7],
      [7, 5, 9, 1, 2],
      [5, 7, 9, 1, 2],
    ],
    [3, 5],
  ),
  "lens/top_probs": floats(
    [1, 2, 3].map(() => [0.5, 0.2, 0.1, 0.1, 0.1]),
    [3, 5],
  ),
};

/** @param {object} header fields that are otherwise
 *  @param {{without?: string}} how arrays of a group left out */
export function frame(header = {}, { without = "none" } = {}) {
  const arrays = Object.fromEntries(Object.entries(ARRAYS).filter(([name]) => !name.startsWith(`${without}/`)));
  return { header: { step: 3, pos0: 3, t_add: 1, chosen_id: 5, forced: false, dropped_layers: [], ...header }, arrays, numBytes: 0 };
}

/** Of tokens 5 and 7, the rows of head 0.0 … MLP 1: without head 0.1 nothing is left, without MLP 1 there is more. */
export const sweep = () => ({
  header: { step: 3 },
  arrays: {
    token_ids: counts([5, 7]),
    before: floats([11, 1]),
    after: floats(
      [10, -2, 9.5, 2, 9, 13].map((lead) => [lead + 1, 1]),
      [6, 2],
    ),
    wrote: floats(
      [0, 0, 0.1, 9, 1.2, -0.5].map((lead) => [lead, 0]),
      [6, 2],
    ),
    norm: floats(
      [10, 10, 9.9, 2, 8.8, 12.5].map((lead) => [lead, 0]),
      [6, 2],
    ),
    bits_before: floats([0.1], []),
    bits_after: floats([0.1, 6, 0.1, 2, 0.1, 0]),
  },
});

const NOWHERE = 0xffffffff;

/** The blob of steps 3 and 4. */
export const blob = () => ({
  header: { start: 3, stop: 5, texts: {} },
  arrays: {
    token_ids: counts([5, 9]),
    against_ids: counts([7, 5]),
    logits: floats(
      [
        [11, 1],
        [2, 1],
      ],
      [2, 2],
    ),
    parts: floats(
      [
        [0.2, 0, 0, 0.1, 9, 1.2, -0.5, 0],
        [1, 0, 0, 0, 0, 0, 0, 0],
      ],
      [2, 8],
    ),
    source_at: counts(
      [1, 2].map(() => [1, 2, 3, 4].map(() => [1, NOWHERE])),
      [2, 2, 2, 2],
    ),
    source_stream: floats(
      [1, 2].map(() => [1, 2, 3, 4].map(() => [1, 0])),
      [2, 2, 2, 2],
    ),
    source_value: floats(
      [1, 2].map(() => [1, 2, 3, 4].map(() => [7, 0])),
      [2, 2, 2, 2],
    ),
    source_rest: floats(Array(8).fill(0), [2, 2, 2]),
    neuron_block: counts(
      [
        [1, 0],
        [1, 0],
      ],
      [2, 2],
    ),
    neuron_index: counts(
      [
        [3, 4],
        [3, 4],
      ],
      [2, 2],
    ),
    neuron_wrote: floats(
      [
        [-0.4, 0.1],
        [1, 1],
      ],
      [2, 2],
    ),
    lens_stream: floats(
      [
        [0, 1, 8],
        [0, 0, 0],
      ],
      [2, 3],
    ),
    lens_exit: floats(
      [
        [0, 4, 10],
        [0, 0, 0],
      ],
      [2, 3],
    ),
    exit_ids: counts([[1, 2, 3, 5, 7], [7, 5, 9, 1, 2], [5, 7, 9, 1, 2], Array(15).fill(1)], [2, 3, 5]),
    exit_probs: floats(Array(30).fill(0.2), [2, 3, 5]),
  },
});

export const answer = (step = 3) => answerAt(blob(), step);
