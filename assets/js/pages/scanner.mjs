/**
 * The Scanner: puts source, state and views together, and paints them in one animation frame.
 *
 * Composition only. Everything that moves goes through `paint`; nothing else draws.
 */

import { layoutFromMeta } from "../core/layout.mjs";
import { loopFromText, textFromLoop } from "../core/lanes.mjs";
import { openingStep } from "../core/opening.mjs";
import { blockOf, validView } from "../core/selection.mjs";
import { takenFromScanner } from "../core/takeaway.mjs";
import { toggled, watchName } from "../core/watched.mjs";
import { plateKeys } from "../stage/plates.mjs";
import { IDS } from "../core/names.mjs";
import { FrameCache } from "../run/cache.mjs";
import { takeEarlyFrames } from "../run/early.mjs";
import { damageOf } from "../run/http.mjs";
import { Pin } from "../run/pin.mjs";
import { keys } from "../desk/keys.mjs";
import { Pictures } from "../desk/pictures.mjs";
import { Player } from "../desk/player.mjs";
import { urlFromView, viewFromUrl } from "../core/address.mjs";
import { Desk } from "../desk/desk.mjs";
import { replaceEntry } from "../desk/history.mjs";
import { COMMANDS } from "./commands.mjs";
import { toldUntilAnswered } from "../shell/failed.mjs";
import { Grouped } from "../panels/grouped.mjs";
import { Hints } from "../shell/hints.mjs";
import { Panels } from "../panels/panels.mjs";
import { PinButton } from "../shell/pinned.mjs";
import { showToast, themeChanged } from "../shell/shell.mjs";
import { Stage } from "../stage/stage.mjs";
import { TakeAway } from "../shell/takeaway.mjs";
import { openSession, showInPicker } from "../shell/picker.mjs";
import { Timings } from "../shell/timings.mjs";

/** A step that comes so long after the picture before is drawn at once; where they come faster, one frame may show several. */
const ALONE_MS = 30;

export class Scanner {
  timings = new Timings();
  #pictures = new Pictures({ draw: () => this.#paint(), onFrame: () => this.#tellWhenPainted() });
  #isClosed = false;
  #abort = new AbortController();
  #painted = () => {};
  #owesWords = false;

