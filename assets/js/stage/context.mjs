/** What the stage is given, and what it gives a picture. No code. */

/** @typedef {object} StageContext
 *  @property {import("../core/layout.mjs").Layout} layout of the first lane
 *  @property {Record<string, any>} scales assets/scales.json
 *  @property {(picked: Partial<import("../core/address.mjs").View> & {watch?: boolean}) => void} onPick
 *  @property {() => void} onRetry the step that did not come is asked for again
 *  @property {() => void} needsRedraw
 *  @property {() => boolean} willRedraw whether `draw` comes in this animation frame anyway
 *  @property {(width: number) => import("./tower.mjs").Margins} [margins] around the tower in a stage of so many CSS pixels, in the place of those for
 *    its words
 *  @property {(key: string) => boolean} [hasPlate] whether a hook point stands there; none: each does
 *  @property {boolean} [isUnmarked] the selected hook point's plate looks like the others
 *  @property {typeof import("./tip.mjs").tipParts} [tip] what is said under the pointer */

/** @typedef {object} Shown what a picture shows; `width` and `height` are CSS pixels
 *  @property {{key: string, widths: number[]}[]} rows hook points, bottom to top, with the neurons of each lane
 *  @property {string|null} point the selected one
 *  @property {number|null} neuron
 *  @property {readonly string[]} watched "<hook point>:<neuron>"
 *  @property {import("../core/groups.mjs").Groups|null} groups that colour the dots instead of their magnitude
 *  @property {Record<string, number>} fullScale hook point -> magnitude at the top of the colour scale, of all lanes
 *  @property {boolean} isSigned
 *  @property {boolean} isDifference B − A is shown
 *  @property {Record<string, number>|null} [between] of two lanes: how far apart each hook point is, 0 … 2
 *  @property {boolean} hasStats
 *  @property {import("../core/flow.mjs").FlowKind} flow
 *  @property {string|null} [camera] "yaw,pitch,zoom" of the tower
 *  @property {number} width
 *  @property {number} height */

export {};
