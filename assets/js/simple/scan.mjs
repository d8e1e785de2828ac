/**
 * What stands around the tower: each layer's best guess beside its plate, hairlines to them, outlines of the layers that look back, lines
 * from the call-outs, and which scale the dots have.
 *
 * Knows the stage's plates and camera. Refuses to know frames and the clock.
 */

import { colourMap } from "../core/colour.mjs";
import { el, refill, say } from "../shell/dom.mjs";
import { project } from "../stage/camera.mjs";
import { cornersOfPlate, placeOf } from "../stage/tower_geometry.mjs";
import { percentOf } from "./numbers.mjs";
import { shareBar } from "./shares.mjs";

/** @typedef {import("./numbers.mjs").Guess} Guess */
/** @typedef {[number, number]} Place CSS pixels of the card */

const SVG = "http://www.w3.org/2000/svg";
const ROW_PX = 22;
const EMBEDDING = -1;
const LONG_WORD = 7; // letters: more of them need the bar's room, too
const UP_PX = 3; // from the arrow that says which way is up to the rows

export class Scan {
  /** @type {Map<number, HTMLElement>} by layer */
  #rows = new Map();
  #drawn = "";

  /** @param {object} context
   *  @param {HTMLElement} context.stageHost
   *  @param {import("./callouts.mjs").Callouts} context.callouts
   *  @param {import("../core/layout.mjs").Layout} context.layout
   *  @param {Record<string, any>} context.scales
   *  @param {(layer: number|null) => void} context.onHover
   *  @param {(layer: number) => void} context.onKeep
   *  @param {() => void} context.onAsk best guesses that were not recorded are wanted */
  constructor({ stageHost, callouts, layout, scales, onHover, onKeep, onAsk }) {
    this.layout = layout;
    this.callouts = callouts;
    this.stageHost = stageHost;
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("aria-hidden", "true");
    this.svg.setAttribute("class", "simple-overlay");
    this.rows = el("div", { class: "simple-rows" });
    this.missing = el(
      "div",
      { class: "simple-missing", hidden: true },
      el("p", { text: "Its best guesses were not recorded." }),
      el("button", { type: "button", class: "mri-button", text: "Work them out", on: { click: onAsk } }),
      el("p", { class: "simple-asking", role: "status" }),
    );
    const title = "What the model would say if it stopped after that layer. Field: logit lens, derived; the top one is measured";
    this.heading = el("p", { class: "simple-guess-head", title, text: "Its best guess if it stopped here" });
    this.guesses = el("div", { class: "simple-guesses" }, this.heading, this.rows, this.missing);
    this.guesses.addEventListener("pointerleave", () => onHover(null));
    this.onHover = onHover;
    this.onKeep = onKeep;
    this.host = el("section", { class: "simple-scan", "aria-label": "Inside the model" }, callouts.host, stageHost, this.guesses, this.svg, legend(scales));
  }

  /** @param {string} text why best guesses are not here yet */
  say(text) {
    say(/** @type {HTMLElement} */ (this.missing.lastElementChild), text);
  }

