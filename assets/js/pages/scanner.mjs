/**
 * The Scanner: puts a Run, state and views together, and paints them in one animation frame.
 *
 * Composition only. Everything that moves goes through `paint`; nothing else draws.
 */

import { loopFromText, textFromLoop } from "../core/lanes.mjs";
import { blockOf, validView } from "../core/selection.mjs";
import { toggled, watchName } from "../core/watched.mjs";
import { Lanes } from "../run/lanes.mjs";
import { keys } from "../desk/keys.mjs";
import { Pictures } from "../desk/pictures.mjs";
import { Player } from "../desk/player.mjs";
import { urlFromView, viewFromUrl } from "../core/address.mjs";
import { Desk } from "../desk/desk.mjs";
import { askedNow } from "../desk/history.mjs";
import { COMMANDS } from "./commands.mjs";
import { openWhy } from "./why.mjs";
import { Recording } from "./recording.mjs";
import { Grouped } from "../panels/grouped.mjs";
import { showToast, themeChanged } from "../shell/shell.mjs";
import { strongestOf } from "../stage/lanes.mjs";
import { Stage } from "../stage/stage.mjs";
import { TakeAway } from "../shell/takeaway.mjs";
import { Timings } from "../shell/timings.mjs";

/** @typedef {import("../core/address.mjs").View} View */

/** A step that comes so long after the picture before is drawn at once; where they come faster, one frame may show several. */
const ALONE_MS = 30;

export class Scanner {
  timings = new Timings();
  #pictures = new Pictures({ draw: () => this.#paint(), onFrame: () => this.#tellWhenPainted() });
  #isClosed = false;
  #abort = new AbortController();
  #painted = () => {};
  #owesWords = false;

