/**
 * The tower: plates in perspective, glowing neurons, streams of particles, tokens below and predictions above.
 *
 * Puts geometry, renderer and labels together and keeps them in motion: it rests when nothing moves any more.
 * Knows the mouse as turns of the camera. Refuses to know the network, the clock of steps and Plotly.
 */

import { frames } from "../desk/frames.mjs";
import { HOME, fitCamera, orbitFromText, project, textFromOrbit, turned } from "./camera.mjs";
import { streamsOf } from "./particles.mjs";
import { FULL, Quality, TIERS } from "./quality.mjs";
import { Renderer } from "./renderer.mjs";
import { MOST_STREAMS } from "./shaders.mjs";
import { cornersOf, dotsOf, hitTower, markDots, outermost, placeOf, placeTower } from "./tower_geometry.mjs";
import { el, say } from "../shell/dom.mjs";
import { dotScales } from "./legend.mjs";
import { TABLE_PX, WIDE_PX, TowerLabels } from "./labels.mjs";
import { guessBeside } from "../core/why_words.mjs";

/** @typedef {import("../core/types.mjs").Lane} Lane */
/** @typedef {import("./stage.mjs").Shown} Shown */

const AWAKE_MS = 4000; // how long particles run on after the last thing that happened
const FREE_ASPECT = 1.5; // of a tower, to that of the room that its margins leave: plates are seen from above, and wider than high
const PULSE_MS = 230;
const SCRUB_MS = 150; // steps come faster than this from a held key and from most models that write
const PER_SECOND = 0.9; // of its way that a particle of full flow runs
const SURROUNDINGS = { middle: "#101c2c", rim: "#05080c", fill: "#16263d", line: "#4a6c96", chosen: "#ffffff", watched: "#b9c8db" };

/** @typedef {{left: number, right: number, top: number, bottom: number}} Margins room for the words around the plates, CSS pixels */

/** @typedef {{canvas: HTMLCanvasElement, ground: HTMLCanvasElement, renderer: Renderer|null}} Drawn */

/** @type {Drawn|null} what the next tower is drawn with */
let rehearsed = null;

/** Make what the first tower is drawn with, all that takes time, before it is known what it shows and where.
 *  @param {Record<string, any>} scales */
export function rehearse(scales) {
  rehearsed = blank();
  rehearsed.renderer = rendererOn(rehearsed, scales);
  rehearsed.renderer?.rehearse();
}

export class TowerPicture {
  orbit = { ...HOME };
  quality = new Quality();
  /** @type {import("./tower_geometry.mjs").Slab[]} */
  plates = [];
  /** @type {Float32Array} */
  dots = new Float32Array(0);
  /** @type {import("./camera.mjs").Camera|null} */
  camera = null;
  numPainted = 0;
  wasLost = false;
  /** @type {Renderer|null} */
  renderer = null;
  #phases = new Float32Array(MOST_STREAMS);
  /** @type {Float32Array} */
  #amounts = new Float32Array(MOST_STREAMS);
  #arrangement = "";
  #dotsOf = "";
  /** @type {(import("../core/wire.mjs").Frame|null)[]} of the lanes */
  #frames = [];
  #stepAtMs = 0;
  #isScrubbed = false;
  #awakeUntilMs = 0;
  #paintedAtMs = 0;
  #isScheduled = false;
  #wasAsked = false;
  #isClosed = false;
  /** Labels of the step on the canvas, until they are written. */
  #tell = () => {};
  #calm = matchMedia("(prefers-reduced-motion: reduce)");

  /** @param {object} context
   *  @param {Record<string, any>} context.scales
   *  @param {() => void} context.needsRedraw
   *  @param {() => boolean} context.willRedraw
   *  @param {(width: number) => Margins} [context.margins]
   *  @param {boolean} [context.isUnmarked]
   *  @param {boolean} [context.hasTops]
   *  @param {(camera: string|null) => void} context.onTurn the camera, as a view has it
   *  @param {() => void} context.onLost the drawing context went, or came back */
  constructor(context) {
    this.context = context;
    const early = rehearsed?.renderer?.gl.isContextLost() ? null : rehearsed;
    rehearsed = null;
    const { canvas, ground, renderer } = early ?? blank();
    this.canvas = canvas;
    this.ground = ground;
    this.renderer = renderer;
    this.#wasAsked = early !== null;
    this.labels = new TowerLabels(context.hasTops);
    this.readout = el("span", { class: "mri-readout", "aria-hidden": "true" });
    this.canvas.addEventListener("webglcontextlost", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.renderer = null;
      this.wasLost = true;
      if (!this.#isClosed) context.onLost();
    });
    this.canvas.addEventListener("webglcontextrestored", () => {
      this.#makeRenderer();
      context.onLost();
    });
  }

