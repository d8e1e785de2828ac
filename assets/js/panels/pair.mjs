/**
 * All of a Scanner with two lanes that is not the picture: both ribbons, the transport, what the alignment says, the list of hook
 * points, the neurons that differ most, and the charts of the pair.
 *
 * Gives each of them the moment that is shown. Refuses to know where frames come from and when to draw.
 */

import { alignmentWords, momentsOfSteps } from "../core/moments.mjs";
import { listLooks } from "../core/selection.mjs";
import { differenceLane } from "../stage/lanes.mjs";
import { Differing } from "./differing.mjs";
import { Layers } from "./layers.mjs";
import { PairCharts } from "./pair_charts.mjs";
import { Ribbon } from "./ribbon.mjs";
import { Transport } from "./transport.mjs";

/** @typedef {import("../core/moments.mjs").Alignment} Alignment */
/** @typedef {import("../run/run.mjs").Run} Run */

const SIDES = /** @type {const} */ (["a", "b"]);
const host = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class PairPanels {
  /** @param {object} context
   *  @param {readonly Run[]} context.runs A and B
   *  @param {Alignment} context.alignment
   *  @param {Record<string, any>} context.scales
   *  @param {import("../desk/player.mjs").Player} context.player
   *  @param {import("../desk/desk.mjs").Desk} context.desk
   *  @param {() => {pair: Record<string, any>, view: Record<string, any>}} context.wanted as of PairCharts
   *  @param {(fields: Record<string, any>) => void} context.onSelect
   *  @param {(step: number) => void} context.needFrame
   *  @param {() => void} context.needsRedraw */
  constructor({ runs, alignment, scales, player, desk, wanted, onSelect, needFrame, needsRedraw }) {
    this.runs = runs;
    this.desk = desk;
    this.player = player;
    this.alignment = alignment;
    this.moments = momentsOfSteps(alignment);
    this.ribbons = runs.map(({ session, tokens, stepOf, numPrompt }, i) => {
      const side = SIDES[i];
      const onSeek = (/** @type {number} */ step) => player.seek(this.moments[side].get(step) ?? 0);
      const influence = { session, version: "", scales, onChoose: () => {} };
      const ribbon = new Ribbon(host(`compare-ribbon-${side}`), { tokens, stepOf, numPrompt, onSeek, hasAttention: false, influence });
      ribbon.list.setAttribute("aria-label", `Tokens of ${side.toUpperCase()}`);
      return ribbon;
    });
    this.clock = clockOf(alignment);
    this.transport = new Transport(host("compare-transport"), { player, steps: this.clock, word: "moment" });
    const { layout, numSteps } = runs[0];
    const limit = Math.max(...runs.map((run) => run.limit));
    this.layers = new Layers(host("mri-layers"), { layout, limit, numSteps, needFrame, onSelect });
    this.differing = new Differing(host("compare-list"), { session: runs[0].session, onPick: (neuron) => onSelect({ neuron }) });
    const onSeek = (/** @type {number} */ moment) => player.seek(moment);
    this.charts = new PairCharts({ wanted, alignment: () => this.alignment, onSelect, onSeek, needsRedraw });
    this.#say();
  }

  /** The two stand for each other otherwise.
   *  @param {Alignment} alignment */
  align(alignment) {
    this.alignment = alignment;
    this.moments = momentsOfSteps(alignment);
    Object.assign(this.clock, clockOf(alignment));
    this.transport.grow();
    this.#say();
  }

  /** What the alignment says: a sentence, what cannot be compared, and marks on both ribbons. */
  #say() {
    const { positions, divergence, notes } = this.alignment;
    const [a, b] = this.runs.map(namesOf);
    host("compare-says").textContent = alignmentWords(this.alignment, { a, b });
    host("compare-notes").replaceChildren(...notes.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    this.ribbons.forEach((ribbon, i) => {
      const matched = new Set(positions.map((pair) => pair[i]));
      for (const token of ribbon.list.querySelectorAll(".mri-token")) {
        const position = Number(/** @type {HTMLElement} */ (token).dataset.position);
        token.classList.toggle("is-apart", !matched.has(position));
        token.classList.toggle("is-parting", position === divergence);
        if (position === divergence) token.setAttribute("aria-description", "here the two part");
        else token.removeAttribute("aria-description");
      }
    });
  }

  /** @param {import("../core/types.mjs").Lane[]} lanes
   *  @param {boolean} isPlaying */
  draw(lanes, isPlaying) {
    const { step: moment } = this.player;
    const { view } = this.desk;
    const point = /** @type {string} */ (view.point);
    const [a, b] = lanes;
    lanes.forEach(({ frame, step }, i) => {
      const ribbon = this.ribbons[i];
      ribbon.list.closest(".compare-ribbon")?.classList.toggle("is-idle", !frame);
      if (!frame) return;
      ribbon.follow(step);
      ribbon.draw(step, frame, null, isPlaying);
    });
    this.layers.arrange(listLooks(view));
    if (a.frame) this.layers.draw(a.frame, a.before, point, isPlaying, b);
    const apart = differenceLane(a, b, this.alignment.whole[moment] ?? false);
    this.differing.draw(apart.frame ? (apart.differences?.(point) ?? null) : null, point, view.neuron);
    this.transport.draw();
    this.charts.draw(moment, point, isPlaying);
  }

  /** That of A. */
  get ribbon() {
    return this.ribbons[0];
  }

  showTab() {} // all panels are in sight

  afterPaint() {}

  close() {
    this.charts.close();
    this.layers.close();
    for (const ribbon of this.ribbons) ribbon.close();
  }
}

/** @param {Alignment} alignment
 *  @returns {{phase: string[], forced: boolean[]}} of each moment, as the transport shows steps */
function clockOf({ matched }) {
  return { phase: matched.map((is) => (is ? "matched" : "apart")), forced: matched.map(() => false) };
}

/** @param {Run} run
 *  @returns {string[]} of its tokens, by position */
function namesOf({ tokens: { sequence, text } }) {
  return sequence.map((id) => (text[id] ?? `#${id}`).replace(/ /g, "␣"));
}