  /** @param {import("../run/run.mjs").Run} run that is shown, and closed with the Scanner
   *  @param {Record<string, any>} scales
   *  @param {object} [how]
   *  @param {View} [how.asked] what a lesson shows, instead of what the address asks for
   *  @param {number} [how.pace] of a recording under way
   *  @param {string} [how.begin] where one begins: "first", "newest", or "paused" at the first
   *  @param {import("../run/lanes.mjs").Asked[]} [how.lanes] what stands beside it
   *  @param {import("./pair.mjs").Pair} [how.pair] of which it is one; then the clock counts moments of both
   *  @param {import("./simple.mjs").Simple} [how.simple] as which it is shown */
  constructor(run, scales, { asked: askedByLesson, pace, begin, lanes = [], pair, simple } = {}) {
    const { session, layout, isGrowing } = run;
    this.run = run;
    this.session = session;
    this.layout = layout;
    this.pair = pair ?? null;
    this.shown = pair ?? simple ?? new Recording(run, lanes, Boolean(askedByLesson));
    this.isLive = isGrowing;
    this.pathname = location.pathname;
    this.firstPaint = new Promise((resolve) => (this.#painted = () => resolve(null)));
    const onChange = () => this.redraw();
    this.lanes = new Lanes(run, { others: this.shown.others, clock: this.shown.alignment, onChange });
    this.player = new Player({ numSteps: this.lanes.numSteps, ready: (moment) => this.lanes.isHere(moment) });
    const asked = askedByLesson ?? viewFromUrl(askedNow());
    this.desk = new Desk({ view: this.#viewOf(asked), isHere: () => this.#isHere() });
    this.grouped = new Grouped({ session, scales, onReady: onChange });
    this.stage = this.#newStage(scales);
    /** @type {import("./recording.mjs").RecordingPanels|import("../panels/pair.mjs").PairPanels} */
    this.panels = this.shown.newPanels(this, scales, {
      onSelect: (fields) => this.#select(fields),
      onToggle: (point, neuron) => this.#toggleWatch(point, neuron),
    });
    const tools = /** @type {HTMLElement} */ (document.getElementById(this.shown.toolsId));
    this.takeaway = new TakeAway(tools, {
      ...this.shown.taken(this),
      linkNow: () => urlFromView({ ...this.desk.view, step: this.player.step }),
      paint: () => this.#pictures.drawNow(),
      pause: () => this.player.pause(),
    });
    this.shown.furnish(tools);
    this.#listen();
    const loop = loopFromText(asked.loop);
    this.player.seek(this.shown.opening(asked, this.desk.view));
    this.player.setLoop(loop);
    this.player.setGrowing(isGrowing);
    this.player.setPace(pace ?? null);
    if (!isGrowing) run.want(this.player.wanted, 0); // what was asked for early is there by the first animation frame
    this.redraw();
    this.firstPaint.then(() => this.#isClosed || this.shown.goOn(this));
    if (asked.step !== null) return;
    if (isGrowing && begin === "first" && this.player.isPaced) this.player.play();
    else if (isGrowing && begin !== "paused") this.player.follow();
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const isToPlay = !simple && !isGrowing && asked.session !== null && !isCalm; // who asked for nothing begins at a telling step
    if (isToPlay) this.firstPaint.then(() => this.#isClosed || this.player.play());
  }

  /** What an address shows here.
   *  @param {View} asked
   *  @returns {View} */
  #viewOf(asked) {
    const { pair, layout, session, player } = this;
    return { ...asked, ...validView(pair ? pair.asked(asked) : asked, layout, session, player.lastStep), ...this.shown.place?.(asked) };
  }

  /** @param {Record<string, any>} scales */
  #newStage(scales) {
    const { layout, shown } = this;
    return new Stage(/** @type {HTMLElement} */ (document.getElementById(shown.stageId)), {
      ...shown.picture,
      layout,
      scales,
      onPick: (fields) => this.#select(fields),
      onRetry: () => this.lanes.retry(),
      needsRedraw: () => this.redraw(),
      willRedraw: () => this.#pictures.willDraw,
    });
  }

  #listen() {
    const { signal } = this.#abort;
    this.player.subscribe(() => {
      const { mode, isGrowing } = this.player;
      const step = mode === "following" && isGrowing ? null : this.player.step; // a link to a recording under way follows it
      this.desk.select({ step, loop: textFromLoop(this.player.loop) });
      this.redraw();
    });
    this.desk.subscribe((view, _before, changed) => {
      if (changed.has("tab")) this.panels.inspector?.showTab(/** @type {string} */ (view.tab));
      this.redraw();
    });
    const forget = keys.know(Object.keys(COMMANDS), (command, event) => this.#obey(command, event));
    signal.addEventListener("abort", forget);
    addEventListener("popstate", () => this.#restore(), { signal });
    themeChanged.addEventListener("change", () => this.redraw(), { signal });
  }

  /** Whether the address bar is still this view's to write. */
  #isHere() {
    const asked = viewFromUrl(askedNow());
    return !this.#isClosed && location.pathname === this.pathname && this.shown.isHere(asked, this.desk.view);
  }

  /** Back or forward within this session; another session is another page, which Dash builds. */
  #restore() {
    const asked = viewFromUrl(askedNow());
    if (!this.#isHere()) return this.close();
    if (this.pair && !this.pair.restores(asked)) return;
    const view = { ...this.#viewOf(asked), step: Math.min(asked.step ?? 0, this.player.lastStep) };
    this.desk.restore(view);
    this.player.seek(view.step);
    this.player.setLoop(loopFromText(view.loop));
  }

  /** The page is gone: stop everything that this view started. */
  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#painted(); // nobody waits for what will not come
    this.#pictures.close();
    this.#abort.abort();
    const { player, desk, lanes, shown, stage, panels, grouped, takeaway } = this;
    for (const each of [player, desk, lanes, shown, stage, panels, grouped, takeaway]) each.close();
  }

  /** @param {string} point
   *  @param {number} neuron watched from now on, or no longer */
  #toggleWatch(point, neuron) {
    const watched = toggled(this.desk.view.watched ?? [], watchName(point, neuron));
    if (watched) this.desk.select({ watched });
    else showToast("Six neurons are watched already: stop watching one of them first.");
  }

  /** @param {Record<string, any>} fields of the view; a hook point or neuron picked here is picked everywhere */
  #select(fields) {
    const { layout } = this;
    const { watch, ...next } = fields;
    if (watch) return this.#toggleWatch(fields.point, fields.neuron);
    if (fields.point !== undefined && !layout.rows.has(fields.point))
      delete next.point; // of a lane whose model has more
    else if (fields.point !== undefined && fields.point !== this.desk.view.point) {
      const width = layout.points[/** @type {number} */ (layout.rows.get(fields.point))].width;
      if (fields.neuron === undefined && (this.desk.view.neuron ?? 0) >= width) next.neuron = null;
      if (fields.layer === undefined && blockOf(layout, fields.point) >= 0) next.layer = blockOf(layout, fields.point);
    }
    if (fields.neuron !== undefined && fields.tab === undefined && !this.pair) next.tab = "neurons";
    this.desk.select(next);
  }

  /** @param {import("../desk/keys.mjs").Command} command
   *  @param {KeyboardEvent} event */
  #obey(command, event) {
    this.timings.keyPressed(event.timeStamp);
    const numLanes = 1 + this.lanes.asked.length;
    const on = { player: this.player, layout: this.layout, view: this.desk.view, picture: this.stage.picture, numLanes };
    const select = (/** @type {Record<string, any>} */ fields) => this.#select(fields);
    const why = { why: this.#why(this.run.frame(this.player.step)), openWhy: (/** @type {number|null} */ position) => this.pair || openWhy(this, position) };
    const nextTelling = (/** @type {1|-1} */ direction) => /** @type {any} */ (this.panels).telling?.go(direction); // Compare and Simple have none
    COMMANDS[command.name]({ ...on, ...why, nextTelling, select, toggleWatch: (point, neuron) => this.#toggleWatch(point, neuron) }, command);
    this.#pictures.hurry();
  }

  /** @param {import("../core/wire.mjs").Frame|null} frame
   *  @returns {import("../core/why.mjs").Why|null} */
  #why(frame) {
    return (frame && /** @type {any} */ (this.panels).whys?.at(frame, this.desk.view)) ?? null;
  }

  /** Ask for a picture.
   *  @param {boolean} [isSoon] of a step that comes alone: it is drawn at once */
  redraw(isSoon = false) {
    if (isSoon) this.#pictures.hurry(ALONE_MS);
    else this.#pictures.ask();
  }

  /** The picture first. The words go with it, or, while a recording is followed, when it is on the screen: their layout would
   *  delay it.
   *  @returns {boolean} whether there is a step to draw */
  #paint() {
    if (!this.stage.host.isConnected) {
      this.close();
      return false;
    }
    const { step, direction, mode, waiting, wanted } = this.player;
    const sought = waiting ? wanted : step;
    this.lanes.want(sought, direction);
    const hasPicture = this.lanes.hasPicture(step);
    const { view } = this.desk;
    const isMissing = waiting || !hasPicture;
    this.stage.wait(`${this.shown.word} ${sought}`, isMissing, hasPicture, this.lanes.failureOf(sought));
    if (hasPicture) {
      const startMs = performance.now();
      const lanes = this.lanes.at(step);
      if (view.neuron === null && !this.pair) {
        this.desk.select({ neuron: strongestOf(lanes[0], /** @type {string} */ (view.point)) });
        return false;
      }
      this.grouped.want(view.groups);
      const isMatched = view.difference !== null && this.lanes.isMatched(step);
      const between = this.pair?.between(step) ?? null;
      const why = lanes.length === 1 ? this.#why(lanes[0].frame) : null;
      this.stage.draw(lanes, { ...view, groups: this.grouped.now, why, ...this.shown.looks }, mode === "playing", { isMatched, between });
      this.timings.drawn(startMs);
    }
    this.#owesWords = true;
    if (!hasPicture || !this.isFollowing) this.#write();
    return hasPicture;
  }

  /** Whether steps come by themselves and are shown, each in its turn. */
  get isFollowing() {
    const { mode, step, lastStep } = this.player;
    return mode === "following" && (this.run.isRunning || step < lastStep);
  }

  /** All that is not the picture, of the step that the picture shows. */
  #write() {
    this.#owesWords = false;
    const { step, mode } = this.player;
    if (this.lanes.hasPicture(step)) this.stage.write();
    this.panels.draw(this.lanes.at(step), mode === "playing" || this.isFollowing);
  }

  /** In an animation frame: when the browser has painted it, what was drawn is on the screen. */
  #tellWhenPainted() {
    const { step, lastStep } = this.player;
    this.timings.afterPaint(this.isLive && step === lastStep ? step : null, () => {
      this.#painted();
      if (this.#isClosed) return;
      if (this.#owesWords) this.#write();
      this.panels.inspector?.afterPaint();
    });
  }
}
