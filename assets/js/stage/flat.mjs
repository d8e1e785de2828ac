/**
 * The flat picture: all plates face on, those of several lanes side by side, on a 2-D canvas. For work, and where there is no
 * WebGL2.
 *
 * Knows plates and a canvas. Refuses to know the mouse, the legend and the clock.
 */

import { plain } from "../core/colour.mjs";
import { paintGround, paintNeurons } from "./paint.mjs";
import { centreOf, hit, placePlates } from "./plates.mjs";
import { makeSprites } from "./sprites.mjs";
import { el, sized } from "../shell/dom.mjs";
import { dotScales } from "./legend.mjs";

/** @typedef {import("./stage.mjs").Shown} Shown */

export class FlatPicture {
  /** @type {import("./plates.mjs").Plate[]} */
  plates = [];
  /** @type {import("./paint.mjs").Scene|null} */
  #scene = null;
  #ground = document.createElement("canvas");
  #groundOf = "";

  /** @param {object} context
   *  @param {Record<string, any>} context.scales */
  constructor(context) {
    this.context = context;
    this.canvas = el("canvas", { "aria-hidden": "true", class: "mri-flat" });
    this.ctx = this.canvas.getContext("2d");
  }

  /** @param {import("../core/types.mjs").Lane[]} lanes
   *  @param {Shown} shown */
  draw(lanes, shown) {
    if (!this.ctx) return;
    const { fullScale, ...arranged } = shown;
    const arrangement = JSON.stringify([arranged, lanes.map(({ name }) => name)]);
    if (arrangement !== this.#groundOf) this.#place(lanes, shown, arrangement);
    const { ctx } = this;
    ctx.save();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.globalCompositeOperation = "copy";
    ctx.drawImage(this.#ground, 0, 0);
    ctx.restore();
    paintNeurons(ctx, { .../** @type {any} */ (this.#scene), fullScale }, lanes);
  }

  /** @param {import("../core/types.mjs").Lane[]} lanes
   *  @param {Shown} shown
   *  @param {string} arrangement its name */
  #place(lanes, { rows, point, neuron, watched, groups, isSigned, isDifference, fullScale, width, height }, arrangement) {
    const { scales } = this.context;
    const ratio = Math.min(2, devicePixelRatio || 1);
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) this.ctx = sized(this.canvas, width, height);
    this.plates = placePlates(rows, width, height);
    const { cellPx } = this.plates[0];
    const { positive, negative } = dotScales(scales, isSigned, isDifference);
    const sign = isDifference ? "difference" : isSigned ? "sign" : "none";
    const previous = this.#scene;
    const isSame = previous && previous.plates[0].cellPx === cellPx && previous.sign === sign;
    const ofPositive = isSame ? previous.positive : makeSprites(positive, cellPx, ratio);
    const ofNegative = isSame ? previous.negative : sign === "none" ? ofPositive : makeSprites(negative, cellPx, ratio);
    const hasGroups = isSame && previous.groups === groups;
    const grouped = hasGroups ? previous.grouped : (groups?.colours ?? []).map((colour) => makeSprites(plain(colour), cellPx, ratio));
    const sprites = { positive: ofPositive, negative: ofNegative, grouped };
    const labels = lanes.map(({ name }) => name);
    this.#scene = { labels, plates: this.plates, fullScale, ...sprites, groups, marks: scales.marks, selected: { point, neuron }, watched, sign };
    paintGround(/** @type {CanvasRenderingContext2D} */ (sized(this.#ground, width, height)), this.#scene);
    this.#groundOf = arrangement;
  }

  /** @param {number} x
   *  @param {number} y
   *  @returns {import("./tower_geometry.mjs").Hit|null} */
  hit(x, y) {
    const found = hit(this.plates, x, y);
    return found && { lane: found.plate.lane, key: found.plate.key, neuron: found.neuron };
  }

  /** @param {string} key
   *  @param {number} neuron
   *  @param {number} lane
   *  @returns {[number, number]|null} where it is drawn, in CSS pixels */
  locate(key, neuron, lane) {
    const plate = this.plates.find((each) => each.key === key && each.lane === lane && neuron < each.width);
    return plate ? centreOf(plate, neuron) : null;
  }
}
