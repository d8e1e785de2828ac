/**
 * What each key's command does to clock, selection and page.
 *
 * Knows the commands of desk/keys.mjs. Refuses to know keys.
 */

import { nextWay } from "../core/ways.mjs";
import { plateKeys } from "../stage/plates.mjs";

/** @typedef {object} On
 *  @property {import("../desk/player.mjs").Player} player
 *  @property {import("../core/layout.mjs").Layout} layout
 *  @property {import("../core/address.mjs").View} view
 *  @property {string} picture the one that is seen
 *  @property {number} numLanes
 *  @property {(fields: Partial<import("../core/address.mjs").View>) => void} select
 *  @property {(point: string, neuron: number) => void} toggleWatch
 *  @property {(direction: 1|-1) => void} nextTelling
 *  @property {(position: number|null) => void} openWhy of a word, or of what the step chose
 *  @property {import("../core/why.mjs").Why|null} why what is explained now */

/** By name: what it does, with the command's own amounts.
 *  @type {Record<string, (on: On, command: any) => void>} */
export const COMMANDS = Object.freeze({
  toggle: ({ player }) => player.toggle(),
  stepBy: ({ player }, { steps }) => player.stepBy(steps),
  stepByTenth: ({ player }, { tenths }) => player.stepBy(tenths * Math.max(1, Math.round(player.numSteps / 10))),
  seekFirst: ({ player }) => player.seek(0),
  seekLast: ({ player }) => player.seek(player.lastStep),
  scaleSpeed: ({ player }, { factor }) => player.scaleSpeed(factor),
  moveLayer: ({ layout, view, select }, { layers }) => select({ point: layerBeside(layout, /** @type {string} */ (view.point), layers) }),
  nextHead: ({ layout, view, select }) => select({ head: ((view.head ?? 0) + 1) % Math.max(1, layout.n_head), layer: view.layer }),
  toggleWatch: ({ view, toggleWatch }) => toggleWatch(/** @type {string} */ (view.point), /** @type {number} */ (view.neuron)),
  whyThis: ({ openWhy }) => openWhy(focusedPosition()),
  swapPair: ({ why, view, select }) => why && view.tab === "why" && select({ token: why.against, against: why.token }),
  loopFrom: ({ player }) => player.loopFrom(player.step),
  loopTo: ({ player }) => player.loopTo(player.step),
  clearLoop: ({ player }) => player.setLoop(null),
  nextTelling: ({ nextTelling }, { direction }) => nextTelling(direction),
  follow: ({ player }) => (player.isGrowing ? player.follow() : otherView()?.click()),
  focusPrompt: () => document.getElementById("record-open")?.click(),
  togglePicture: ({ picture, numLanes, view, select }) =>
    select(numLanes > 1 ? nextWay(picture, view.difference !== null, numLanes).view : { picture: picture === "tower" ? "flat" : "tower" }),
});

/** @returns {HTMLElement|null} the button of Simple or Full, whichever is not seen */
function otherView() {
  return document.querySelector('.mri-views [aria-pressed="false"]');
}

/** @returns {number|null} of the token in the ribbon that has the focus */
function focusedPosition() {
  const { position } = /** @type {HTMLElement} */ (document.activeElement)?.dataset ?? {};
  return position === undefined ? null : Number(position);
}

/** @param {import("../core/layout.mjs").Layout} layout
 *  @param {string} point
 *  @param {number} layers upwards
 *  @returns {string} hook point of the same family */
function layerBeside(layout, point, layers) {
  const keys = plateKeys(layout, point);
  return keys[Math.min(keys.length - 1, Math.max(0, keys.indexOf(point) + layers))];
}
