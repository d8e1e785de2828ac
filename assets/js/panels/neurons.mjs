/** Columns of mri/panels/neurons.py from a frame: every neuron of a hook point. Pure. */

import { bound, hookPoint, isNeverNegative, marks, values } from "../core/layout.mjs";
import { MARK } from "../core/quantization.mjs";
import { gridShape } from "../stage/plates.mjs";
import { framed } from "./feeder.mjs";

/** @type {import("./feeder.mjs").ColumnsOf} */
export function columns(frame, { layout }, { point, neuron, sign = false }) {
  const { width } = hookPoint(layout, point);
  const { cols } = gridShape(width);
  const chosen = neuron ?? 0;
  const [own, what] = [values(frame, layout, point), marks(frame, layout, point)];
  const isNumber = (/** @type {number} */ i) => what[i] === MARK.value || what[i] === MARK.clipped;
  const order = [...own.keys()].filter((i) => what[i] !== MARK.notCaptured).sort((a, b) => strength(own[b]) - strength(own[a]));
  const rank = new Int32Array(width);
  order.forEach((neuron, place) => (rank[neuron] = place + 1));
  const odd = [...what.keys()].filter((i) => !isNumber(i) && what[i] !== MARK.notCaptured);
  const limit = own.reduce((most, value, i) => (isNumber(i) ? Math.max(most, Math.abs(value)) : most), 0) || 1;
  return {
    neuron: [...own.keys()],
    number: Array.from(own, (value, i) => (isNumber(i) ? (sign ? value : Math.abs(value)) : null)),
    exact: Array.from(own, (value, i) => (isNumber(i) ? value : null)),
    unknown: Array.from(what, (mark) => (mark === MARK.notCaptured ? 0 : null)),
    bound: bound(frame, layout, point),
    rank,
    low: sign && !isNeverNegative(hookPoint(layout, point)) ? -limit : 0,
    high: limit,
    odd: odd.map((i) => (what[i] === MARK.nan ? "NaN" : what[i] === MARK.plusInfinity ? "+∞" : "−∞")),
    odd_neuron: odd,
    odd_x: odd.map((i) => i % cols),
    odd_y: odd.map((i) => Math.floor(i / cols)),
    ...framed(chosen % cols, chosen < width ? Math.floor(chosen / cols) : -9),
  };
}

/** Magnitude for ranking; NaN comes last among the captured, as in `ranks` of neurons.py.
 *  @param {number} value */
function strength(value) {
  return Number.isNaN(value) ? -1 : Math.abs(value);
}
