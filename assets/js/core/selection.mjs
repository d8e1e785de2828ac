/**
 * A selection that a session can show: what an address does not say, or says wrongly, gets a default; and how it is drawn.
 *
 * Knows layouts and the fields of a view. Refuses to know the page. Pure.
 */

import { TABS, USUAL_TAB } from "./names.mjs";
import { watchedHere } from "./watched.mjs";

/** @typedef {import("./address.mjs").View} View */

/** @param {View} asked
 *  @param {import("./layout.mjs").Layout} layout
 *  @param {string} session
 *  @param {number} lastStep */
export function validView(asked, layout, session, lastStep) {
  const stream = `block.${Math.floor(layout.n_layer / 2)}.resid_post`; // as it leaves the middle block; a plain module has its first point
  const point = [asked.point, stream].find((key) => key !== null && layout.rows.has(key)) ?? layout.points[0].key;
  const layer = asked.layer !== null && asked.layer < layout.n_layer ? asked.layer : Math.max(0, blockOf(layout, point));
  return {
    session,
    step: asked.step === null ? null : Math.min(asked.step, lastStep),
    point,
    layer: Math.min(layer, Math.max(0, layout.n_layer - 1)),
    head: asked.head !== null && asked.head < layout.n_head ? asked.head : 0,
    neuron: asked.neuron !== null && asked.neuron < layout.points[/** @type {number} */ (layout.rows.get(point))].width ? asked.neuron : null,
    tab: TABS.some(([name]) => name === asked.tab && (name !== "why" || layout.n_head > 0)) ? asked.tab : USUAL_TAB,
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

/** @typedef {ReturnType<typeof stageLooks>} StageLooks */

/** The picture that is wanted: with Why open, that of parts, unless another one was chosen.
 *  @param {Pick<View, "picture"|"tab">} view
 *  @param {boolean} canWhy whether there is something to show of parts
 *  @returns {"tower"|"flat"|"why"} */
export function pictureOf({ picture, tab }, canWhy) {
  const wanted = picture ?? (tab === "why" ? "why" : "tower");
  return wanted === "why" && !canWhy ? "tower" : wanted;
}

/** @param {Partial<Pick<View, "sign"|"single"|"numbers"|"flow">>} view
 *  @param {boolean} isSmall a network of one's own, in which a weight's sign is what it says
 *  @returns {{isSigned: boolean, isSingle: boolean, hasStats: boolean, flow: import("./flow.mjs").FlowKind}} */
export function stageLooks({ sign, single, numbers, flow }, isSmall) {
  const isSigned = Boolean(sign ?? isSmall);
  return { isSigned, isSingle: Boolean(single), hasStats: Boolean(numbers), flow: flow ?? "attention" };
}

/** What the charts are asked for beside the place, by the names that the server knows.
 *  @param {Partial<View>} view
 *  @param {boolean} isSmall as for the stage
 *  @returns {{stat: string, heads: "entropy"|"distance", overlay: boolean, sign: boolean, temperature: number}} */
export function chartLooks({ stat, heads, overlay, sign, temperature }, isSmall) {
  return { stat: stat ?? "l2", heads: heads ?? "entropy", overlay: Boolean(overlay), sign: Boolean(sign ?? isSmall), temperature: temperature ?? 1 };
}

/** @param {Partial<View>} view
 *  @returns {{filter: string, sort: import("./hook_list.mjs").Sort, scale: "asinh"|"linear"|"own", marks: import("./hook_list.mjs").Marks|null}} of the
 *    list of hook points; marks null: as is usual on the page */
export function listLooks({ filter, sort, scale, marks }) {
  return { filter: filter ?? "", sort: sort ?? "model", scale: scale ?? "asinh", marks: marks ?? null };
}

/** @template T
 *  @param {T} value that was chosen
 *  @param {T} usual
 *  @returns {T|null} as a view has it: what is as usual is not said */
export function unlessUsual(value, usual) {
  return value === usual ? null : value;
}
