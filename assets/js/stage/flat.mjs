/**
 * The flat picture: all plates face on, on a 2-D canvas. For work, and where there is no WebGL2.
 *
 * Knows plates and a canvas. Refuses to know the mouse, the legend and the clock.
 */

import { hookPoint } from "../core/layout.mjs";
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
   *  @param {import("../core/layout.mjs").Layout} context.layout
   *  @param {Record<string, any>} context.scales
   *  @param {Record<string, number>} context.fullScale */
  constructor(context) {
    this.context = context;
    this.canvas = el("canvas", { "aria-hidden": "true", class: "mri-flat" });
    this.ctx = this.canvas.getContext("2d");
  }

  /** @param {import("../core/wire.mjs").Frame} frame
   *  @param {Shown} shown */
  draw(frame, shown) {
    if (!this.ctx) return;
    const arrangement = JSON.stringify(shown);
    if (arrangement !== this.#groundOf) this.#place(shown, arrangement);
    const { ctx } = this;
    ctx.save();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.globalCompositeOperation = "copy";
    ctx.drawImage(this.#ground, 0, 0);
    ctx.restore();
    paintNeurons(ctx, /** @type {any} */ (this.#scene), frame);
  }

  /** @param {Shown} shown
   *  @param {string} arrangement its name */
  #place({ keys, point, neuron, watched, groups, isSigned, width, height }, arrangement) {
    const { layout, scales, fullScale } = this.context;
    const ratio = Math.min(2, devicePixelRatio || 1);
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) this.ctx = sized(this.canvas, width, height);
    this.plates = placePlates(
      keys.map((key) => hookPoint(layout, key)),
      width,
      height,
    );
    const { cellPx } = this.plates[0];
    const { positive, negative } = dotScales(scales, isSigned);
    const previous = this.#scene;
    const isSame = previous && previous.plates[0].cellPx === cellPx && previous.signed === isSigned;
    const ofPositive = isSame ? previous.positive : makeSprites(positive, cellPx, ratio);
    const ofNegative = isSame ? previous.negative : isSigned ? makeSprites(negative, cellPx, ratio) : ofPositive;
    const isSameGroups = isSame && previous.groups === groups;
    const grouped = isSameGroups
      ? previous.grouped
      : (groups?.colours ?? []).map((colour) =>
          makeSprites(
            [
              [0, colour],
              [1, colour],
            ],
            cellPx,
            ratio,
          ),
        );
    const selected = { point, neuron };
    this.#scene = {
      layout,
      plates: this.plates,
      fullScale,
      positive: ofPositive,
      negative: ofNegative,
      groups,
      grouped,
      marks: scales.marks,
      selected,
      watched,
      signed: isSigned,
    };
    paintGround(/** @type {CanvasRenderingContext2D} */ (sized(this.#ground, width, height)), this.#scene);
    this.#groundOf = arrangement;
  }

  /** @param {number} x
   *  @param {number} y
   *  @returns {{key: string, neuron: number|null}|null} */
  hit(x, y) {
    const found = hit(this.plates, x, y);
    return found && { key: found.plate.key, neuron: found.neuron };
  }

  /** @param {string} key
   *  @param {number} neuron
   *  @returns {[number, number]|null} where it is drawn, in CSS pixels */
  locate(key, neuron) {
    const plate = this.plates.find((each) => each.key === key);
    return plate ? centreOf(plate, neuron) : null;
  }

  close() {}
}
