/**
 * The switches of the stage: which picture, how it is coloured, what stands beside the plates, what the particles carry.
 *
 * Each says what a person picked. Refuses to know frames and how a picture is drawn.
 */

import { FLOWS } from "../core/flow.mjs";
import { unlessUsual } from "../core/selection.mjs";
import { wayOf, waysOf } from "../core/ways.mjs";
import { el } from "../shell/dom.mjs";

/** @typedef {import("../core/address.mjs").View} View */

/** What is drawn, beside what a person set. top: of the colour scale; numLanes: that are there to be seen; hasBetween: bars stand
 *  between two.
 *  @typedef {import("../core/selection.mjs").StageLooks & {top: number, isDifference: boolean, numLanes: number, hasBetween: boolean}} Looks */

/** @param {object} shown
 *  @param {Looks} shown.looks
 *  @param {import("../core/layout.mjs").Layout} shown.layout
 *  @param {boolean} shown.isTower that is seen, which needs WebGL2
 *  @param {"tower"|"flat"|"why"} shown.picture that is wanted
 *  @param {boolean} shown.isGrouped groups colour the dots
 *  @param {boolean} shown.canWhy there is a picture of parts
 *  @param {string|null} shown.groupsOf their name, also while they are switched off
 *  @param {(picked: Partial<View>) => void} onPick
 *  @param {() => void} onReset the camera goes back to where it began
 *  @returns {HTMLElement[]} */
export function toolButtons({ looks, layout, isTower, picture, isGrouped, groupsOf, canWhy }, onPick, onReset) {
  const { isSigned, isSingle, hasStats, hasGuess, isDifference, numLanes } = looks;
  const button = (/** @type {string} */ text, /** @type {boolean|null} */ pressed, /** @type {() => void} */ act, /** @type {string} */ title) =>
    el("button", { type: "button", text, title, "aria-pressed": pressed === null ? null : String(pressed), on: { click: act } });
  const pick = (/** @type {Partial<View>} */ fields) => () => onPick(fields);
  const isSignedAsUsual = layout.n_layer === 0;
  const why = canWhy ? [button("why", picture === "why", pick({ picture: "why" }), "What each part wrote to the chosen word, on the plates")] : [];
  const activity = canWhy && picture === "why" ? "activity" : "tower"; // in the picture of parts it is what the plates show else
  const ways = waysOf(numLanes).map((way) => button(way.name, way === wayOf(picture, isDifference), pick(way.view), `${way.says} (t)`));
  const pictures =
    numLanes > 1
      ? [el("div", { class: "mri-lane-ways", role: "group", "aria-label": "Ways to see them" }, ...ways)]
      : [
          ...why,
          button(activity, picture === "tower", pick({ picture: "tower" }), "Plates in perspective (t)"),
          button("flat", picture === "flat", pick({ picture: "flat" }), "All plates face on, for work (t)"),
        ];
  const reset = button("reset view", null, onReset, "Turn back to where it began (double-click)");
  if (picture === "why") return [...pictures, reset];
  const tools = [
    ...pictures,
    button("± sign", isSigned, pick({ sign: isSigned !== isSignedAsUsual ? null : isSigned ? 0 : 1 }), "Colour by sign: blue negative, red positive"),
    button("one plate", isSingle, pick({ single: isSingle ? null : 1 }), "Only the selected hook point, large"),
  ];
  if (numLanes === 2 && picture === "flat")
    tools.push(button("B − A", isDifference, pick({ difference: isDifference ? null : 1 }), "One picture of what the two differ by, neuron by neuron"));
  if (groupsOf) tools.push(button("groups", isGrouped, pick({ groups: isGrouped ? null : groupsOf }), "Colour by the groups of the Neurons page"));
  if (isTower) {
    const says = "Beside each plate: mean ± std and the share of values near zero, else the length ‖x‖";
    tools.push(button("statistics", hasStats, pick({ numbers: hasStats ? null : 1 }), says));
    const guessSays = "Beside each plate: the token that the stream would say there, and its share. Derived";
    tools.push(button("best guess", hasGuess, pick({ guess: hasGuess ? null : 1 }), guessSays), reset);
  }
  return tools;
}

/** @param {string} flow
 *  @param {(picked: Partial<View>) => void} onPick
 *  @returns {HTMLElement} */
export function flowChoice(flow, onPick) {
  const title = "What the particles carry";
  const change = (/** @type {any} */ event) => onPick({ flow: unlessUsual(event.target.value, "attention") });
  const options = FLOWS.map(([kind, label]) => el("option", { value: kind, text: `particles: ${label}`, selected: kind === flow }));
  return el("select", { title, "aria-label": title, on: { change } }, ...options);
}
