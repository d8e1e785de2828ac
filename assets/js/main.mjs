/**
 * The Scanner: puts source, state and views together, and paints them in one animation frame.
 *
 * Composition only. Everything that moves goes through `paint`; nothing else draws.
 */

import { layoutFromMeta } from "./core/layout.mjs";
import { loopFromText, textFromLoop } from "./core/lanes.mjs";
import { blockOf, validView } from "./core/selection.mjs";
import { toggled, watchName } from "./core/watched.mjs";
import { plateKeys } from "./draw/plates.mjs";
import { IDS } from "./names.mjs";
import { FrameCache } from "./source/cache.mjs";
import { Pin, metaAndTokens } from "./source/pin.mjs";
import { commandFromKey } from "./state/keys.mjs";
import { Player } from "./state/player.mjs";
import { ViewState, urlFromView, viewFromUrl } from "./state/view.mjs";
import { runCommand } from "./views/commands.mjs";
import { Hints } from "./views/hints.mjs";
import { Inspector } from "./views/inspector.mjs";
import { Layers } from "./views/layers.mjs";
import { PinButton } from "./views/pinned.mjs";
import { Ribbon, stepOfPosition } from "./views/ribbon.mjs";
import { showToast, theme, themeChanged } from "./views/shell.mjs";
import { Sentence } from "./views/sentence.mjs";
import { Stage } from "./views/stage.mjs";
import { TakeAway } from "./views/takeaway.mjs";
import { Timeline } from "./views/timeline.mjs";
import { Transport } from "./views/transport.mjs";
import { Watched } from "./views/watched.mjs";

const MOST_TIMINGS = 1000;

/** @type {Scanner|null} */
let scanner = null;

/** Called by Dash on every visit of the page.
 *  @param {{session: string, full_scale: Record<string, number>, limit: number}|null} boot
 *  @returns {Promise<any>} what the `mounted` store gets: the session, once it is painted */
export async function mountScanner(boot) {
  scanner?.close();
  scanner = null;
  if (!boot?.session) return window.dash_clientside.no_update;
  try {
    const [[meta, tokens], scales] = await Promise.all([metaAndTokens(boot.session), fetchScales()]);
    scanner = new Scanner(boot, meta, tokens, scales);
    window.mri = scanner;
    await scanner.firstPaint;
    return boot.session;
  } catch (error) {
    showToast(/** @type {Error} */ (error).message, "error");
    return window.dash_clientside.no_update;
  }
}

async function fetchScales() {
  return (await fetch("/assets/scales.json")).json();
}

class Scanner {
  /** Milliseconds of the latest draws, and from key press to painted picture: for benchmarks and tests. */
  timings = { draw: /** @type {number[]} */ ([]), keyToPaint: /** @type {number[]} */ ([]) };
  #needsRedraw = false;
  #isClosed = false;
  #keyAtMs = 0;
  #abort = new AbortController();
  #painted = () => {};

