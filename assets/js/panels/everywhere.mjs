/** Columns of mri/panels/everywhere.py from a frame: where all heads look, the top block first. Pure. */

import { headCells } from "../core/heads.mjs";
import { keyNames, numKeys } from "../core/token_names.mjs";
import { framed } from "./feeder.mjs";

/** @type {import("./feeder.mjs").ColumnsOf} */
export function columns(frame, { layout, tokens }, { layer: selected, head }) {
  const { n_layer: numLayers, n_head: numHeads } = layout;
  const places = Array.from({ length: numLayers * numHeads }, (_, row) => ({ layer: numLayers - 1 - Math.floor(row / numHeads), head: row % numHeads }));
  const rows = places.map(({ layer, head: each }) => headCells(frame, layout, layer, each));
  const bound = rows.flatMap(({ bounds }) => bounds);
  const cells = (/** @type {"layer"|"head"} */ name) => rows.flatMap(({ bounds }, row) => bounds.map(() => places[row][name]));
  return {
    layer: cells("layer"),
    head: cells("head"),
    weight: rows.flatMap(({ weights }) => weights),
    bound,
    unknown: bound.map((most) => (most === null ? null : 0)),
    key_name: keyNames(tokens, frame),
    keys_range: [-0.5, numKeys(frame) - 0.5],
    ...framed(0, (numLayers - 1 - selected) * numHeads + head),
  };
}
