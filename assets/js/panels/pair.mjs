/**
 * All of a Scanner with two lanes that is not the picture: the words over the map of their
 * differences, the transport and its lines, what the alignment says, the list of hook
 * points, the neurons that differ most, and the charts of the pair.
 *
 * Gives each of them the moment that is shown. Refuses to know where frames come from and when to draw.
 */

import { alignmentWords, momentsOfSteps, seriesOfMoments } from "../core/moments.mjs";
import { listLooks } from "../core/selection.mjs";
import { differenceLane } from "../stage/lanes.mjs";
import { Differing } from "./differing.mjs";
import { Layers } from "./layers.mjs";
import { PairCharts } from "./pair_charts.mjs";
import { PairMap } from "./pair_map.mjs";
import { PairSentence } from "./pair_sentence.mjs";
import { PairWords } from "./pair_words.mjs";
import { Timeline } from "./timeline.mjs";
import { Transport } from "./transport.mjs";

/** @typedef {import("../core/moments.mjs").Alignment} Alignment */
/** @typedef {import("../run/run.mjs").Run} Run */

const host = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class PairPanels {
  #seriesOf = ""; // which lines are drawn

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
    const onSeek = (/** @type {"a"|"b"} */ side, /** @type {number} */ step) => player.seek(this.moments[side].get(step) ?? 0);
    this.words = new PairWords(host("compare-words"), { runs, onSeek, onResize: () => this.map.resize() });
    this.map = new PairMap(this.words, host("compare-map-says"), { scales, onSelect, onChange: needsRedraw });
    this.sentence = new PairSentence(host("compare-headline"), onSelect);
    this.clock = clockOf(alignment);
    this.transport = new Transport(host("compare-transport"), { player, steps: this.clock, word: "moment" });
    const { layout, numSteps } = runs[0];
    const limit = Math.max(...runs.map((run) => run.limit));
    this.layers = new Layers(host("mri-layers"), { layout, limit, numSteps, needFrame, onSelect });
    this.differing = new Differing(host("compare-list"), { session: runs[0].session, onPick: (neuron) => onSelect({ neuron }) });
    this.charts = new PairCharts({ wanted, onSelect, needsRedraw });
    this.timeline = new Timeline(host("mri-timeline"), { player, layout, tokens: /** @type {any} */ ({ steps: this.clock }), word: "moment" });
    this.#say();
  }

  /** The two stand for each other otherwise.
   *  @param {Alignment} alignment */
  align(alignment) {
    this.alignment = alignment;
    this.moments = momentsOfSteps(alignment);
    Object.assign(this.clock, clockOf(alignment));
    this.transport.grow();
    this.map.data = { ...this.map.data, keys: [], values: [] };
    this.#seriesOf = "";
    this.#say();
  }

  /** What the alignment says: a sentence, what cannot be compared, and the columns of words. */
  #say() {
    const { notes } = this.alignment;
    const [a, b] = this.runs.map(namesOf);
    host("compare-says").textContent = alignmentWords(this.alignment, { a, b });
    host("compare-notes").replaceChildren(...notes.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    this.words.align(this.alignment);
  }

  /** Lines of both over the moments, when both are here. */
  #drawLines() {
    const { steps, strategy } = this.alignment;
    const name = this.runs.map(({ series }) => Boolean(series)).join() + strategy;
    if (name === this.#seriesOf) return;
    this.#seriesOf = name;
    const { points } = this.runs[0].layout;
    const [a, b] = this.runs.map(({ series, layout: { rows } }, i) => {
      const ofSide = steps.map((pair) => pair[i]);
      return (
        series &&
        seriesOfMoments(
          series,
          ofSide,
          points.map(({ key }) => rows.get(key) ?? -1),
        )
      );
    });
    if (a && b) this.timeline.setSeries(a, b);
  }

  /** @param {import("../core/types.mjs").Lane[]} lanes
   *  @param {boolean} isPlaying */
  draw(lanes, isPlaying) {
    const { step: moment } = this.player;
    const { view } = this.desk;
    const point = /** @type {string} */ (view.point);
    const [a, b] = lanes;
    this.words.draw(lanes.map(({ step }) => step));
    this.map.draw(point);
    const look = { layer: view.layer ?? 0, head: view.head ?? 0 };
    const sides = lanes.map(({ frame }, i) => ({ run: this.runs[i], frame }));
    this.sentence.draw({ alignment: this.alignment, moment, sides, between: this.map.between(moment), look }, isPlaying);
    this.#drawLines();
    this.timeline.draw(moment, point);
    this.layers.arrange(listLooks(view));
    if (a.frame) this.layers.draw(a.frame, a.before, point, isPlaying, b);
    const apart = differenceLane(a, b, this.alignment.whole[moment] ?? false);
    this.differing.draw(apart.frame ? (apart.differences?.(point) ?? null) : null, point, view.neuron);
    this.transport.draw();
    this.charts.draw(isPlaying);
  }

  /** Which step of A read each position. */
  get ribbon() {
    return this.runs[0];
  }

  showTab() {} // all panels are in sight

  afterPaint() {}

  close() {
    this.charts.close();
    this.layers.close();
    this.timeline.close();
    this.words.close();
    this.map.close();
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
