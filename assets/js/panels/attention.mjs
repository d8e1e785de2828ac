/** Columns of mri/panels/attention.py from a frame: where each head of a block looks. Pure. */

import { headCells } from "../core/heads.mjs";
import { keyNames, numKeys } from "../core/token_names.mjs";
import { framed } from "./feeder.mjs";

/** @type {import("./feeder.mjs").ColumnsOf} */
export function columns(frame, { layout, tokens }, { layer, head: selected }) {
  const rows = Array.from({ length: layout.n_head }, (_, head) => headCells(frame, layout, layer, head));
  const bound = rows.flatMap(({ bounds }) => bounds);
  return {
    layer,
    head: rows.flatMap(({ bounds }, head) => bounds.map(() => head)),
    weight: rows.flatMap(({ weights }) => weights),
    bound,
    unknown: bound.map((most) => (most === null ? null : 0)),
    key_name: keyNames(tokens, frame),
    keys_range: [-0.5, numKeys(frame) - 0.5],
    ...framed(0, selected),
  };
}
