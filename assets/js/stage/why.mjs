/**
 * The picture of parts: on each block's plate its heads and its MLP, how much each one wrote or how much is lost without it, and
 * what every coordinate and neuron wrote. One quantity at a time, named.
 *
 * A picture like the tower and the flat one, on a 2-D canvas with the tower's camera. Knows a Why; refuses to know who asked for it.
 */

import { dequantized } from "../core/quantization.mjs";
import { partNamed, bothNumbers, fourDigits, plain, selectionOf, signed, wordOf } from "../core/why_words.mjs";
import { DIM_SHARE, strongestParts, yardstick } from "../core/why_rows.mjs";
import { el, say, sized } from "../shell/dom.mjs";
import { HOME, fitCamera, orbitFromText, project, textFromOrbit, turned } from "./camera.mjs";
import { TowerLabels, WIDE_PX, sides } from "./labels.mjs";
import { BELOW, cornersOf } from "./tower_geometry.mjs";
import { paintParts, paintPlates } from "./why_paint.mjs";
import { outlineOf, placeParts, tileAt, withoutOverlap } from "./why_plates.mjs";

/** @typedef {import("../core/why.mjs").Why} Why */
/** @typedef {import("./stage.mjs").Shown} Shown */
/** @typedef {import("./why_plates.mjs").Tile} Tile */

const FLAT = 1.35; // plates nearer to each other than the tower's, and so much wider
const MOST_PILLS = 7;
const PILL_PX = 17;
const CHAR_PX = 6.8;

export class WhyPicture {
  /** The keyboard's hand walks neurons of hook points, of which there are none here: rows and maps of the tab are its way.
   *  @type {never[]} */
  plates = [];
  orbit = { ...HOME };
  /** @type {Why|null} */
  why = null;
  /** @type {import("./camera.mjs").Camera|null} */
  camera = null;
  /** @type {Tile[]} */
  #tiles = [];
  /** What words on the plates keep clear of: names and sums beside them.
   *  @type {import("./why_plates.mjs").Box[]} */
  #taken = [];
  #top = 0;
  #ground = document.createElement("canvas");
  #arrangement = "";
  #tell = () => {};
  /** @type {{of: any, head: Float32Array, mlp: Float32Array}|null} what coordinates wrote, of one answer */
  #dots = null;

  /** @param {object} context
   *  @param {import("../core/layout.mjs").Layout} context.layout
   *  @param {(camera: string|null) => void} context.onTurn */
  constructor(context) {
    this.context = context;
    this.canvas = el("canvas", { "aria-hidden": "true", class: "mri-parts" });
    this.labels = new TowerLabels();
    this.pills = el("div", { class: "mri-pills" });
    this.labels.host.append(this.pills);
  }

