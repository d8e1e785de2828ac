/**
 * The Scanner: puts source, state and views together, and paints them in one animation frame.
 *
 * Composition only. Everything that moves goes through `paint`; nothing else draws.
 */

import { stepsOfPositions } from "./core/growth.mjs";
import { layoutFromMeta } from "./core/layout.mjs";
import { loopFromText, textFromLoop } from "./core/lanes.mjs";
import { blockOf, validView } from "./core/selection.mjs";
import { takenFromScanner } from "./core/takeaway.mjs";
import { toggled, watchName } from "./core/watched.mjs";
import { plateKeys } from "./draw/plates.mjs";
import { IDS } from "./names.mjs";
import { FrameCache } from "./source/cache.mjs";
import { Pin } from "./source/pin.mjs";
import { commandFromKey } from "./state/keys.mjs";
import { Pictures } from "./state/pictures.mjs";
import { Player } from "./state/player.mjs";
import { ViewState, urlFromView, viewFromUrl } from "./state/view.mjs";
import { runCommand } from "./views/commands.mjs";
import { Grouped } from "./views/grouped.mjs";
import { Hints } from "./views/hints.mjs";
import { Inspector } from "./views/inspector.mjs";
import { Layers } from "./views/layers.mjs";
import { PinButton } from "./views/pinned.mjs";
import { Ribbon } from "./views/ribbon.mjs";
import { showToast, theme, themeChanged } from "./views/shell.mjs";
import { Sentence } from "./views/sentence.mjs";
import { Stage } from "./views/stage.mjs";
import { TakeAway } from "./views/takeaway.mjs";
import { openSession, showInPicker } from "./views/picker.mjs";
import { Timings } from "./views/timings.mjs";
import { Timeline } from "./views/timeline.mjs";
import { Transport } from "./views/transport.mjs";
import { Watched } from "./views/watched.mjs";

/** The small lines of the list of hook points are drawn anew at most so often while a recording grows. */
const LINES_EVERY_MS = 2000;
/** A step that comes so long after the picture before is drawn at once; where they come faster, one frame may show several. */
const ALONE_MS = 30;

export class Scanner {
  timings = new Timings();
  #pictures = new Pictures({ draw: () => this.#paint(), onFrame: () => this.#tellWhenPainted() });
  #isClosed = false;
  #abort = new AbortController();
  #painted = () => {};
  #hasGrown = false;
  #owesWords = false;
  #linesAtMs = 0; // when the small lines were drawn last

