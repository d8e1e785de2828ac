/**
 * The line of tools above the picture: which picture, what its plates show, how it is coloured, what stands beside it and runs in it.
 *
 * Each says what a person picked. Refuses to know frames and how a picture is drawn.
 */

import { FLOWS } from "../core/flow.mjs";
import { blockOf, unlessUsual } from "../core/selection.mjs";
import { wayOf, waysOf } from "../core/ways.mjs";
import { el } from "../shell/dom.mjs";
import { kindOf } from "./plates.mjs";

/** @typedef {import("../core/address.mjs").View} View */

/** What is drawn, beside what a person set. top: of the colour scale; numLanes: that are there to be seen; hasBetween: bars stand
 *  between two.
 *  @typedef {import("../core/selection.mjs").StageLooks & {top: number, isDifference: boolean, numLanes: number, hasBetween: boolean}} Looks */

/** @typedef {object} Tooled
 *  @property {Looks} looks
 *  @property {import("../core/layout.mjs").Layout} layout
 *  @property {string} point the selected hook point
 *  @property {boolean} isTower that is seen, which needs WebGL2
 *  @property {boolean} hasFlow particles can run
 *  @property {"tower"|"flat"|"why"} picture that is wanted
 *  @property {boolean} isGrouped groups colour the dots
 *  @property {boolean} canWhy there is a picture of parts
 *  @property {string|null} groupsOf their name, also while they are switched off */

/** @typedef {(picked: Partial<View>) => void} OnPick */

/** @param {Tooled} shown
 *  @param {OnPick} onPick
 *  @param {() => void} onReset the camera goes back to where it began
 *  @returns {HTMLElement[]} */
export function toolsOf(shown, onPick, onReset) {
  const { looks, picture, isTower, hasFlow } = shown;
  const reset = button("⟲", null, onReset, "Reset view: turn back to where it began (double-click)");
  reset.setAttribute("aria-label", "reset view");
  reset.classList.add("mri-tool-end");
  if (picture === "why") return [pictures(shown, onPick), reset];
  const [plates, colours] = [platesOf(shown), coloursOf(shown)];
  const tools = [pictures(shown, onPick), ...(looks.numLanes > 1 ? [single(looks.isSingle, onPick)] : [])];
  if (plates.options.length > 1) tools.push(choice("plates", "What the plates show", plates, onPick));
  tools.push(choice("colour", "What the colour of a dot says", colours, onPick));
  if (hasFlow) tools.push(choice("particles", "What the particles carry", flowsOf(looks.flow), onPick));
  if (!isTower) return tools;
  const says = "Beside each plate: mean ± std and the share of values near zero, else the length ‖x‖";
  tools.push(
    button("statistics", looks.hasStats, () => onPick({ numbers: looks.hasStats ? null : 1 }), says),
    reset,
  );
  return tools;
}

/** @param {string} text
 *  @param {boolean|null} pressed
 *  @param {() => void} act
 *  @param {string} title
 *  @returns {HTMLElement} */
function button(text, pressed, act, title) {
  return el("button", { type: "button", text, title, "aria-pressed": pressed === null ? null : String(pressed), on: { click: act } });
}

/** @param {Tooled} shown
 *  @param {OnPick} onPick
 *  @returns {HTMLElement} */
function pictures({ looks: { isSingle, isDifference, numLanes }, picture, canWhy }, onPick) {
  const pick = (/** @type {Partial<View>} */ fields) => () => onPick(fields);
  if (numLanes > 1) {
    const ways = waysOf(numLanes).map((way) => button(way.name, way === wayOf(picture, isDifference), pick(way.view), `${way.says} (t)`));
    return el("span", { class: "mri-pictures", role: "group", "aria-label": "Ways to see them" }, ...ways);
  }
  const why = canWhy ? [button("why", picture === "why", pick({ picture: "why" }), "What each part wrote to the chosen word, on the plates")] : [];
  const activity = canWhy && picture === "why" ? "activity" : "tower"; // in the picture of parts it is what the plates show else
  return el(
    "span",
    { class: "mri-pictures", role: "group", "aria-label": "Picture" },
    ...why,
    button(activity, picture === "tower", pick({ picture: "tower" }), "Plates in perspective (t)"),
    button("flat", picture === "flat", pick({ picture: "flat" }), "All plates face on, for work (t)"),
    ...(picture === "why" ? [] : [single(isSingle, onPick)]),
  );
}

/** @param {boolean} isSingle
 *  @param {OnPick} onPick
 *  @returns {HTMLElement} */
function single(isSingle, onPick) {
  return button("one plate", isSingle, () => onPick({ single: isSingle ? null : 1 }), "Only the selected hook point, large");
}

/** @typedef {[string, Partial<View>, string?]} Option what it is called, what choosing it sets, its name on the page where that is another
 *  @typedef {{options: Option[], chosen: string}} Choices */

/** @param {string} name
 *  @param {string} title
 *  @param {Choices} choices
 *  @param {OnPick} onPick
 *  @returns {HTMLElement} */
function choice(name, title, { options, chosen }, onPick) {
  const change = (/** @type {any} */ event) => onPick(options.find(([value]) => value === event.target.value)?.[1] ?? {});
  const texts = options.map(([value, , text = value]) => el("option", { value, text, selected: value === chosen }));
  return el("label", { class: "mri-tool" }, name, el("select", { title, "aria-label": title, on: { change } }, ...texts));
}

/** The same kind of hook point in every block.
 *  @param {Tooled} shown
 *  @returns {Choices} */
function platesOf({ layout, point }) {
  const kinds = [...new Set(layout.points.map(({ key }) => key).filter((key) => key.startsWith("block.")))].map(kindOf);
  const block = Math.max(0, blockOf(layout, point));
  /** @type {Option[]} */
  const options = [...new Set(kinds)].reverse().map((kind) => [kind, { point: `block.${block}.${kind}` }]);
  const isEnd = point === "embed.resid0" || point === "final.ln_f"; // stands with the stream that it begins or ends
  const chosen = isEnd ? "resid_post" : kindOf(point);
  if (layout.n_layer && !options.some(([kind]) => kind === chosen)) options.unshift([chosen, { point }]);
  return { options: layout.n_layer ? options : [], chosen };
}

/** @param {Tooled} shown
 *  @returns {Choices} */
function coloursOf({ looks: { isSigned, isDifference, numLanes }, layout, isGrouped, groupsOf }) {
  const isSignedAsUsual = layout.n_layer === 0;
  const none = { ...(isDifference ? { difference: null } : {}), ...(isGrouped ? { groups: null } : {}) };
  /** @type {Option[]} */
  const options = [
    ["magnitude", { ...none, sign: isSignedAsUsual ? 0 : null }],
    ["sign", { ...none, sign: isSignedAsUsual ? null : 1 }, "± sign"],
  ];
  if (numLanes === 2) options.push(["difference", { ...none, difference: 1 }, "B − A"]);
  if (groupsOf) options.push(["groups", { ...none, groups: groupsOf }]);
  const chosen = isDifference ? "difference" : isGrouped ? "groups" : isSigned ? "sign" : "magnitude";
  return { options, chosen };
}

/** @param {import("../core/flow.mjs").FlowKind} flow
 *  @returns {Choices} */
function flowsOf(flow) {
  return { options: FLOWS.map(([kind, label]) => [kind, { flow: unlessUsual(kind, "attention") }, label]), chosen: flow };
}