  /** @param {import("../core/types.mjs").Lane[]} lanes the first one
   *  @param {Shown} shown */
  draw(lanes, { width, height, camera, why = null, part = null, amount = null }) {
    this.why = why;
    this.orbit = orbitFromText(camera);
    const arrangement = JSON.stringify([width, height, camera]);
    if (arrangement !== this.#arrangement) this.#place(width, height);
    this.#arrangement = arrangement;
    const ctx = this.canvas.getContext("2d");
    if (!ctx || !this.camera) return;
    ctx.save();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.globalCompositeOperation = "copy";
    ctx.drawImage(this.#ground, 0, 0);
    ctx.restore();
    const isLost = amount === "lost";
    const amounts = why && (isLost ? (why.lost?.amounts ?? null) : why.wrote);
    const selected = why ? partNamed(why, part) : -1;
    const least = why ? DIM_SHARE * yardstick(why) : 0;
    const scene = { tiles: this.#tiles, camera: this.camera, colours: coloursOf(this.canvas), amounts, least, selected };
    paintParts(ctx, { ...scene, dotsOf: why?.answer ? this.#dotsOf(why.answer) : null });
    const columns = this.labels.columnsFor(lanes);
    this.#tell = () => {
      this.labels.tell(lanes, columns, false, null, { beside: (key) => this.#beside(key, amounts) });
      this.#tellPills(amounts, isLost, selected);
    };
  }

  /** The words on the picture. */
  write() {
    this.#tell();
    this.#tell = () => {};
  }

  /** @param {number} width
   *  @param {number} height */
  #place(width, height) {
    const { layout } = this.context;
    const numEmbd = widthOf(layout, "block.0.resid_post");
    const { slabs, tiles } = placeParts(layout, numEmbd, widthOf(layout, "block.0.mlp_act") || 4 * numEmbd, (FLAT * width) / height);
    this.#tiles = tiles;
    const isWide = width >= WIDE_PX;
    const margins = { left: isWide ? 176 : 66, right: isWide ? 84 : 60, top: 44, bottom: 34 };
    this.camera = fitCamera(this.orbit, cornersOf(slabs), { width, height, ...margins });
    sized(this.canvas, width, height);
    const ground = sized(this.#ground, width, height);
    if (ground) paintPlates(ground, slabs, tiles, this.camera, coloursOf(this.canvas));
    this.labels.place(slabs, this.camera, null);
    const highest = slabs[slabs.length - 1];
    this.#top = project(this.camera, highest.x, highest.y + BELOW * 0.66, highest.z)[1] + 4;
    this.#taken = slabs.flatMap((slab) => {
      const [[left, y], [right, otherY]] = sides(slab, /** @type {any} */ (this.camera));
      return [
        { left: left - 80, right: left - 6, top: y - 8, bottom: y + 8 },
        { left: right + 6, right: right + 60, top: otherY - 8, bottom: otherY + 8 },
      ];
    });
  }

  /** @param {string} key of a block
   *  @param {ArrayLike<number>|null} amounts
   *  @returns {string} the block's sum, of what was written only: losses do not add up */
  #beside(key, amounts) {
    const { why } = this;
    if (!why || amounts !== why.wrote) return "";
    const block = Number(key.split(".")[1]);
    return signed(why.parts.reduce((total, part) => total + (part.block === block ? why.wrote[part.index] : 0), 0));
  }

  /** @param {ArrayLike<number>|null} amounts
   *  @param {boolean} isLost
   *  @param {number} selected */
  #tellPills(amounts, isLost, selected) {
    const { why, camera } = this;
    if (!why || !amounts || !camera) return this.pills.replaceChildren();
    const seen = [...strongestParts({ ...why, lost: isLost ? why.lost : null, wrote: isLost ? /** @type {any} */ (amounts) : why.wrote }, MOST_PILLS)];
    const shown = seen.filter((part) => Math.abs(amounts[part]) >= DIM_SHARE * yardstick(why) || part === selected);
    if (selected >= 0 && !shown.includes(selected)) shown.unshift(selected);
    const words = shown.map((part) => {
      const corners = outlineOf(this.#tiles[part - 1], camera);
      const text = isLost ? plain(amounts[part]) : signed(amounts[part]);
      const { short } = why.parts[part];
      const width = (short.length + text.length) * CHAR_PX + 26;
      const [x, y] = [0, 1].map((axis) => corners.reduce((total, corner) => total + corner[axis], 0) / corners.length);
      return { part, short, text, x, y, width, height: PILL_PX };
    });
    const places = withoutOverlap(words, { left: 2, top: this.#top, right: camera.width - 2, bottom: camera.height - 30 }, this.#taken);
    const pills = words.flatMap(({ part, short, text }, i) => {
      const place = places[i];
      if (!place) return [];
      const classes = `mri-pill ${amounts[part] < 0 ? "is-against" : "is-for"}${part === selected ? " is-selected" : ""}`;
      return [el("span", { class: classes, style: `translate:${Math.round(place[0])}px ${Math.round(place[1])}px` }, el("b", { text: short }), text)];
    });
    this.pills.replaceChildren(...pills);
  }

  /** @param {import("../core/why.mjs").Answer} answer
   *  @returns {(tile: Tile) => Float32Array|null} */
  #dotsOf(answer) {
    const { head_dots: heads, mlp_dots: neurons } = answer.arrays;
    if (this.#dots?.of !== answer) this.#dots = { of: answer, head: dequantized(heads, "F16", null), mlp: dequantized(neurons, "F16", null) };
    const { head, mlp } = this.#dots;
    const { n_layer: numLayers } = this.context.layout;
    return (tile) => {
      const [all, first] = tile.head < 0 ? [mlp, 0] : [head, tile.head * tile.width];
      const each = all.length / numLayers;
      return all.subarray(tile.block * each + first, tile.block * each + first + tile.width);
    };
  }

  /** @param {{yaw?: number, pitch?: number, zoom?: number}|null} by null: back to where it began */
  turn(by) {
    this.orbit = by ? turned(this.orbit, by) : { ...HOME };
    this.context.onTurn(textFromOrbit(this.orbit));
  }

  /** @param {number} x CSS pixels
   *  @param {number} y
   *  @returns {import("./tower_geometry.mjs").Hit|null} */
  hit(x, y) {
    const { why } = this;
    const found = this.camera && why && tileAt(this.#tiles, this.camera, x, y);
    if (!found || !why) return null;
    const { tile, index } = found;
    const wrote = index >= 0 && why.answer ? this.#dotsOf(why.answer)(tile)?.[index] : undefined;
    const what = tile.head < 0 ? "neuron" : "coordinate";
    const dot = wrote === undefined ? [] : [el("div", { class: "mri-muted", text: `${what} ${index} wrote ${fourDigits(wrote)}` })];
    const says = [el("div", { text: bothNumbers(why, tile.part) }), ...dot];
    return { lane: 0, key: "", neuron: null, picks: selectionOf(why.parts[tile.part]), says };
  }

  /** @returns {null} */
  locate() {
    return null;
  }
}

/** @param {import("../core/layout.mjs").Layout} layout
 *  @param {string} key
 *  @returns {number} 0 where it was not recorded */
function widthOf({ points, rows }, key) {
  return points[rows.get(key) ?? -1]?.width ?? 0;
}

/** @param {HTMLElement} canvas
 *  @returns {import("./why_paint.mjs").Colours} */
function coloursOf(canvas) {
  const style = getComputedStyle(canvas);
  const of = (/** @type {string} */ name) => style.getPropertyValue(`--film-${name}`).trim();
  return { for: of("for"), against: of("against"), line: of("line"), edge: of("edge"), accent: of("accent"), dim: of("edge") };
}

/** What the picture's marks mean, and which of the two numbers it shows.
 *  @param {Why|null} why
 *  @param {import("../core/types.mjs").Tokens} tokens
 *  @param {boolean} isLost
 *  @param {(picked: Partial<import("../core/address.mjs").View>) => void} onPick
 *  @returns {HTMLElement[]} */
export function whyLegend(why, tokens, isLost, onPick) {
  const word = why ? `“${wordOf(tokens, why.token)}”` : "the word";
  const key = (/** @type {string} */ classes, /** @type {string} */ text) => el("span", {}, el("i", { class: `mri-why-key-${classes}` }), text);
  const choice = (/** @type {string} */ text, /** @type {boolean} */ isPressed, /** @type {"lost"|null} */ amount) =>
    el("button", { type: "button", "aria-pressed": String(isPressed), text, on: { click: () => onPick({ amount }) } });
  const switcher = el(
    "span",
    { class: "mri-why-switch", role: "group", "aria-label": "What the tiles show" },
    "tiles:",
    choice("wrote", !isLost, null),
    choice("lost if off", isLost, "lost"),
  );
  const tiles = isLost ? [key("tile is-for", "lost if switched off"), key("tile is-against", "gained if off")] : [];
  return [switcher, key("dot is-for", `wrote for ${word}`), key("dot is-against", "wrote against"), ...tiles];
}
