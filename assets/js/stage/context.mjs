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
 *  @property {boolean} [hasTops] whether the strongest predictions stand over the towers; absent: over several, where nothing else on the page says them
 *  @property {boolean} [isUnmarked] the selected hook point's plate looks like the others
 *  @property {typeof import("./tip.mjs").tipParts} [tip] what is said under the pointer */

export {};
