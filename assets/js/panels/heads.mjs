/** Columns of mri/panels/heads.py from a frame: all heads at a glance. Pure. */

import { headOf, headWords } from "../core/heads.mjs";
import { framed } from "./feeder.mjs";

/** @type {import("./feeder.mjs").ColumnsOf} */
export function columns(frame, { layout, tokens }, { heads, layer, head }) {
  const { n_layer: numLayers, n_head: numHeads } = layout;
  const all = Array.from({ length: numLayers * numHeads }, (_, i) => headOf(frame, layout, Math.floor(i / numHeads), i % numHeads));
  const byDistance = heads === "distance";
  const shown = all.map(({ entropy, low, high }) => (byDistance ? (low + high) / 2 : entropy));
  const most = byDistance ? shown.reduce((most, each) => (each > most ? each : most), 1) : Math.log2(Math.max(2, tokens.sequence.length));
  return { shown, words: all.map(headWords), most, ...framed(head, layer) };
}
