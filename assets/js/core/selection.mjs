/**
 * A selection that a session can show: what an address does not say, or says wrongly, gets a default.
 *
 * Knows layouts and the fields of a view. Refuses to know the page. Pure.
 */

import { TABS } from "./names.mjs";
import { watchedHere } from "./watched.mjs";

/** @param {import("./address.mjs").View} asked
 *  @param {import("./layout.mjs").Layout} layout
 *  @param {string} session
 *  @param {number} lastStep */
export function validView(asked, layout, session, lastStep) {
  const point = asked.point !== null && layout.rows.has(asked.point) ? asked.point : defaultPoint(layout);
  const layer = asked.layer !== null && asked.layer < layout.n_layer ? asked.layer : Math.max(0, blockOf(layout, point));
  return {
    session,
    step: asked.step === null ? null : Math.min(asked.step, lastStep),
    point,
    layer: Math.min(layer, Math.max(0, layout.n_layer - 1)),
    head: asked.head !== null && asked.head < layout.n_head ? asked.head : 0,
    neuron: asked.neuron !== null && asked.neuron < layout.points[/** @type {number} */ (layout.rows.get(point))].width ? asked.neuron : null,
    tab: TABS.some(([name]) => name === asked.tab) ? asked.tab : TABS[0][0],
    watched: watchedHere(asked.watched, layout),
  };
}

/** @param {import("./layout.mjs").Layout} layout
 *  @param {string} point
 *  @returns {number} block of a hook point, −1 outside the blocks */
export function blockOf(layout, point) {
  const { layer_index: index } = layout.points[/** @type {number} */ (layout.rows.get(point))];
  return index < layout.n_layer ? index : -1;
}

/** @param {import("./layout.mjs").Layout} layout
 *  @returns {string} the stream leaving the middle block, or the first point of a plain module */
function defaultPoint(layout) {
  const wanted = `block.${Math.floor(layout.n_layer / 2)}.resid_post`;
  return layout.rows.has(wanted) ? wanted : layout.points[0].key;
}