  /** @param {{session: string, full_scale: Record<string, number>, limit: number}} boot
   *  @param {any} meta
   *  @param {import("./views/ribbon.mjs").Tokens} tokens
   *  @param {Record<string, any>} scales */
  constructor(boot, meta, tokens, scales) {
    this.session = boot.session;
    this.pathname = location.pathname;
    this.layout = layoutFromMeta(meta);
    this.firstPaint = new Promise((resolve) => (this.#painted = () => resolve(null)));
    this.pin = new Pin({ session: boot.session, meta, tokens, onChange: () => this.pinButton?.draw() });
    this.cache = new FrameCache({
      numSteps: meta.num_steps,
      fetchWindow: (start, stop, signal) => this.pin.frames(start, stop, signal),
      onError: (sentence) => showToast(sentence, "error"),
    });
    this.player = new Player({ numSteps: meta.num_steps, ready: (step) => this.cache.get(step) !== null });
    const asked = viewFromUrl(location.search);
    const ifHere = (/** @type {"pushState"|"replaceState"} */ name) => (/** @type {any[]} */ ...entry) => this.#isHere() && history[name](entry[0], entry[1], entry[2]);
    const ownHistory = { pushState: ifHere("pushState"), replaceState: ifHere("replaceState") };
    this.view = new ViewState({ view: { ...asked, ...validView(asked, this.layout, this.session, this.player.lastStep) }, history: ownHistory });
    this.#build(boot, tokens, scales, meta);
    this.#listen();
    const loop = loopFromText(asked.loop);
    this.player.seek(this.view.view.step ?? loop?.[0] ?? 0);
    this.player.setLoop(loop);
    this.redraw();
    this.firstPaint.then(() => this.#fetchSeries());
    this.firstPaint.then(() => this.#isClosed || this.hints.welcome());
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
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
    this.stage = new Stage(host("mri-stage"), { layout, scales, fullScale: boot.full_scale, tokens, onPick: onSelect, needsRedraw });
    this.ribbon = new Ribbon(host("mri-ribbon"), {
      tokens, numPrompt: meta.session.num_prompt_tokens, onSeek, hasAttention: layout.n_head > 0,
      influence: { session: this.session, version: meta.version, scales, onChoose: (influence) => this.view.select({ influence }) },
    });
    this.transport = new Transport(host("mri-transport"), { player, steps: tokens.steps });
    this.timeline = new Timeline(host("mri-timeline"), { player, layout, tokens });
    this.layers = new Layers(host("mri-layers"), { layout, limit: boot.limit, numSteps: meta.num_steps, needFrame, onPick: (point) => this.#select({ point }) });
    const source = { layout, tokens, stepOf: stepOfPosition(tokens), numPrompt: meta.session.num_prompt_tokens };
    this.sentence = new Sentence(host("mri-sentence"), { source, onSelect });
    const viewForServer = () => ({ ...this.view.view, step: player.step, theme: theme(), ...this.inspector.choices });
    this.inspector = new Inspector({ source, onSelect, onSeek, viewForServer, canAsk: () => this.pin.serverAnswers() });
    this.inspector.showTab(/** @type {string} */ (this.view.view.tab));
    this.watched = new Watched({ scales, onSelect, onToggle: (point, neuron) => this.#toggleWatch(point, neuron) });
    const points = () => plateKeys(layout, /** @type {string} */ (this.view.view.point));
    const linkNow = () => urlFromView({ ...this.view.view, step: player.step });
    this.takeaway = new TakeAway(host("mri-tools"), { session: this.session, points, viewNow: viewForServer, linkNow, paint: () => this.#paint(), pause: () => player.pause() });
    this.pinButton = new PinButton(host("mri-tools"), this.pin);
    this.hints = new Hints();
    const { model_id: model, num_prompt_tokens: numPrompt } = meta.session;
    const what = layout.n_layer ? `${layout.n_layer} layers · ${layout.n_head} heads` : `${layout.points.length} hook points`;
    host("mri-facts").textContent = [model, what, `${numPrompt} + ${tokens.sequence.length - numPrompt} tokens`].filter(Boolean).join(" · ");
    /** @type {HTMLSelectElement} */ (host(IDS.sessionPicker)).value = this.session;
  }

  #listen() {
    const { signal } = this.#abort;
    this.player.subscribe(() => {
      this.view.select({ step: this.player.step, loop: textFromLoop(this.player.loop) });
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

  /** Whether the address bar is still this view's to write. */
  #isHere() {
    return !this.#isClosed && location.pathname === this.pathname && [null, this.session].includes(viewFromUrl(location.search).session);
  }

  /** Back or forward within this session; another session is another page, which Dash builds. */
  #restore() {
    const asked = viewFromUrl(location.search);
    if (asked.session !== this.session) return this.close();
    const view = { ...asked, ...validView(asked, this.layout, this.session, this.player.lastStep), step: Math.min(asked.step ?? 0, this.player.lastStep) };
    this.view.restore(urlFromView(view));
    this.player.seek(view.step);
    this.player.setLoop(loopFromText(view.loop));
  }

  /** The page is gone: stop everything that this view started. */
  close() {
    this.#isClosed = true;
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
    this.#keyAtMs ||= event.timeStamp;
    const on = { player: this.player, layout: this.layout, view: this.view.view, picture: this.stage.picture };
    runCommand(command, { ...on, select: (fields) => this.#select(fields), toggleWatch: (point, neuron) => this.#toggleWatch(point, neuron) });
    this.redraw();
  }

  /** Ask for a picture. However often: there is one per animation frame. */
  redraw() {
    if (this.#needsRedraw || this.#isClosed) return;
    this.#needsRedraw = true;
    requestAnimationFrame(() => {
      this.#needsRedraw = false;
      if (!this.#isClosed) this.#paint();
    });
  }

  #paint() {
    if (!this.stage.host.isConnected) return this.close();
    const { step, direction, mode, waiting } = this.player;
    this.cache.ensure(step, direction).then(
      () => this.stage.frame?.header.step !== this.player.step && this.redraw(),
      () => {}, // told by the cache's onError
    );
    const frame = this.cache.get(step);
    const isPlaying = mode === "playing";
    const { view } = this.view;
    const point = /** @type {string} */ (view.point);
    this.stage.host.classList.toggle("is-waiting", waiting || !frame);
    if (frame) {
      const startMs = performance.now();
      if (view.neuron === null) return this.view.select({ neuron: this.stage.strongest(frame, point) });
      const before = step > 0 ? this.cache.get(step - 1) : null;
      this.ribbon.follow(step);
      this.layers.draw(frame, before, point, isPlaying);
      this.stage.draw(frame, view, before);
      this.ribbon.draw(step, frame, view.influence, isPlaying);
      this.sentence.draw(frame, isPlaying);
      keepLast(this.timings.draw, performance.now() - startMs);
    }
    this.transport.draw();
    this.timeline.draw(step, point);
    if (!frame) return;
    this.watched.draw(view);
    this.inspector.draw(frame, view, isPlaying);
    this.#afterPaint();
  }

  #afterPaint() {
    const keyAtMs = this.#keyAtMs;
    this.#keyAtMs = 0;
    const { port1, port2 } = new MessageChannel(); // its message comes after the browser has painted this frame
    port1.onmessage = () => {
      if (keyAtMs) keepLast(this.timings.keyToPaint, performance.now() - keyAtMs);
      this.#painted();
      port1.close();
    };
    port2.postMessage(null);
  }
}

/** @param {number[]} list
 *  @param {number} ms */
function keepLast(list, ms) {
  list.push(ms);
  if (list.length > MOST_TIMINGS) list.shift();
}

/** A new address through Dash's router: it builds the page of the other session.
 *  @param {string} session */
function openSession(session) {
  history.pushState(null, "", `${location.pathname}?session=${encodeURIComponent(session)}`);
  dispatchEvent(new PopStateEvent("popstate"));
}
