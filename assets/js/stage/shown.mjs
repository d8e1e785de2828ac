/** Types of what a picture shows, for all of the stage. No code. */

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
 *  @property {import("../core/why.mjs").Why|null} [why] of the first lane
 *  @property {string|null} [part] that is selected
 *  @property {"lost"|null} [amount]
 *  @property {import("../core/flow.mjs").FlowKind} flow
 *  @property {string|null} [camera] "yaw,pitch,zoom" of the tower
 *  @property {number} width
 *  @property {number} height */

export {};