  /** @param {object} shown
   *  @param {import("../stage/stage.mjs").Stage} shown.stage as it was drawn
   *  @param {Guess[]|null} shown.guesses bottom to top
   *  @param {boolean} shown.canGuess whether there is anything to guess
   *  @param {string} shown.read the word that goes in
   *  @param {(id: number) => string} shown.wordOf
   *  @param {readonly number[]} shown.looking layers whose looks are told
   *  @param {number|null} shown.chosen the layer under the pointer, or kept
   *  @param {number|null} shown.kept */
  draw({ stage, guesses, canGuess, read, wordOf, looking, chosen, kept }) {
    const { n_layer: numLayers } = this.layout;
    this.missing.hidden = guesses !== null || !canGuess;
    const all = [
      { layer: EMBEDDING, id: -1, share: NaN, isOwn: false },
      ...(guesses ?? Array.from({ length: numLayers }, (_, layer) => ({ layer, id: -1, share: NaN, isOwn: false }))),
    ];
    const name = JSON.stringify([all.map(({ id, share }) => [id, share.toFixed(5)]), read, looking, chosen, kept]);
    if (name !== this.#drawn) {
      this.#drawn = name;
      this.#rows = new Map(all.map((guess) => [guess.layer, this.#row(guess, { read, wordOf, looking, chosen, kept })]));
      refill(this.rows, ...[...this.#rows.values()].reverse());
    }
    this.#place(stage, looking, chosen);
  }

  /** @param {Guess} guess
   *  @param {{read: string, wordOf: (id: number) => string, looking: readonly number[], chosen: number|null, kept: number|null}} shown
   *  @returns {HTMLElement} */
  #row({ layer, id, share, isOwn }, { read, wordOf, looking, chosen, kept }) {
    if (layer === EMBEDDING)
      return el("div", { class: "simple-row is-in" }, el("span", { text: "words in" }), el("b", { translate: "no", lang: "und", text: read }));
    const numWords = this.layout.n_vocab.toLocaleString("en");
    const field = isOwn ? "the model's own output, measured" : `logit lens after block ${layer}, derived`;
    const guess = id < 0 ? "" : wordOf(id);
    const attributes = {
      type: "button",
      class: `simple-row${looking.includes(layer) ? " is-looking" : ""}${layer === chosen ? " is-chosen" : ""}${isOwn ? " is-own" : ""}${guess.length > LONG_WORD ? " is-wide" : ""}`,
      "aria-pressed": String(layer === kept),
      title:
        id < 0
          ? `Show what layer ${layer} looks back at`
          : `“${guess}”, likeliest of the ${numWords} words that it knows: ${field}. Click: show what layer ${layer} looks back at`,
    };
    const row = el("button", attributes, el("span", {}, el("span", { class: "simple-far", text: "layer " }), String(layer)));
    if (id >= 0) {
      row.append(el("b", { translate: "no", lang: "und", text: guess }), shareBar(share), el("em", { text: percentOf(share) }));
    }
    row.addEventListener("click", () => this.onKeep(layer));
    row.addEventListener("pointerenter", () => this.onHover(layer));
    return row;
  }

  /** @param {import("../stage/stage.mjs").Stage} stage
   *  @param {readonly number[]} looking
   *  @param {number|null} chosen */
  #place(stage, looking, chosen) {
    const card = this.host.getBoundingClientRect();
    const { tower } = stage;
    const view = stage.view.getBoundingClientRect();
    const camera = tower.canvas.hidden ? null : tower.camera;
    const plates = camera ? tower.plates : [];
    const seen = plates.map((slab) => {
      const corners = cornersOfPlate(slab).map((corner) => {
        const [x, y] = project(/** @type {any} */ (camera), ...corner);
        return /** @type {Place} */ ([x + view.left - card.left, y + view.top - card.top]);
      });
      const byX = [...corners].sort((a, b) => a[0] - b[0]);
      return { slab, corners, left: byX[0], right: byX[3], layer: layerOf(slab.key) };
    });
    const places = this.#placeRows(seen, card);
    const parts = [];
    const outlineOf = (/** @type {{corners: Place[]}} */ { corners: [a, b, c, d] }) => `M${[a, b, d, c].map((at) => at.map(Math.round).join(" ")).join("L")}Z`;
    for (const plate of seen) {
      if (plate.layer === chosen) parts.push(path(`M0 0H${card.width}V${card.height}H0Z${outlineOf(plate)}`, "simple-dim"));
    }
    for (const plate of seen) {
      const isOne = chosen === null ? looking.includes(plate.layer) : plate.layer === chosen;
      if (isOne) parts.push(path(outlineOf(plate), "simple-outline"));
      const row = places.get(plate.layer);
      if (row)
        parts.push(
          path(`M${Math.round(plate.right[0] + 4)} ${Math.round(plate.right[1])}L${Math.round(row[0] - UP_PX - 4)} ${Math.round(row[1])}`, "simple-hair"),
        );
    }
    if (seen.length) parts.push(...this.#leads(seen, card, stage));
    if (seen.length && places.size > 1) parts.push(upwards([...places.values()]));
    this.svg.replaceChildren(...parts);
  }

  /** Each row at the height of its plate, as near as there is room.
   *  @param {{layer: number, right: Place}[]} seen
   *  @param {DOMRect} card
   *  @returns {Map<number, Place>} left end of each row that is shown */
  #placeRows(seen, card) {
    const box = this.rows.getBoundingClientRect();
    const layers = [...this.#rows.keys()].sort((a, b) => b - a); // from the top
    const heights = new Map(seen.map(({ layer, right }) => [layer, right[1] + card.top - box.top]));
    const total = box.height;
    const step = Math.max(1, Math.ceil((layers.length * ROW_PX) / Math.max(ROW_PX, total)));
    const shown = layers.filter((layer, i) => i % step === 0 || layer === EMBEDDING);
    let last = -ROW_PX / 2;
    const tops = shown.map((layer, i) => (last = Math.max(last + ROW_PX, heights.get(layer) ?? ((i + 0.5) * total) / shown.length)));
    let next = total + ROW_PX / 2;
    for (let i = shown.length - 1; i >= 0; i--) next = tops[i] = Math.min(tops[i], next - ROW_PX);
    const places = new Map();
    for (const [layer, row] of this.#rows) {
      const at = shown.indexOf(layer);
      row.hidden = at < 0;
      if (at < 0) continue;
      row.style.translate = `0 calc(${Math.round(tops[at])}px - 50%)`;
      places.set(layer, [box.left - card.left, tops[at] + box.top - card.top]);
    }
    return places;
  }

  /** Lines from the call-outs to what they speak of.
   *  @param {{slab: import("../stage/tower_geometry.mjs").Slab, left: Place, layer: number}[]} seen
   *  @param {DOMRect} card
   *  @param {import("../stage/stage.mjs").Stage} stage
   *  @returns {SVGElement[]} */
  #leads(seen, card, stage) {
    const [first, last] = [seen[0], seen[seen.length - 1]];
    const { point, neuron } = stage.selected;
    const ringed = seen.find(({ slab }) => slab.key === point);
    const dot = ringed && neuron !== null && neuron < ringed.slab.width ? this.#dot(ringed.slab, neuron, card, stage) : null;
    const within = (/** @type {Place} */ [x, y]) => /** @type {Place} */ ([x + 14, y + 6]);
    const targets = [within(first.left), dot ?? within(seen[Math.floor(seen.length / 2)].left), within(last.left)];
    const isBelow = this.callouts.host.getBoundingClientRect().top >= stage.view.getBoundingClientRect().bottom - 4; // on a phone
    if (isBelow) return [];
    return this.callouts.parts.flatMap((part, i) => {
      const box = part.getBoundingClientRect();
      const [fromX, fromY] = [box.right - card.left + 6, box.top - card.top + 12];
      const [toX, toY] = targets[i];
      return [path(`M${Math.round(fromX)} ${Math.round(fromY)}L${Math.round(toX)} ${Math.round(toY)}`, "simple-lead"), circle(toX, toY)];
    });
  }

