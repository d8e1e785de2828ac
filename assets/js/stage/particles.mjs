/**
 * Streams of particles as numbers: where each runs from and to, and the measured amount it carries.
 *
 * Number, brightness, speed and colour of a stream all carry the same amount. Their places within a stream are spread
 * evenly by fixed sequences: they mean nothing, and nothing is drawn at random. Pure; knows no WebGL and no clock.
 */

import { FULL_FLOW, reads, writes } from "../core/flow.mjs";
import { MOST_STREAMS } from "./shaders.mjs";

/** @typedef {import("./tower_geometry.mjs").Slab} Slab */
/** @typedef {(position: number) => [number, number, number]} ColumnOf where a token's column stands */

/** Numbers for each particle: from (3), to (3), offset along the way, amount 0…1, stream. */
export const PARTICLE_FLOATS = 9;
const MOST_IN_STREAM = 56;
const [GOLDEN_X, GOLDEN_Z, GOLDEN_T] = [0.7548776662466927, 0.5698402909980532, 0.6180339887498949]; // R2 sequence (Roberts 2018)

/** @typedef {object} Streams
 *  @property {Float32Array} particles (n * PARTICLE_FLOATS,)
 *  @property {Float32Array} amounts (n_streams,) 0…1 of the full flow: what the speed follows */

/** @param {import("../core/types.mjs").Lane[]} lanes
 *  @param {Slab[]} slabs lane by lane, bottom to top
 *  @param {import("../core/flow.mjs").FlowKind} kind
 *  @param {ColumnOf[]} columnOf of each lane
 *  @returns {Streams} */
export function streamsOf(lanes, slabs, kind, columnOf) {
  const amounts = new Float32Array(MOST_STREAMS);
  /** @type {number[]} */
  const out = [];
  let first = 0;
  lanes.forEach(({ frame, run: { layout }, differences }, lane) => {
    const blocks = frame && !differences ? Math.min(layout.n_layer, MOST_STREAMS - first) : 0;
    const written = blocks && frame && (kind === "attention" || kind === "mlp") ? writes(frame, layout, kind) : null;
    const plates = slabs.filter((slab) => slab.lane === lane);
    for (let block = 0; frame && block < blocks; block++) {
      const upper = plates.findIndex(({ key }) => key.startsWith(`block.${block}.`));
      if (upper < 0) continue;
      const at = { block, stream: first + block };
      if (written && upper > 0) amounts[at.stream] = stream(out, plates[upper - 1], plates[upper], written[block], at);
      else if (kind === "tokens") amounts[at.stream] = readStream(out, reads(frame, layout, block), plates[upper], columnOf[lane], at);
    }
    first += layout.n_layer;
  });
  return { particles: Float32Array.from(out), amounts };
}

/** @typedef {{block: number, stream: number}} Place which of the phases a stream follows */

/** @param {number[]} out
 *  @param {Slab} lower
 *  @param {Slab} upper
 *  @param {number} amount
 *  @param {Place} place
 *  @returns {number} share of the full flow */
function stream(out, lower, upper, amount, { block, stream }) {
  const share = Math.min(1, amount / FULL_FLOW);
  if (!(share > 0)) return 0;
  const count = Math.ceil(share * MOST_IN_STREAM);
  for (let i = 0; i < count; i++) {
    const [x, z] = [0.92 * (((i + 1) * GOLDEN_X + block * 0.37) % 1) - 0.46, (((i + 1) * GOLDEN_Z) % 1) - 0.5];
    out.push(lower.x + x, lower.y, lower.z + z * lower.depth, upper.x + x, upper.y, upper.z + z * upper.depth, ((i + 1) * GOLDEN_T) % 1, share, stream);
  }
  return share;
}

/** From token columns up to a plate: to each position as many particles as its part of the kept weights.
 *  @param {number[]} out
 *  @param {Map<number, number>|null} mass
 *  @param {Slab} upper
 *  @param {ColumnOf} columnOf
 *  @param {Place} place
 *  @returns {number} the largest weight */
function readStream(out, mass, upper, columnOf, { stream }) {
  let most = 0;
  for (const [position, weight] of mass ?? []) {
    const count = Math.round((weight / FULL_FLOW) * MOST_IN_STREAM);
    const from = columnOf(position);
    const front = upper.z + upper.depth / 2;
    most = Math.max(most, weight);
    for (let i = 0; i < count; i++) {
      const spread = 0.02 * (((i + 1) * GOLDEN_X) % 1) - 0.01;
      out.push(from[0] + spread, from[1], from[2], from[0] + spread, upper.y, front, ((i + 1) * GOLDEN_T + position * 0.13) % 1, weight, stream);
    }
  }
  return Math.min(1, most / FULL_FLOW);
}
