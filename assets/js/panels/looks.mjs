/** Columns of mri/panels/looks.py from a frame: which row of the map the step is. Pure. */

import { numKeys, numRead } from "../core/token_names.mjs";

const MAP_CELLS = 256;

/** @type {import("./feeder.mjs").ColumnsOf} */
export function columns(frame, { tokens }) {
  const every = Math.max(1, Math.ceil(numRead(tokens) / MAP_CELLS)); // positions that a cell stands for
  return { row: Math.floor((numKeys(frame) - 1) / every) };
}