  /** Whether there is WebGL2 to draw with. A page that shows the flat picture never asks, and compiles no shader. */
  isReady() {
    if (!this.#wasAsked) this.#makeRenderer();
    this.#wasAsked = true;
    return this.renderer !== null;
  }

  #makeRenderer() {
    this.renderer = rendererOn(this, this.context.scales);
    this.#arrangement = this.#dotsOf = "";
  }

  /** @param {Lane[]} lanes
   *  @param {Shown} shown
   *  @param {boolean} isPlaying the clock goes on by itself: by hand and from a model that writes, the next step is not known */
  draw(lanes, shown, isPlaying) {
    if (!this.renderer) return;
    const now = performance.now();
    const { width, height, rows, point, fullScale, camera, ...rest } = shown;
    this.orbit = orbitFromText(camera);
    const hasLens = lanes.length === 1 && !rest.hasStats && !rest.isDifference && rows.some(({ key }) => guessBeside(key, lanes[0]) !== null);
    const beside = { hasLens, hasWords: rest.flow === "tokens" || Boolean(this.context.hasTops) };
    const arrangement = JSON.stringify([width, height, rows, point, shown.isDifference, camera, beside]);
    if (arrangement !== this.#arrangement) this.#place(shown, arrangement, beside);
    const dotsOfNow = JSON.stringify([rows, rest, lanes.map(({ label, none }) => [label, none])]);
    const isNewStep = lanes.length !== this.#frames.length || lanes.some(({ frame }, i) => frame !== this.#frames[i]);
    if (isNewStep || dotsOfNow !== this.#dotsOf) this.#fill(lanes, shown);
    if (isNewStep) {
      this.#isScrubbed = !isPlaying && now - this.#stepAtMs < SCRUB_MS;
      this.#stepAtMs = now;
    }
    if (isNewStep || dotsOfNow !== this.#dotsOf || arrangement !== this.#arrangement) this.#awakeUntilMs = now + AWAKE_MS;
    [this.#frames, this.#dotsOf, this.#arrangement] = [lanes.map(({ frame }) => frame), dotsOfNow, arrangement];
    this.#paint(now);
    this.#schedule();
  }

  /** @param {Shown} shown
   *  @param {string} arrangement its name
   *  @param {{hasLens: boolean, hasWords: boolean}} beside best guesses stand beside the plates; words stand below */
  #place({ rows, point, isDifference, width, height }, arrangement, beside) {
    const renderer = /** @type {Renderer} */ (this.renderer);
    const ratio = Math.min(2, devicePixelRatio || 1);
    const [deviceWidth, deviceHeight] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (this.canvas.width !== deviceWidth || this.canvas.height !== deviceHeight || !renderer.bloom) {
      renderer.resize(deviceWidth, deviceHeight);
      for (const { style } of [this.ground, this.canvas]) Object.assign(style, { width: `${width}px`, height: `${height}px` });
    }
    const { margins: ownMargins, isUnmarked } = this.context;
    const margins = ownMargins?.(width) ?? marginsFor(width, rows[0].widths.length, isDifference, beside);
    const room = (width - margins.left - margins.right) / (height - margins.top - margins.bottom);
    this.plates = placeTower(rows, ownMargins ? FREE_ASPECT * Math.max(0.1, room) : width / height);
    this.camera = fitCamera(this.orbit, isUnmarked ? outermost(this.plates) : cornersOf(this.plates), { width, height, ...margins });
    renderer.setPlates(this.plates, this.context.isUnmarked ? null : point);
    renderer.paintGround(this.camera);
    this.labels.place(this.plates, this.camera, point, beside.hasLens);
    this.#arrangement = arrangement;
    this.#frames = [];
  }

  /** @param {Lane[]} lanes
   *  @param {Shown} shown */
  #fill(lanes, { point, neuron, watched, groups, isSigned, isDifference, flow, hasStats, fullScale, between = null }) {
    const { scales } = this.context;
    const renderer = /** @type {Renderer} */ (this.renderer);
    const { positive, negative } = dotScales(scales, isSigned, isDifference);
    renderer.setScales(positive, negative, scales.temperature, groups?.colours);
    this.dots = dotsOf(this.plates, lanes, fullScale, groups);
    renderer.setDots(this.dots, markDots(this.plates, { point, neuron }, watched));
    const columns = this.labels.columnsFor(lanes);
    const columnOf = columns.map((each) => each?.placeOf ?? (() => /** @type {[number, number, number]} */ ([0, 0, 0])));
    const { particles, amounts } = streamsOf(lanes, this.plates, flow, columnOf);
    this.#amounts = amounts;
    renderer.setParticles(particles);
    this.#tell = () => this.labels.tell(lanes, columns, hasStats, between, { hasWords: flow === "tokens" });
  }

  /** The words on the picture, if they are not its own any more. */
  write() {
    this.#tell();
    this.#tell = () => {};
  }

  #schedule() {
    if (this.#isScheduled || this.#isClosed || this.#calm.matches) return;
    this.#isScheduled = true;
    frames.ask("motion", (now) => {
      this.#isScheduled = false;
      if (this.#isClosed || !this.canvas.isConnected || !this.renderer) return;
      if (now > this.#awakeUntilMs) {
        this.#paintedAtMs = 0;
        this.quality.rest();
        return;
      }
      const isScrubbed = this.#isScrubbed && now - this.#stepAtMs < SCRUB_MS; // each step paints: a picture between would delay it
      if (!isScrubbed && !this.context.willRedraw() && now - this.#paintedAtMs > 2) this.#paint(now);
      this.#schedule();
    });
  }

  /** @param {number} now */
  #paint(now) {
    const { renderer, camera, quality } = this;
    if (!renderer || !camera) return;
    const ms = this.#paintedAtMs ? now - this.#paintedAtMs : 0;
    this.#paintedAtMs = now;
    if (ms > 0 && ms < 1000) {
      const seconds = this.#calm.matches ? 0 : ms / 1000;
      for (let i = 0; i < MOST_STREAMS; i++) this.#phases[i] = (this.#phases[i] + seconds * PER_SECOND * this.#amounts[i]) % 1;
      quality.report(ms);
    }
    const pulse = this.#calm.matches ? 0 : Math.exp(-(now - this.#stepAtMs) / PULSE_MS);
    renderer.paint(camera, { phases: this.#phases, pulse, hasBloom: quality.tier > 1, hasParticles: quality.tier > 0 });
    this.numPainted++;
    const says = Number.isNaN(quality.fps) ? "" : `${Math.round(quality.fps)} fps${quality.tier < FULL ? ` · ${TIERS[quality.tier]}` : ""}`;
    say(this.readout, says);
  }

  /** @param {{yaw?: number, pitch?: number, zoom?: number}|null} by null: back to where it began */
  turn(by) {
    this.orbit = by ? turned(this.orbit, by) : { ...HOME };
    this.context.onTurn(textFromOrbit(this.orbit));
  }

  /** @param {number} x CSS pixels
   *  @param {number} y */
  hit(x, y) {
    return this.camera && hitTower(this.plates, this.dots, this.camera, x, y);
  }

  /** @param {string} key
   *  @param {number} neuron
   *  @param {number} lane
   *  @returns {[number, number]|null} where it is drawn, in CSS pixels */
  locate(key, neuron, lane) {
    const plate = this.plates.find((each) => each.key === key && each.lane === lane && neuron < each.width);
    if (!plate || !this.camera) return null;
    const [x, y] = project(this.camera, ...placeOf(plate, neuron));
    return [x, y];
  }

  close() {
    this.#isClosed = true;
    this.renderer?.close();
    this.renderer = null;
  }
}

/** Several lanes leave less of it, and have a title above.
 *  @param {number} width of the stage
 *  @param {number} numLanes
 *  @param {boolean} isDifference
 *  @param {{hasLens: boolean, hasWords: boolean}} beside
 *  @returns {Margins} */
function marginsFor(width, numLanes, isDifference, { hasLens, hasWords }) {
  const isWide = width >= WIDE_PX;
  if (numLanes > 1) return { left: isWide ? 84 : 62, right: isWide ? 62 : 40, top: 56, bottom: 34 };
  const [left, right] = width < TABLE_PX ? [76, hasLens ? 92 : 70] : isWide ? [110, hasLens ? 204 : 84] : [96, hasLens ? 196 : 84];
  return { left, right, top: isDifference ? 56 : 24, bottom: hasWords ? 34 : 16 };
}

/** @returns {Drawn} what a renderer has still to be put on */
function blank() {
  return { canvas: el("canvas", { "aria-hidden": "true", class: "mri-tower" }), ground: el("canvas", { "aria-hidden": "true" }), renderer: null };
}

/** @param {{canvas: HTMLCanvasElement, ground: HTMLCanvasElement}} on
 *  @param {Record<string, any>} scales */
function rendererOn({ canvas, ground }, scales) {
  return Renderer.on(canvas, ground, { ...SURROUNDINGS, ...scales.marks });
}