  /** @param {{session: string, full_scale: Record<string, number>, limit: number, asked?: import("./state/view.mjs").View}} boot
   *    `asked`: what a lesson shows, instead of what the address asks for
   *  @param {any} meta
   *  @param {import("./views/ribbon.mjs").Tokens} tokens
   *  @param {Record<string, any>} scales
   *  @param {import("./core/growth.mjs").Growth|null} [growth] a recording under way: `append` adds its steps, `settle` ends it */
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
      fetchWindow: (start, stop, signal) => this.pin.frames(start, stop, signal),
      onError: (sentence) => showToast(sentence, "error"),
    });
    this.player = new Player({ numSteps, ready: (step) => this.cache.get(step) !== null });
    const asked = boot.asked ?? viewFromUrl(location.search);
    const ifHere = (/** @type {"pushState"|"replaceState"} */ name) => (/** @type {any[]} */ ...entry) => this.#isHere() && history[name](entry[0], entry[1], entry[2]);
    const ownHistory = { pushState: ifHere("pushState"), replaceState: ifHere("replaceState") };
    this.view = new ViewState({ view: { ...asked, ...validView(asked, this.layout, this.session, this.player.lastStep) }, history: ownHistory });
    this.#build(boot, tokens, scales, meta);
    this.#listen();
    const loop = loopFromText(asked.loop);
    this.player.seek(this.view.view.step ?? loop?.[0] ?? 0);
    this.player.setLoop(loop);
    this.player.setGrowing(growth !== null);
    this.redraw();
    this.firstPaint.then(() => growth || this.#fetchSeries());
    this.firstPaint.then(() => this.#isClosed || this.isInLesson || this.hints.welcome());
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (growth) return asked.step === null ? this.player.follow() : undefined;
    if (asked.step === null && !isCalm) this.firstPaint.then(() => this.#isClosed || this.player.play());
  }

  /** @param {any} boot
   *  @param {import("./views/ribbon.mjs").Tokens} tokens
   *  @param {Record<string, any>} scales
   *  @param {any} meta */
  #build(boot, tokens, scales, meta) {
    const host = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
    const { layout, player } = this;
    const onSeek = (/** @type {number} */ step) => step >= 0 && player.seek(step);
    const onSelect = (/** @type {Record<string, any>} */ fields) => this.#select(fields);
    const needsRedraw = () => this.redraw();
    const needFrame = (/** @type {number} */ step) => this.cache.ensure(step).then(needsRedraw, () => {}); // told by the cache's onError
    this.grouped = new Grouped({ session: boot.session, scales, onReady: needsRedraw, onError: (sentence) => showToast(sentence, "error") });
    this.stage = new Stage(host("mri-stage"), { layout, scales, fullScale: boot.full_scale, tokens, onPick: onSelect, needsRedraw, willRedraw: () => this.#pictures.willDraw });
    const source = { layout, tokens, stepOf: this.growth?.stepOf ?? stepsOfPositions(tokens), numPrompt: meta.session.num_prompt_tokens };
    this.ribbon = new Ribbon(host("mri-ribbon"), {
      tokens, stepOf: source.stepOf, numPrompt: source.numPrompt, onSeek, hasAttention: layout.n_head > 0,
      influence: { session: this.session, version: meta.version, scales, onChoose: (influence) => this.view.select({ influence }) },
    });
    this.transport = new Transport(host("mri-transport"), { player, steps: tokens.steps });
    this.timeline = new Timeline(host("mri-timeline"), { player, layout, tokens });
    this.layers = new Layers(host("mri-layers"), { layout, limit: boot.limit, numSteps: player.numSteps, needFrame, onPick: (point) => this.#select({ point }) });
    this.sentence = new Sentence(host("mri-sentence"), { source, onSelect });
    const viewForServer = () => ({ ...this.view.view, step: player.step, theme: theme(), ...this.inspector.choices });
    this.inspector = new Inspector({ source, onSelect, onSeek, viewForServer, canAsk: () => this.pin.serverAnswers(), isFollowing: () => this.#isFollowing });
    this.inspector.showTab(/** @type {string} */ (this.view.view.tab));
    this.watched = new Watched({ session: boot.session, scales, onSelect, onToggle: (point, neuron) => this.#toggleWatch(point, neuron) });
    const points = () => plateKeys(layout, /** @type {string} */ (this.view.view.point));
    const linkNow = () => urlFromView({ ...this.view.view, step: player.step });
    this.takeaway = new TakeAway(host("mri-tools"), { ...takenFromScanner(boot.session, viewForServer, points), linkNow, paint: () => this.#pictures.drawNow(), pause: () => player.pause() });
    this.pinButton = new PinButton(host("mri-tools"), this.pin);
    this.hints = new Hints();
    const { model_id: model } = meta.session;
    const what = layout.n_layer ? `${layout.n_layer} layers · ${layout.n_head} heads` : `${layout.points.length} hook points`;
    this.facts = () => [model, what, tokens.sequence.length ? `${source.numPrompt} + ${Math.max(0, tokens.sequence.length - source.numPrompt)} tokens` : ""].filter(Boolean).join(" · ");
    host("mri-facts").textContent = this.facts();
    showInPicker(/** @type {HTMLSelectElement} */ (host(IDS.sessionPicker)), this.session, meta.session.prompt || meta.name || meta.session.name);
    if (this.growth) this.#showGrowth(performance.now());
  }

  #listen() {
    const { signal } = this.#abort;
    this.player.subscribe(() => {
      const step = this.player.mode === "following" ? null : this.player.step; // a link to a recording under way follows it
      this.view.select({ step, loop: textFromLoop(this.player.loop) });
      this.redraw();
    });
    this.view.subscribe((view, before) => {
      if (view.tab !== before.tab) this.inspector.showTab(/** @type {string} */ (view.tab));
      this.redraw();
    });
    document.addEventListener("keydown", (event) => this.#key(event), { signal });
    document.getElementById(IDS.sessionPicker)?.addEventListener("change", (event) => openSession(/** @type {HTMLSelectElement} */ (event.target).value), { signal });
    addEventListener("popstate", () => this.#restore(), { signal });
    themeChanged.addEventListener("change", () => this.redraw(), { signal });
  }

  /** Lines over all steps, after the picture: the scan does not wait for them. */
  async #fetchSeries() {
    try {
      const series = await this.pin.series(this.#abort.signal);
      this.timeline.setSeries(series);
      this.layers.setSeries(series);
      this.redraw();
    } catch (error) {
      if (!this.#isClosed) showToast(/** @type {Error} */ (error).message, "error");
    }
  }

  /** The next steps of the recording.
   *  @param {import("./core/wire.mjs").Frame[]} frames that `growth` has taken already */
  append(frames) {
    for (const frame of frames) this.cache.push(frame);
    this.#hasGrown = true;
    this.player.setNumSteps(this.cache.numSteps);
    this.#pictures.hurry(ALONE_MS);
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
    this.#linesAtMs = 0;
    this.#hasGrown = true;
    for (const step of thin) this.cache.forget(step);
    this.player.setGrowing(false);
    if (this.isInLesson) return this.redraw(); // the address stays the lesson's
    this.pathname = "/";
    history.replaceState(null, "", `/${urlFromView({ ...this.view.view, session: this.session, step: this.player.step })}`);
    this.redraw();
  }

  /** What is drawn over all steps gets the new ones.
   *  @param {number} nowMs */
  #showGrowth(nowMs) {
    const growth = /** @type {import("./core/growth.mjs").Growth} */ (this.growth);
    this.#hasGrown = false;
    this.transport.grow();
    this.timeline.setSeries(growth.series);
    this.layers.grow(growth.numSteps, growth.limit);
    /** @type {HTMLElement} */ (document.getElementById("mri-facts")).textContent = this.facts();
    if (nowMs - this.#linesAtMs < LINES_EVERY_MS) return;
    this.#linesAtMs = nowMs;
    this.layers.setSeries(growth.series);
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
    this.view.restore(urlFromView(view));
    this.player.seek(view.step);
    this.player.setLoop(loopFromText(view.loop));
  }

  /** The page is gone: stop everything that this view started. */
  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pictures.close();
    this.#abort.abort();
    this.player.close();
    this.view.close();
    this.cache.close();
    this.stage.close();
    this.timeline.close();
    this.layers.close();
    this.ribbon.close();
    this.inspector.close();
    this.watched.close();
    this.grouped.close();
    this.takeaway.close();
    this.hints.close();
  }

  /** @param {string} point
   *  @param {number} neuron watched from now on, or no longer */
  #toggleWatch(point, neuron) {
    const watched = toggled(this.view.view.watched ?? [], watchName(point, neuron));
    if (watched) this.view.select({ watched });
    else showToast("Six neurons are watched already: stop watching one of them first.");
  }

  /** @param {Record<string, any>} fields of the view; a hook point or neuron picked here is picked everywhere */
  #select(fields) {
    const { layout } = this;
    const { watch, ...next } = fields;
    if (watch) return this.#toggleWatch(fields.point, fields.neuron);
    if (fields.point !== undefined && fields.point !== this.view.view.point) {
      const width = layout.points[/** @type {number} */ (layout.rows.get(fields.point))].width;
      if (fields.neuron === undefined && (this.view.view.neuron ?? 0) >= width) next.neuron = null;
      if (fields.layer === undefined && blockOf(layout, fields.point) >= 0) next.layer = blockOf(layout, fields.point);
    }
    if (fields.neuron !== undefined && fields.tab === undefined) next.tab = "neurons";
    this.view.select(next);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (document.querySelector("dialog[open], .offcanvas.show, .modal.show")) return;
    const command = commandFromKey(event);
    if (!command) return;
    event.preventDefault();
    this.timings.keyPressed(event.timeStamp);
    const on = { player: this.player, layout: this.layout, view: this.view.view, picture: this.stage.picture };
    runCommand(command, { ...on, select: (fields) => this.#select(fields), toggleWatch: (point, neuron) => this.#toggleWatch(point, neuron) });
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
    this.cache.ensure(waiting ? wanted : step, direction).then(
      () => this.stage.frame !== this.cache.get(this.player.step) && this.redraw(),
      () => {}, // told by the cache's onError
    );
    const frame = this.cache.get(step);
    const { view } = this.view;
    this.stage.host.classList.toggle("is-waiting", waiting || !frame);
    if (frame) {
      const startMs = performance.now();
      if (view.neuron === null) {
        this.view.select({ neuron: this.stage.strongest(frame, /** @type {string} */ (view.point)) });
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
   *  @returns {import("./core/wire.mjs").Frame|null} the step before, where it is at hand */
  #before(step) {
    return step > 0 ? this.cache.get(step - 1) : null;
  }

  /** Whether steps come by themselves and the newest is shown. */
  get #isFollowing() {
    return this.player.mode === "following" && this.isRunning;
  }

  /** All that is not the picture, of the step that the picture shows. */
  #write() {
    this.#owesWords = false;
    const { step, mode } = this.player;
    const frame = this.cache.get(step);
    const { view } = this.view;
    const point = /** @type {string} */ (view.point);
    const isPlaying = mode === "playing" || this.#isFollowing;
    if (frame) {
      this.stage.write();
      if (this.#hasGrown) this.ribbon.grow();
      this.ribbon.follow(step);
      if (this.#hasGrown) this.#showGrowth(performance.now());
      this.layers.draw(frame, this.#before(step), point, isPlaying);
      this.ribbon.draw(step, frame, view.influence, isPlaying);
      this.sentence.draw(frame, isPlaying);
    }
    this.transport.draw();
    this.timeline.draw(step, point);
    if (!frame) return;
    this.watched.draw(view);
    this.inspector.draw(frame, view, isPlaying);
  }

  /** In an animation frame: when the browser has painted it, what was drawn is on the screen. */
  #tellWhenPainted() {
    const { step, lastStep } = this.player;
    this.timings.afterPaint(this.growth && step === lastStep ? step : null, () => {
      this.#painted();
      if (this.#isClosed) return;
      if (this.#owesWords) this.#write();
      this.inspector.afterPaint();
    });
  }
}
