/**
 * The words on the tower: plates by name, the tokens below each lane, the predictions above it. Elements over the canvas.
 *
 * Knows a frame's tokens, predictions and statistics. Refuses to know WebGL and the mouse.
 */

import { formatPercent, formatValue } from "../core/format.mjs";
import { logits, rowInArray, stats } from "../core/layout.mjs";
import { nextName } from "../core/token_names.mjs";
import { project } from "./camera.mjs";
import { guessBeside } from "../core/why_words.mjs";
import { differenceText } from "./lanes.mjs";
import { BELOW, cornersOfPlate } from "./tower_geometry.mjs";
import { el, say } from "../shell/dom.mjs";

/** @typedef {import("../core/types.mjs").Lane} Lane */
/** @typedef {import("./tower_geometry.mjs").Slab} Slab */
/** @typedef {import("./camera.mjs").Camera} Camera */

const [MOST_CHARS, GAP_CHARS, EARLIER_CHARS] = [12, 1.4, 11];
const CHAR_PX = 7.3; // of the words along the front edge of the lowest plate
const NUM_PREDICTIONS = 5;
const LEAST_GAP_PX = 14; // a line
const CHIP_PX = 130; // a prediction with its share
const BAR_PX = 20; // a bar between two lanes, and its number
const [NUMBER_PX, LENGTH_PX, SPREAD_PX] = [38, 66, 130]; // room beside a plate for a number, for ‖x‖, for mean ± std and more

/** @type {Record<string, string>} */
const SHORT = Object.freeze({ "embed.resid0": "embedding", "final.ln_f": "final norm", "final.logits": "logits" });
const HEAD_PX = 22; // of the table beside the plates, over its first row
const EDGE_PX = 14;

/** From this width of the stage on there is room beside a plate for more than a number. */
export const WIDE_PX = 700;
/** From here on a plate's best guess and its length stand beside it, in columns. */
export const TABLE_PX = 520;

/** @typedef {object} Columns which tokens stand below
 *  @property {number} first position of the first one
 *  @property {number} last
 *  @property {boolean} hasEarlier those before share one column on the left of the first
 *  @property {(position: number) => [number, number, number]} placeOf in space */

/** The newest tokens that the step has read, side by side along the front edge of the lowest plate, each as wide as its
 *  word.
 *  @param {import("../core/wire.mjs").Frame} frame
 *  @param {Slab} lowest
 *  @param {(position: number) => number} lengthOf characters of a position's word
 *  @param {number} room characters
 *  @returns {Columns} */
export function columnsOf({ header: { pos0, t_add: numRead } }, { x, y, z, depth }, lengthOf, room) {
  const last = pos0 + numRead - 1;
  const at = (/** @type {number} */ share) => /** @type {[number, number, number]} */ ([x + share - 0.5, y - BELOW, z + depth / 2]);
  if (!numRead) return { first: 0, last: -1, hasEarlier: false, placeOf: () => at(0.5) }; // a training script reads no tokens
  const unitsOf = (/** @type {number} */ position) => Math.min(MOST_CHARS, lengthOf(position)) + GAP_CHARS;
  let first = last;
  let used = unitsOf(last);
  while (first > 0 && used + unitsOf(first - 1) <= room - EARLIER_CHARS) used += unitsOf(--first);
  const hasEarlier = first > 0 && used + EARLIER_CHARS <= room;
  let left = hasEarlier ? EARLIER_CHARS : 0;
  const total = Math.max(room / 2, used + left);
  const centres = [left / 2];
  for (let position = first; position <= last; position++) {
    centres.push(left + unitsOf(position) / 2);
    left += unitsOf(position);
  }
  return { first, last, hasEarlier, placeOf: (position) => at(centres[Math.max(0, position - first + 1)] / total) };
}

export class TowerLabels {
  /** @type {{slab: Slab, value: HTMLElement}[]} */
  #values = [];
  /** @type {Camera|null} */
  #camera = null;
  /** @type {Slab[][]} of each lane, bottom to top */
  #slabs = [];
  /** @type {{key: string, host: HTMLElement}[]} bars between two lanes, where there is room */
  #betweens = [];
  #hasLens = false;
  /** Between a lane's plates and the next lane's. */
  #gapPx = Infinity;
  /** @type {{title: HTMLElement, none: HTMLElement, columns: HTMLElement, predictions: HTMLElement}[]} */
  #lanes = [];

