/** Columns of mri/panels/head.py from a frame: one head's row, or all of a block. Pure. */

import { entropyWords, headCells } from "../core/heads.mjs";
import { attentionSummary } from "../core/layout.mjs";
import { keyNames, numKeys } from "../core/token_names.mjs";

/** @type {import("./feeder.mjs").ColumnsOf} */
export function columns(frame, { layout, tokens }, { layer, head, overlay }) {
  const axis = { key_name: keyNames(tokens, frame), keys_range: [-0.5, numKeys(frame) - 0.5] };
  if (overlay) {
    const rows = Array.from({ length: layout.n_head }, (_, i) => [`weights_${i}`, headCells(frame, layout, layer, i).weights]);
    return { ...axis, ...Object.fromEntries(rows) };
  }
  const entropy = entropyWords(attentionSummary(frame, layout, layer, head)?.entropy ?? NaN);
  return { ...axis, ...headCells(frame, layout, layer, head), entropy };
}
