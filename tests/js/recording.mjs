/** A recording of eight tokens in which every step is the golden frame, for tests. */

import { readFileSync } from "node:fs";

import { layoutFromMeta } from "../../assets/js/core/layout.mjs";
import { frameFromBlob } from "../../assets/js/core/wire.mjs";
import { Memory } from "./memory.mjs";
import { Run } from "../../assets/js/run/run.mjs";
import { blob, golden, headerOf as headerAt, joined, record } from "./bytes.mjs";

const { buffer, expected } = golden("frame");

export const SCALES = JSON.parse(readFileSync(new URL("../../assets/scales.json", import.meta.url), "utf8"));

export const layout = layoutFromMeta({ session: { layout: expected.layout }, groups: expected.groups });

/** @param {object} [header] fields that are otherwise */
export function frameOf(header = {}) {
  const frame = frameFromBlob(buffer.slice(0)); // a test may change its numbers
  return { ...frame, header: { ...frame.header, step: 1, pos0: 5, t_add: 1, chosen_id: 6, forced: true, ...header } };
}

/** Five tokens of a prompt in step 0, then one a step; the calculator chose the seventh. */
export const tokens = () => ({
  sequence: [0, 1, 2, 3, 4, 5, 6, 7],
  text: { 0: "<|bos|>", 1: " a", 2: "b\\n", 3: " c", 4: "d", 5: " e", 6: "f", 7: "g" },
  special: [0],
  steps: { pos0: [0, 5, 6], t_add: [5, 1, 1], phase: ["prefill", "decode", "decode"], chosen_id: [5, 6, 7], forced: [false, true, false] },
});

export const stepOf = [0, 0, 0, 0, 0, 1, 2, -1];

export const source = () => ({ layout, tokens: tokens(), stepOf, numPrompt: 5 });

/** l2 of every hook point grows with the step; nothing is known of entropy in step 1. */
export const series = () => ({
  surprise: Float32Array.of(1, 2, 4),
  entropy: Float32Array.of(3, NaN, 1),
  points: Float32Array.from({ length: layout.points.length * 3 }, (_, i) => 1 + (i % 3)),
  every: 1,
  extra: [],
  firstOdd: null,
});

/** As stage and panels have it. */
export const lane = (fields = {}) => ({
  run: { session: "s", layout, tokens: tokens(), fullScale: Object.fromEntries(layout.points.map(({ key }) => [key, 2])) },
  step: 1,
  frame: frameOf(),
  before: null,
  name: "",
  label: "",
  ...fields,
});

const headerOf = (step) => ({ ...headerAt(step), phase: tokens().steps.phase[step], pos0: tokens().steps.pos0[step], t_add: tokens().steps.t_add[step] });
const recordOf = (step) => record(blob({ ...headerOf(step), chosen_id: 5 + step }, frameOf().arrays), { step });

/** Records of the steps start…stop−1. */
export const recordsOf = (start, stop) => joined(...Array.from({ length: stop - start }, (_, i) => recordOf(start + i)));

/** What a server tells of it. */
export const metaOf = (id = "s", numSteps = 3) => ({
  session: { id, layout: expected.layout, num_prompt_tokens: 5, model_id: "tiny", prompt: "a b", end_reason: "length" },
  num_steps: numSteps,
  groups: expected.groups,
  sampled: {},
  version: "v1",
  integrity: "right",
});

/** All three steps of it, in memory. */
export const runOf = (id = "s") => new Run(new Memory(metaOf(id), tokens(), recordsOf(0, 3)), { fullScale: lane().run.fullScale, limit: 10 });

const HOSTS = "stage tools says next ribbon transport timeline layers lede sentence facts tabs watch watched toasts".split(" ");

/** Where a Scanner is built. */
export const SCANNER = `<div id="mri-scanner">${HOSTS.map((id) => `<div id="mri-${id}"></div>`).join("")}<aside class="mri-inspector"></aside>
  <select id="mri-session"></select></div>`;