  /** @param {boolean} [hasTops] whether the strongest predictions stand over the towers; else over several, where nothing else says them */
  constructor(hasTops) {
    this.hasTops = hasTops;
    this.names = el("div", { class: "mri-plate-names" });
    this.host = el("div", { class: "mri-tower-labels", "aria-hidden": "true" }, this.names);
  }

  /** After the camera or the plates changed.
   *  @param {Slab[]} slabs lane by lane, bottom to top
   *  @param {Camera} camera
   *  @param {string|null} selected hook point
   *  @param {boolean} [hasLens] best guesses stand beside the plates */
  place(slabs, camera, selected, hasLens = false) {
    const isTable = hasLens && camera.width >= TABLE_PX;
    let top = Infinity; // of the table
    [this.#camera, this.#values, this.#betweens] = [camera, [], []];
    this.#slabs = Array.from({ length: slabs[slabs.length - 1].lane + 1 }, (_, lane) => slabs.filter((slab) => slab.lane === lane));
    this.#setLanes(this.#slabs.length);
    const parts = [];
    const rows = this.#slabs[0].map((_, row) => this.#slabs.map((plates) => plates[row]));
    const order = rows.sort((a, b) => Number(b[0].key === selected) - Number(a[0].key === selected)); // the selected one always has room
    /** @type {[number, number][][][]} the sides of the rows that have names, lane by lane */
    const taken = [];
    /** @type {number[]} where bars stand */
    const middles = [];
    for (const row of order) {
      const ends = row.map((slab) => sides(slab, camera));
      if (taken.some((other) => ends.some((end, lane) => end.some(([, y], side) => Math.abs(y - other[lane][side][1]) < LEAST_GAP_PX)))) continue;
      taken.push(ends);
      const { key, label } = row[0];
      const isSelected = key === selected ? " is-selected" : "";
      const name = SHORT[key] ?? label.replace(/^block (\d+) · .*/, "block $1"); // which point of each block, the tools say
      const [left] = ends.reduce((one, other) => (other[0][0] < one[0][0] ? other : one));
      parts.push(at(el("span", { class: `mri-plate-name${isSelected}`, text: name }), left[0] - 10, left[1]));
      row.forEach((slab, lane) => {
        const [, right] = ends[lane];
        const value = el("span", { class: `mri-plate-value${isSelected}${isTable ? " is-table" : ""}` }, ...(isTable ? [el("b"), el("i"), el("span")] : []));
        top = Math.min(top, right[1]);
        if (isTable) value.style.translate = `calc(${camera.width - EDGE_PX}px - 100%) ${Math.round(right[1])}px`;
        else if (slab.width)
          value.style.translate = `min(${Math.round(right[0] + 10)}px, calc(${camera.width - 4}px - 100%)) ${Math.round(right[1])}px`; // never out of the stage
        else at(value, ...project(camera, slab.x, slab.y, slab.z)).classList.add("is-none");
        parts.push(value);
        this.#values.push({ slab, value });
      });
      if (row.length !== 2) continue;
      const middle = (ends[0][1][1] + ends[1][0][1]) / 2;
      if (middles.some((other) => Math.abs(middle - other) < BAR_PX)) continue;
      middles.push(middle);
      parts.push(this.#betweenOf(key, ends));
    }
    this.#gapPx = Math.min(...[...taken].flatMap((ends) => ends.slice(1).map(([left], lane) => Math.abs(left[0] - ends[lane][1][0]))));
    const head = el("span", { class: "mri-plate-value is-table is-head" }, el("b", { text: "lens" }), el("i"), el("span", { text: "‖x‖" }));
    head.style.translate = `calc(${camera.width - EDGE_PX}px - 100%) ${Math.round(Math.max(10, top - HEAD_PX))}px`;
    this.#hasLens = hasLens;
    this.names.replaceChildren(...parts, ...(isTable ? [head] : []));
  }

  /** @param {string} key
   *  @param {[number, number][][]} ends sides of both plates */
  #betweenOf(key, [[, [x, y]], [[nextX, nextY]]]) {
    const bar = el("span", { class: "mri-between" }, el("i"), el("b"));
    bar.style.setProperty("--room", `${Math.round(Math.max(0, nextX - x - 10))}px`);
    this.#betweens.push({ key, host: bar });
    return at(bar, (x + nextX) / 2, (y + nextY) / 2);
  }

  /** @param {number} count */
  #setLanes(count) {
    while (this.#lanes.length > count) Object.values(/** @type {any} */ (this.#lanes.pop())).forEach((part) => part.remove());
    while (this.#lanes.length < count) {
      const lane = {
        title: el("div", { class: "mri-lane-title" }),
        none: el("div", { class: "mri-lane-none" }),
        columns: el("div", { class: "mri-columns" }),
        predictions: el("div", { class: "mri-tops" }),
      };
      this.host.append(...Object.values(lane));
      this.#lanes.push(lane);
    }
  }

  /** @param {Lane[]} lanes
   *  @returns {(Columns|null)[]} of each lane */
  columnsFor(lanes) {
    return lanes.map(({ frame, run }, lane) => {
      const lowest = this.#slabs[lane][0];
      const { x, y, z, depth } = lowest;
      const [left, right] = [-0.5, 0.5].map((dx) => project(/** @type {Camera} */ (this.#camera), x + dx, y, z + depth / 2)[0]); // of its front edge
      return frame && columnsOf(frame, lowest, (position) => wordOf(run, position).length, Math.abs(right - left) / CHAR_PX);
    });
  }

  /** What these steps say.
   *  @param {Lane[]} lanes
   *  @param {(Columns|null)[]} columns
   *  @param {boolean} hasStats mean ± std and sparsity, else the l2 norm
   *  @param {Record<string, number>|null} between how far apart two lanes are, beside their plates in the place of numbers of A
   *  @param {object} [more]
   *  @param {boolean} [more.hasWords] the words stand below a tower that stands alone, too: particles come from them
   *  @param {(key: string) => string} [more.beside] what stands beside a plate instead */
  tell(lanes, columns, hasStats, between, { hasWords = true, beside } = {}) {
    const isAlone = lanes.length === 1 && !this.hasTops;
    const isApart = between !== null && !hasStats && this.#gapPx >= NUMBER_PX;
    for (const { slab, value } of this.#values) {
      const lane = lanes[slab.lane];
      const guess = this.#hasLens ? guessBeside(slab.key, lane) : null;
      const [word, share, length] = /** @type {HTMLElement[]} */ ([...value.children]);
      if (beside) say(value, beside(slab.key));
      else if (length) {
        const isThere = lane.frame && rowInArray(lane.frame, lane.run.layout, "stats", slab.key) !== null;
        say(word, guess?.word ?? "", guess && guess.id === lane.frame?.header.chosen_id ? "is-chosen" : "");
        say(share, guess?.share ?? "");
        say(length, lane.frame && isThere ? formatValue(stats(lane.frame, lane.run.layout, slab.key).l2) : "—");
      } else if (guess) say(value, `${guess.word} ${guess.share}`);
      else say(value, isApart && slab.width ? "" : this.#valueText(lane, slab, hasStats));
    }
    for (const { key, host } of this.#betweens) {
      const apart = isApart ? between[key] : undefined;
      host.hidden = apart === undefined;
      if (apart === undefined) continue;
      host.style.setProperty("--share", String(Math.min(1, apart / Math.SQRT2)));
      say(/** @type {HTMLElement} */ (host.lastChild), apart.toFixed(2));
    }
    lanes.forEach((lane, i) => {
      const { title, none } = this.#lanes[i];
      this.#tellTokens(lane, columns[i], i, hasWords || !isAlone);
      this.#tellPredictions(lane, i);
      say(title, lane.label, `mri-lane-title is-${lane.name === "A" ? "a" : lane.name === "B" ? "b" : "other"}`);
      say(none, lane.frame ? "" : (lane.none ?? ""));
      const plates = this.#slabs[i];
      const [x, y] = project(/** @type {Camera} */ (this.#camera), plates[0].x, 0, plates[0].z);
      at(none, x, y);
    });
  }

  /** @param {Lane} lane
   *  @param {Slab} slab
   *  @param {boolean} hasStats */
  #valueText(lane, { key, width }, hasStats) {
    const { frame, run, differences } = lane;
    const room = this.#gapPx;
    if (!width) return "none";
    if (!frame || room < NUMBER_PX) return "";
    if (differences) return differenceText(lane, key);
    const { l2, mean, std, sparsity } = stats(frame, run.layout, key);
    if (rowInArray(frame, run.layout, "stats", key) === null) return room < LENGTH_PX ? "—" : "not captured";
    if (!hasStats || room < SPREAD_PX) return room < LENGTH_PX ? formatValue(l2) : `‖x‖ ${formatValue(l2)}`;
    const share = (this.#camera?.width ?? 0) >= WIDE_PX && room === Infinity ? ` · ${formatPercent(sparsity)} near 0` : "";
    return `${formatValue(mean)} ± ${formatValue(std)}${share}`;
  }

  /** @param {Lane} lane
   *  @param {Columns|null} columns
   *  @param {number} i
   *  @param {boolean} isShown */
  #tellTokens({ frame, run }, columns, i, isShown) {
    const camera = /** @type {Camera} */ (this.#camera);
    const { first, last, hasEarlier, placeOf } = (isShown && columns) || { first: 0, last: -1, hasEarlier: false, placeOf: () => [0, 0, 0] };
    const spans = childrenOf(this.#lanes[i].columns, last - first + (hasEarlier ? 2 : 1), () => el("span"));
    const put = (/** @type {number} */ position, /** @type {string} */ word, /** @type {string} */ kind) => {
      const [x, y, z] = placeOf(position);
      const [px, py] = project(camera, x, y, z);
      say(at(/** @type {HTMLElement} */ (spans.shift()), px, py), word, `mri-column${kind}`);
    };
    if (hasEarlier) put(first - 1, `… ${first} before`, " is-earlier");
    for (let position = first; position <= last; position++) put(position, wordOf(run, position), frame && position >= frame.header.pos0 ? " is-read" : "");
  }

  /** @param {Lane} lane
   *  @param {number} i */
  #tellPredictions({ frame, run, differences }, i) {
    const isSaid = this.hasTops ?? this.#lanes.length > 1;
    const found = frame && !differences && isSaid ? logits(frame) : null;
    const camera = /** @type {Camera} */ (this.#camera);
    const { title, none, predictions } = this.#lanes[i];
    const plates = this.#slabs[i];
    const highest = plates[plates.length - 1];
    const [x, y] = project(camera, highest.x, highest.y + BELOW * 0.66, highest.z);
    const chips = childrenOf(predictions, Math.min(NUM_PREDICTIONS, found?.ids.length ?? 0), () => el("span", {}, el("b"), el("i")));
    chips.forEach((chip, i) => {
      const id = /** @type {any} */ (found).ids[i];
      const p = /** @type {any} */ (found).probs[i];
      const [word, percent] = chip.children;
      say(word, nextName(run.tokens, /** @type {any} */ (frame), id).replaceAll("␣", " "));
      say(percent, formatPercent(p));
      say(chip, null, `mri-top${id === frame?.header.chosen_id ? " is-chosen" : ""}`);
      chip.style.setProperty("--p", p.toFixed(3));
    });
    const alone = 2 * Math.min(x - 4, camera.width - x - 4);
    const [firstX, nextX] = this.#slabs.slice(0, 2).map(([lowest]) => project(camera, lowest.x, highest.y, lowest.z)[0]);
    const room = this.#slabs.length > 1 ? Math.min(alone, Math.abs(nextX - firstX) - 8) : alone;
    predictions.style.setProperty("--room", `${Math.round(room)}px`);
    predictions.classList.toggle("is-narrow", room < CHIP_PX);
    for (const word of [title, none]) word.style.setProperty("--room", `${Math.round(room)}px`);
    at(predictions, x, Math.max(20, y));
    at(title, x, Math.max(20, y) - 22);
  }
}

/** @param {import("../core/types.mjs").Shows} run
 *  @param {number} position */
function wordOf({ tokens: { sequence, text } }, position) {
  const id = sequence[position];
  return text[id] ?? `#${id}`;
}

/** @param {Slab} slab
 *  @param {Camera} camera
 *  @returns {[number, number][]} the leftmost and the rightmost of its corners, in CSS pixels */
export function sides(slab, camera) {
  const byX = cornersOfPlate(slab)
    .map((corner) => project(camera, ...corner))
    .sort((a, b) => a[0] - b[0]);
  return [byX[0], byX[3]].map(([x, y]) => [x, y]);
}

/** @param {HTMLElement} node
 *  @param {number} x
 *  @param {number} y
 *  @param {...unknown} _ depth */
function at(node, x, y, ..._) {
  const place = `${Math.round(x)}px ${Math.round(y)}px`;
  if (node.style.translate !== place) node.style.translate = place; // no layout, as left and top would want
  return node;
}

/** As many children as are needed: new elements for every step would all be laid out anew.
 *  @param {HTMLElement} host
 *  @param {number} count
 *  @param {() => HTMLElement} make */
function childrenOf(host, count, make) {
  while (host.children.length < count) host.append(make());
  while (host.children.length > count) host.lastElementChild?.remove();
  return /** @type {HTMLElement[]} */ ([...host.children]);
}