  /** @param {import("../stage/tower_geometry.mjs").Slab} slab
   *  @param {number} neuron
   *  @param {DOMRect} card
   *  @param {import("../stage/stage.mjs").Stage} stage
   *  @returns {Place} */
  #dot(slab, neuron, card, stage) {
    const view = stage.view.getBoundingClientRect();
    const [x, y] = project(/** @type {any} */ (stage.tower.camera), ...placeOf(slab, neuron));
    return [x + view.left - card.left - 10, y + view.top - card.top];
  }
}

/** @param {string} key of a hook point
 *  @returns {number} its layer, −1: the words that go in */
export function layerOf(key) {
  return Number(/^block\.(\d+)\./.exec(key)?.[1] ?? EMBEDDING);
}

/** @param {string} d
 *  @param {string} kind
 *  @returns {SVGElement} */
function path(d, kind) {
  const node = document.createElementNS(SVG, "path");
  node.setAttribute("d", d);
  node.setAttribute("class", kind);
  return node;
}

/** Which way the words go.
 *  @param {Place[]} rows left ends
 *  @returns {SVGElement} */
function upwards(rows) {
  const [x, heights] = [Math.round(rows[0][0]) - UP_PX, rows.map(([, y]) => Math.round(y))];
  const [top, bottom] = [Math.min(...heights) - 6, Math.max(...heights) + 6];
  return path(`M${x} ${bottom}V${top}M${x - 4} ${top + 7}L${x} ${top}L${x + 4} ${top + 7}`, "simple-up");
}

/** @param {number} x
 *  @param {number} y
 *  @returns {SVGElement} */
function circle(x, y) {
  const node = document.createElementNS(SVG, "circle");
  for (const [name, value] of Object.entries({ cx: Math.round(x), cy: Math.round(y), r: 2.5, class: "simple-end" })) node.setAttribute(name, String(value));
  return node;
}

/** @param {Record<string, any>} scales
 *  @returns {HTMLElement} */
function legend(scales) {
  const colour = colourMap(scales.temperature);
  const dots = [0.05, 0.2, 0.4, 0.55, 0.7, 0.85, 1].map((share, i) => {
    const dot = el("i");
    Object.assign(dot.style, { width: `${4 + 1.4 * i}px`, height: `${4 + 1.4 * i}px`, background: `rgb(${colour(share).slice(0, 3).join()})` });
    return dot;
  });
  const title = "Each layer has a scale of its own: the largest dot of a layer is not as large a number as that of another one";
  return el(
    "p",
    { class: "simple-legend", title },
    el("span", {}, "small ", ...dots, " large for its layer"),
    el("span", { text: "faint: too small to be recorded" }),
  );
}
