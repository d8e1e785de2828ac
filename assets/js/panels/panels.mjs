/**
 * All of the Scanner that is not the picture: words, transport, timeline, list of hook points, sentence, inspector, watched
 * neurons, and the line of facts.
 *
 * Gives each of them the step that is shown and, while a recording grows, the steps that are new. Refuses to know where frames
 * come from and when to draw.
 */

import { factsOf } from "../core/facts.mjs";
import { ledeOf } from "../core/lede.mjs";
import { chartLooks, listLooks } from "../core/selection.mjs";
import { Inspector } from "./inspector.mjs";
import { Layers } from "./layers.mjs";
import { Next } from "./next.mjs";
import { Ribbon } from "./ribbon.mjs";
import { Sentence } from "./sentence.mjs";
import { theme } from "../shell/shell.mjs";
import { Telling } from "./telling.mjs";
import { Timeline } from "./timeline.mjs";
import { Transport } from "./transport.mjs";
import { Watched } from "./watch_list.mjs";
import { Whys } from "../run/whys.mjs";

/** The small lines of the list of hook points are drawn anew at most so often while a recording grows. */
const LINES_EVERY_MS = 2000;

export class Panels {
  hasGrown = false;
  #linesAtMs = 0; // when the small lines were drawn last

  /** @param {object} context
   *  @param {import("../run/run.mjs").Run} context.run
   *  @param {Record<string, any>} context.scales
   *  @param {import("../desk/player.mjs").Player} context.player
   *  @param {import("../desk/desk.mjs").Desk} context.desk
   *  @param {(fields: Record<string, any>) => void} context.onSelect
   *  @param {(point: string, neuron: number) => void} context.onToggle a neuron watched, or no longer
   *  @param {(step: number) => void} context.needFrame
   *  @param {() => Promise<boolean>} context.canAsk whether there is a server to ask
   *  @param {() => boolean} context.isFollowing whether steps come from a recording that runs
   *  @param {() => void} context.needsRedraw
   *  @param {(position: number) => void} context.onWhy of a word in the ribbon
   *  @param {boolean} [context.isInLesson] which points at every hook point: all have their rows */
  constructor({ run, scales, player, desk, onSelect, onToggle, needFrame, canAsk, isFollowing, needsRedraw, onWhy, isInLesson = false }) {
    const host = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
    const onSeek = (/** @type {number} */ step) => step >= 0 && player.seek(step);
    const { session, limit, layout, meta, tokens } = run;
    const source = { layout, tokens, stepOf: run.stepOf, numPrompt: run.numPrompt, sampling: meta.session.sampling };
    this.run = run;
    this.whys = new Whys({ run, canAsk, onChange: needsRedraw });
    this.player = player;
    this.desk = desk;
    this.ribbon = new Ribbon(host("mri-ribbon"), {
      tokens,
      stepOf: source.stepOf,
      numPrompt: source.numPrompt,
      onSeek,
      onAxis: (axis) => this.timeline?.setAxis(axis),
      onWhy: this.whys.hasParts ? onWhy : null,
      hasAttention: layout.n_head > 0,
      influence: { session, version: meta.version, scales, onChoose: (influence) => desk.select({ influence }) },
    });
    this.transport = new Transport(host("mri-transport"), { player, steps: tokens.steps });
    this.timeline = new Timeline(host("mri-timeline"), { player, layout, tokens, onLines: (lines) => desk.select({ lines }) });
    this.telling = new Telling(run, player);
    host("mri-says").replaceChildren(this.ribbon.says, this.telling.host);
    const { added } = this.timeline;
    if (added) (this.timeline.isTraining ? host("mri-says") : this.ribbon.foot).append(added.select);
    this.layers = new Layers(host("mri-layers"), { layout, limit, numSteps: player.numSteps, needFrame, onSelect, isGrouped: !isInLesson });
    this.sentence = new Sentence(host("mri-sentence"), { source, onSelect });
    this.next = new Next(host("mri-next"), { source, onSelect });
    this.inspector = new Inspector({ source, onSelect, onSeek, viewForServer: () => this.viewForServer(), canAsk, isFollowing, whys: this.whys });
    this.inspector.showTab(/** @type {string} */ (desk.view.tab));
    this.watched = new Watched({ session, scales, onSelect, onToggle });
    const lede = ledeOf(meta.session, layout);
    this.showFacts = () => {
      const facts = factsOf(meta.session, layout, run.numSteps);
      Object.assign(host("mri-facts"), { textContent: facts, title: `${lede} ${facts}` });
    };
    this.showFacts();
    if (run.isGrowing) this.#showGrowth();
  }

  get firstChart() {
    return this.inspector.firstChart;
  }

  /** What is selected, as the server's charts are asked for: what only the browser draws is not among it. */
  viewForServer() {
    const { session, point, layer, head, neuron, tab, watched, token, against } = this.desk.view;
    const looks = chartLooks(this.desk.view, this.run.layout.n_layer === 0);
    return { session, point, layer, head, neuron, tab, watched, token, against, step: this.player.step, theme: theme(), ...looks };
  }

  /** Lines over all steps.
   *  @param {import("../core/types.mjs").Series} series */
  setSeries(series) {
    this.sentence.setFirstOdd(series.firstOdd ?? null);
    this.timeline.setSeries(series);
    this.layers.setSeries(series);
  }

  /** The recording is over: the next drawing shows all of it. */
  settle() {
    this.#linesAtMs = 0;
    this.hasGrown = true;
  }

  /** @param {import("../core/types.mjs").Lane[]} lanes of the step that is shown; that of the first is not at hand where it has no frame
   *  @param {boolean} isPlaying whether steps come by themselves */
  draw([{ frame, before }, other], isPlaying) {
    const { step } = this.player;
    const { view } = this.desk;
    const point = /** @type {string} */ (view.point);
    this.layers.arrange(listLooks(view));
    if (frame) {
      if (this.hasGrown) this.ribbon.grow();
      this.ribbon.show(this.player.isPaced ? this.player.furthest : Infinity);
      this.ribbon.follow(step);
      if (this.hasGrown) this.#showGrowth();
      this.layers.draw(frame, before, point, isPlaying, other);
      this.ribbon.draw(step, frame, view.influence, isPlaying);
      this.next.draw(frame, view.odds);
      const isWhy = view.tab === "why" || view.picture === "why";
      if (isWhy) this.whys.want(frame, view, isPlaying);
      else this.whys.rest();
      this.sentence.draw(frame, isPlaying, isWhy ? this.whys.at(frame, view) : null);
    }
    this.transport.draw();
    this.timeline.draw(step, point, view.lines);
    this.telling.draw();
    if (!frame) return;
    this.watched.draw(view);
    this.inspector.draw(frame, view, isPlaying);
  }

  /** What is drawn over all steps gets the new ones. */
  #showGrowth() {
    const series = /** @type {import("../core/types.mjs").Series} */ (this.run.series);
    this.hasGrown = false;
    this.transport.grow();
    this.sentence.setFirstOdd(series.firstOdd ?? null);
    this.timeline.setSeries(series);
    this.layers.grow(this.run.numSteps, this.run.limit);
    this.showFacts();
    if (performance.now() - this.#linesAtMs < LINES_EVERY_MS) return;
    this.#linesAtMs = performance.now();
    this.layers.setSeries(series);
  }

  close() {
    for (const each of [this.timeline, this.layers, this.ribbon, this.inspector, this.watched, this.whys]) each.close();
  }
}