  /** @param {{session: string, full_scale: Record<string, number>, limit: number, asked?: import("../core/address.mjs").View, pace?: number, begin?: string}} boot
   *    `asked`: what a lesson shows, instead of what the address asks for; of a recording under way: its pace, and where it
   *    begins ("first", "newest", or "paused" at the first)
   *  @param {any} meta
   *  @param {import("../core/types.mjs").Tokens} tokens
   *  @param {Record<string, any>} scales
   *  @param {import("../core/growth.mjs").Growth|null} [growth] a recording under way: `append` adds its steps, `settle` ends it */
  constructor(boot, meta, tokens, scales, growth = null) {
    this.session = boot.session;
    this.growth = growth;
    this.isInLesson = Boolean(boot.asked);
    this.isRunning = growth !== null;
    this.pathname = location.pathname;
    this.layout = layoutFromMeta(meta);
    this.firstPaint = new Promise((resolve) => (this.#painted = () => resolve(null)));
    const numSteps = growth?.numSteps ?? meta.num_steps;
    this.pin = new Pin({ session: boot.session, meta, tokens, onChange: () => this.pinButton?.draw() });
    this.cache = new FrameCache({
      numSteps,
      isFilling: growth !== null,
      fetchWindow: async (start, stop, signal) => (await takeEarlyFrames(boot.session, start, stop)) ?? this.pin.frames(start, stop, signal),
      onFailure: () => this.redraw(),
    });
    this.player = new Player({ numSteps, ready: (step) => this.cache.get(step) !== null });
    const asked = boot.asked ?? viewFromUrl(location.search);
    this.desk = new Desk({ view: { ...asked, ...validView(asked, this.layout, this.session, this.player.lastStep) }, isHere: () => this.#isHere() });
    this.grouped = new Grouped({ session: boot.session, scales, onReady: () => this.redraw() });
    this.stage = this.#newStage(boot, tokens, scales);
    this.panels = this.#newPanels(boot, tokens, scales, meta);
    const tools = /** @type {HTMLElement} */ (document.getElementById("mri-tools"));
    this.takeaway = this.#newTakeAway(tools);
    this.pinButton = new PinButton(tools, this.pin);
    this.hints = new Hints(this.player);
    const picker = /** @type {HTMLSelectElement} */ (document.getElementById(IDS.sessionPicker));
    showInPicker(picker, this.session, meta.session.prompt || meta.name || meta.session.name);
    this.#listen();
    const loop = loopFromText(asked.loop);
    this.player.seek(openingStep({ ...this.desk.view, session: this.isInLesson ? boot.session : asked.session }, tokens.steps));
    this.player.setLoop(loop);
    this.player.setGrowing(growth !== null);
    this.player.setPace(boot.pace ?? null);
    if (!growth) this.cache.ensure(this.player.wanted, 0).catch(() => {}); // what was asked for early is there by the first animation frame
    this.redraw();
    this.firstPaint.then(() => this.#isClosed || this.#goOn(meta.integrity));
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (growth && asked.step === null) this.#follow(boot.begin);
    const isToPlay = !growth && asked.session !== null && asked.step === null && !isCalm; // who asked for nothing begins at a telling step
    if (isToPlay) this.firstPaint.then(() => this.#isClosed || this.player.play());
  }

  /** @param {{full_scale: Record<string, number>}} boot
   *  @param {import("../core/types.mjs").Tokens} tokens
   *  @param {Record<string, any>} scales */
  #newStage(boot, tokens, scales) {
    return new Stage(/** @type {HTMLElement} */ (document.getElementById("mri-stage")), {
      layout: this.layout,
      scales,
      fullScale: boot.full_scale,
      tokens,
      onPick: (picked) => this.#select(picked),
      onRetry: () => this.cache.retry(),
      needsRedraw: () => this.redraw(),
      willRedraw: () => this.#pictures.willDraw,
    });
  }

  /** @param {{session: string, limit: number}} boot
   *  @param {import("../core/types.mjs").Tokens} tokens
   *  @param {Record<string, any>} scales
   *  @param {any} meta */
  #newPanels(boot, tokens, scales, meta) {
    const { layout, player, desk, growth } = this;
    return new Panels({
      layout,
      meta,
      tokens,
      scales,
      player,
      onSelect: (fields) => this.#select(fields),
      desk,
      growth,
      session: boot.session,
      limit: boot.limit,
      onToggle: (point, neuron) => this.#toggleWatch(point, neuron),
      needFrame: (step) =>
        this.cache.ensure(step).then(
          () => this.redraw(),
          () => {}, // the stage says it where it matters
        ),
      canAsk: () => this.pin.serverAnswers(),
      isFollowing: () => this.#isFollowing && !this.player.isPaced, // at a pace there is time for charts
    });
  }

  /** @param {HTMLElement} tools */
  #newTakeAway(tools) {
    const { player, desk, panels, layout, session } = this;
    const points = () => plateKeys(layout, /** @type {string} */ (desk.view.point));
    return new TakeAway(tools, {
      ...takenFromScanner(session, () => panels.viewForServer(), points),
      linkNow: () => urlFromView({ ...desk.view, step: player.step }),
      paint: () => this.#pictures.drawNow(),
      pause: () => player.pause(),
    });
  }

  /** @param {string} [begin] where, as of the constructor */
  #follow(begin) {
    if (begin === "paused") return;
    if (begin === "first" && this.player.isPaced) this.player.play();
    else this.player.follow();
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
      if (changed.has("tab")) this.panels.inspector.showTab(/** @type {string} */ (view.tab));
      this.redraw();
    });
    signal.addEventListener(
      "abort",
      keys.know(Object.keys(COMMANDS), (command, event) => this.#obey(command, event)),
    );
    document
      .getElementById(IDS.sessionPicker)
      ?.addEventListener("change", (event) => openSession(/** @type {HTMLSelectElement} */ (event.target).value), { signal });
    addEventListener("popstate", () => this.#restore(), { signal });
    themeChanged.addEventListener("change", () => this.redraw(), { signal });
  }

  /** What waits for the first picture.
   *  @param {string} integrity of the meta */
  #goOn(integrity) {
    if (!this.growth) {
      this.#fetchSeries();
      this.#withdrawIfDamaged(integrity);
    }
    this.#fillOn();
    if (!this.isInLesson) this.hints.welcome();
  }

  /** The other steps come when the charts have, or as soon as the clock moves. */
  #fillOn() {
    const fill = () => {
      if (!this.#isClosed) this.cache.fill(this.player.wanted);
    };
    this.player.subscribe(fill);
    this.panels.inspector.firstChart.then(fill);
  }

  /** Lines over all steps, after the picture: the scan does not wait for them. */
  async #fetchSeries() {
    const { signal } = this.#abort;
    try {
      this.panels.setSeries(await toldUntilAnswered(() => this.pin.series(signal), signal));
      this.redraw();
    } catch (error) {
      if (!this.#isClosed) showToast(/** @type {Error} */ (error).message, "error");
    }
  }

  /** A file's checksums are compared while it is shown. Where they do not fit, nothing of it stays on the screen: the page,
   *  built anew, says why.
   *  @param {string} integrity of the meta */
  async #withdrawIfDamaged(integrity) {
    const damage = await damageOf(this.session, integrity, this.#abort.signal);
    if (!damage || this.#isClosed) return;
    showToast(damage, "error");
    if (integrity !== "checking") return; // a journal that was damaged: it is shown up to there
    const place = document.getElementById("mri-scanner") ?? this.stage.host;
    this.close();
    place.replaceChildren();
    if (!this.isInLesson) location.reload();
  }

  /** The next steps of the recording.
   *  @param {import("../core/wire.mjs").Frame[]} frames that `growth` has taken already */
  append(frames) {
    for (const frame of frames) this.cache.push(frame);
    this.panels.hasGrown = true;
    this.player.setNumSteps(this.cache.numSteps);
    if (this.player.step === this.player.lastStep) this.#pictures.hurry(ALONE_MS);
    else this.redraw();
  }

  /** The recording runs, or it is paused: then charts may be asked for.
   *  @param {boolean} isRunning */
  setRunning(isRunning) {
    if (isRunning === this.isRunning) return;
    this.isRunning = isRunning;
    this.redraw();
  }

  /** The recording is over: from here on this is the replay of its session, at the session's own address.
   *  @param {Iterable<number>} thin steps that came without their payloads: they are asked for again when needed */
  settle(thin) {
    this.isRunning = false;
    this.panels.settle();
    for (const step of thin) this.cache.forget(step);
    this.player.setGrowing(false);
    if (this.isInLesson) return this.redraw(); // the address stays the lesson's
    this.pathname = "/";
    replaceEntry(`/${urlFromView({ ...this.desk.view, session: this.session, step: this.player.step })}`);
    this.redraw();
  }

  /** Whether the address bar is still this view's to write. */
  #isHere() {
    return !this.#isClosed && location.pathname === this.pathname && [null, this.session].includes(viewFromUrl(location.search).session);
  }

  /** Back or forward within this session; another session is another page, which Dash builds. */
  #restore() {
    const asked = viewFromUrl(location.search);
    if (!this.#isHere()) return this.close();
    const view = { ...asked, ...validView(asked, this.layout, this.session, this.player.lastStep), step: Math.min(asked.step ?? 0, this.player.lastStep) };
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
    this.player.close();
    this.desk.close();
    this.cache.close();
    this.stage.close();
    this.panels.close();
    this.grouped.close();
    this.takeaway.close();
    this.hints.close();
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
    if (fields.point !== undefined && fields.point !== this.desk.view.point) {
      const width = layout.points[/** @type {number} */ (layout.rows.get(fields.point))].width;
      if (fields.neuron === undefined && (this.desk.view.neuron ?? 0) >= width) next.neuron = null;
      if (fields.layer === undefined && blockOf(layout, fields.point) >= 0) next.layer = blockOf(layout, fields.point);
    }
    if (fields.neuron !== undefined && fields.tab === undefined) next.tab = "neurons";
    this.desk.select(next);
  }

  /** @param {import("../desk/keys.mjs").Command} command
   *  @param {KeyboardEvent} event */
  #obey(command, event) {
    this.timings.keyPressed(event.timeStamp);
    const on = { player: this.player, layout: this.layout, view: this.desk.view, picture: this.stage.picture };
    const select = (/** @type {Record<string, any>} */ fields) => this.#select(fields);
    COMMANDS[command.name]({ ...on, select, toggleWatch: (point, neuron) => this.#toggleWatch(point, neuron) }, command);
    this.#pictures.hurry();
  }

  /** Ask for a picture. */
  redraw() {
    this.#pictures.ask();
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
    this.cache.ensure(sought, direction).then(
      () => this.stage.frame !== this.cache.get(this.player.step) && this.redraw(),
      () => {}, // the cache has a picture asked for, which says it
    );
    const frame = this.cache.get(step);
    const { view } = this.desk;
    const isMissing = waiting || !frame;
    this.stage.wait(sought, isMissing, frame !== null, isMissing ? this.cache.failureOf(sought) : null);
    if (frame) {
      const startMs = performance.now();
      if (view.neuron === null) {
        this.desk.select({ neuron: this.stage.strongest(frame, /** @type {string} */ (view.point)) });
        return false;
      }
      this.grouped.want(view.groups);
      this.stage.draw(frame, { ...view, groups: this.grouped.now }, this.#before(step), mode === "playing");
      this.timings.drawn(startMs);
    }
    this.#owesWords = true;
    if (!frame || !this.#isFollowing) this.#write();
    return frame !== null;
  }

  /** @param {number} step
   *  @returns {import("../core/wire.mjs").Frame|null} the step before, where it is at hand */
  #before(step) {
    return step > 0 ? this.cache.get(step - 1) : null;
  }

  /** Whether steps come by themselves and are shown, each in its turn. */
  get #isFollowing() {
    const { mode, step, lastStep } = this.player;
    return mode === "following" && (this.isRunning || step < lastStep);
  }

  /** All that is not the picture, of the step that the picture shows. */
  #write() {
    this.#owesWords = false;
    const { step, mode } = this.player;
    const frame = this.cache.get(step);
    if (frame) this.stage.write();
    this.panels.draw(frame, this.#before(step), mode === "playing" || this.#isFollowing);
  }

  /** In an animation frame: when the browser has painted it, what was drawn is on the screen. */
  #tellWhenPainted() {
    const { step, lastStep } = this.player;
    this.timings.afterPaint(this.growth && step === lastStep ? step : null, () => {
      this.#painted();
      if (this.#isClosed) return;
      if (this.#owesWords) this.#write();
      this.panels.inspector.afterPaint();
    });
  }
}
