/**
 * All of a Scanner with two lanes that is not the picture: the words over the map of their
 * differences, the transport and its lines, what the alignment says, the list of hook
 * points, the neurons that differ most, and the charts of the pair.
 *
 * Gives each of them the moment that is shown. Refuses to know where frames come from and when to draw.
 */

import { alignmentWords, momentsOfSteps, partingBeside, seriesOfMoments } from "../core/moments.mjs";
import { listLooks } from "../core/selection.mjs";
import { tokenName } from "../core/token_names.mjs";
import { el } from "../shell/dom.mjs";
import { differenceLane } from "../stage/lanes.mjs";
import { Differing } from "./differing.mjs";
import { Layers } from "./layers.mjs";
import { PairCharts } from "./pair_charts.mjs";
import { PairMap } from "./pair_map.mjs";
import { PairPaper } from "./pair_paper.mjs";
import { PairSentence } from "./pair_sentence.mjs";
import { PairWords } from "./pair_words.mjs";
import { Timeline } from "./timeline.mjs";
import { Transport } from "./transport.mjs";

/** @typedef {import("../core/moments.mjs").Alignment} Alignment */
/** @typedef {Record<"pair"|"view"|"map", Record<string, any>>} Wanted what is wanted of the server: charts over all moments, those of one, the map */

const host = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class PairPanels {
  inspector = null; // all panels are in sight
  #seriesOf = ""; // which lines are drawn
  /** Of each moment, as the transport shows steps. */
  clock = { phase: /** @type {string[]} */ ([]), forced: /** @type {boolean[]} */ ([]) };

  /** @param {object} context
   *  @param {readonly import("../run/run.mjs").Run[]} context.runs A and B
   *  @param {Alignment} context.alignment
   *  @param {Record<string, any>} context.scales
   *  @param {import("../desk/player.mjs").Player} context.player
   *  @param {import("../desk/desk.mjs").Desk} context.desk
   *  @param {() => Wanted} context.wanted what the server is asked for now
   *  @param {(fields: Record<string, any>) => void} context.onSelect
   *  @param {() => void} context.needsRedraw */
  constructor({ runs, alignment, scales, player, desk, wanted, onSelect, needsRedraw }) {
    this.runs = runs;
    this.desk = desk;
    this.player = player;
    this.wanted = wanted;
    this.alignment = alignment;
    this.moments = momentsOfSteps(alignment);
    const onSeek = (/** @type {"a"|"b"} */ side, /** @type {number} */ step) => player.seek(this.moments[side].get(step) ?? 0);
    this.words = new PairWords(host("compare-words"), { runs, onSeek, onResize: () => this.map.resize() });
    this.map = new PairMap(this.words, host("compare-map-says"), { scales, onSelect, onChange: needsRedraw });
    this.paper = new PairPaper(this.words, this.map);
    this.sentence = new PairSentence(host("compare-headline"), onSelect);
    this.transport = new Transport(host("compare-transport"), { player, steps: this.clock, word: "moment" });
    const { layout, numSteps } = runs[0];
    const limit = Math.max(...runs.map((run) => run.limit));
    this.layers = new Layers(host("mri-layers"), { layout, limit, numSteps, needFrame: (step) => runs[0].want(step), onSelect });
    this.differing = new Differing(host("compare-list"), { session: runs[0].session, onPick: (neuron) => onSelect({ neuron }) });
    this.charts = new PairCharts(/** @type {any} */ (document.querySelector(".compare-panels")), { onClick: onSelect, onChange: needsRedraw });
    this.timeline = new Timeline(host("mri-timeline"), { player, layout, tokens: /** @type {any} */ ({ steps: this.clock }), word: "moment" });
    this.align(alignment);
  }

  /** How the two stand for each other, from now on: a sentence, what cannot be compared, and the columns of words.
   *  @param {Alignment} alignment */
  align(alignment) {
    const { matched, notes } = (this.alignment = alignment);
    this.moments = momentsOfSteps(alignment);
    Object.assign(this.clock, { phase: matched.map((is) => (is ? "matched" : "apart")), forced: matched.map(() => false) });
    this.transport.grow();
    this.map.data = { ...this.map.data, keys: [], values: [] };
    this.#seriesOf = "";
    const [a, b] = this.runs.map(({ tokens }) => tokens.sequence.map((id) => tokenName(tokens, id)));
    host("compare-says").textContent = alignmentWords(alignment, { a, b });
    host("compare-notes").replaceChildren(...notes.map((text) => el("li", { text })));
    this.words.align(alignment);
  }

  /** @param {number} by 1: to the next moment at which plates part, −1: to the one before */
  goToParting(by) {
    const moment = partingBeside(this.map.partings, this.player.step, by);
    if (moment !== undefined) this.player.seek(moment);
  }

  /** Lines of both over the moments, when both are here. */
  #drawLines() {
    const { steps, strategy } = this.alignment;
    const name = this.runs.map(({ series }) => Boolean(series)).join() + strategy;
    if (name === this.#seriesOf) return;
    this.#seriesOf = name;
    const { points } = this.runs[0].layout;
    const [a, b] = this.runs.map(({ series, layout }, i) => {
      const [ofSide, rows] = [steps.map((pair) => pair[i]), points.map(({ key }) => layout.rows.get(key) ?? -1)];
      return series && seriesOfMoments(series, ofSide, rows);
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
    /** @type {HTMLButtonElement} */ (host("compare-parting")).disabled = !this.map.partings.length;
    const look = { layer: view.layer ?? 0, head: view.head ?? 0 };
    const sides = lanes.map(({ frame }, i) => ({ run: this.runs[i], frame }));
    this.sentence.draw({ alignment: this.alignment, moment, sides, between: this.map.between(moment), look }, isPlaying);
    const wanted = this.wanted();
    this.map.want(String(new URLSearchParams(wanted.map)));
    this.charts.draw(wanted, isPlaying);
    this.#drawLines();
    this.timeline.draw(moment, point);
    this.layers.arrange(listLooks(view));
    if (a.frame) this.layers.draw(a.frame, a.before, point, isPlaying, b);
    const apart = differenceLane(a, b, this.alignment.whole[moment] ?? false);
    this.differing.draw(apart.frame ? (apart.differences?.(point) ?? null) : null, point, view.neuron);
    this.transport.draw();
  }

  close() {
    for (const each of [this.charts, this.layers, this.timeline, this.words, this.map, this.paper]) each.close();
  }
}
