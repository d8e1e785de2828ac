/** Columns of mri/panels/looks.py from a frame: which row of the map the step is. Pure. */

import { numKeys, numRead } from "../core/token_names.mjs";

/** @typedef {import("../core/wire.mjs").Frame} Frame */
/** @typedef {import("./feeder.mjs").Source} Source */

const MAP_CELLS = 256;

/** @param {Frame} frame
 *  @param {Source} source */
export function columns(frame, { tokens }) {
  const every = Math.max(1, Math.ceil(numRead(tokens) / MAP_CELLS)); // positions that a cell stands for
  return { row: Math.floor((numKeys(frame) - 1) / every) };
}
