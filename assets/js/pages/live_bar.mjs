/**
 * The bar over a recording under way: state, how far, what was left out, and the buttons that steer it.
 *
 * Knows the stream's messages as far as they say where the recording stands. Refuses to know frames' contents.
 */

import { frames } from "../desk/frames.mjs";
import { drops, headline, linkWords, progress, rate, sentenceOf } from "../core/live_words.mjs";
import { button, el, say } from "../shell/dom.mjs";
import { Pace } from "../shell/pace.mjs";

const RATE_OVER_STEPS = 24;
const LINK_NOTE_MS = 6000;
const DRAW_EVERY_MS = 100;
const FAILED = new Set(["died", "error", "interrupted", "budget"]);

/** @param {boolean} isSteerable
 *  @returns {import("../core/live_words.mjs").LiveStatus} */
function atFirst(isSteerable) {
  return { state: "connecting", position: 0, numSteps: 0, maxSteps: 0, message: "", hasFailed: false, isSteerable };
}

export class LiveBar {
  #status = atFirst(false);
  #dropped = { payloads: 0, frames: 0 };
  /** @type {{time_us: number}[]} headers of the latest steps */
  #latest = [];
  #wasLost = false;
  /** @type {any} */
  #drawTimer = null;
  #drawnAtMs = 0;
  /** @type {any} */
  #noteTimer = null;

  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {HTMLElement} context.waiting what is seen until there is a first step
   *  @param {(what: "pause"|"resume"|"step"|"stop") => void} context.steer
   *  @param {() => void} context.again the next recording */
  constructor(host, { waiting, steer, again }) {
    this.host = host;
    this.headline = el("b", { class: "live-headline" });
    this.sentence = el("span", { class: "live-sentence" });
    const state = el("div", { class: "live-state", role: "status" }, el("span", { class: "live-dot", "aria-hidden": "true" }), this.headline, this.sentence);
    this.progress = el("span", { class: "live-progress" });
    this.drops = el("span", { class: "live-drops", role: "status" });
    this.link = el("span", { class: "live-link", role: "status" });
    this.steer = steer;
    this.pace = new Pace(() => this.#drawSoon());
    this.pause = button(() => this.#pauseOrGoOn());
    this.step = button(() => this.#stepOnce(), { text: "Step once", title: "One token more, then pause" });
    this.stop = button(() => steer("stop"), { class: "mri-button live-stop" });
    this.again = button(again, { class: "mri-button live-again", text: "New recording", title: "Write another prompt" });
    const buttons = el("div", { class: "live-buttons" }, this.pause, this.step, this.stop, this.pace.again, this.again);
    host.replaceChildren(state, this.progress, this.pace.choice, this.pace.behind, this.drops, this.link, buttons);
    this.waitTitle = el("h2");
    this.waitText = el("p");
    waiting.replaceChildren(el("div", { class: "mri-state-mark" }), this.waitTitle, this.waitText);
  }

  get state() {
    return this.#status.state;
  }

  /** Another recording.
   *  @param {boolean} isSteerable */
  begin(isSteerable) {
    this.#status = atFirst(isSteerable);
    this.#dropped = { payloads: 0, frames: 0 };
    this.#latest = [];
    this.#wasLost = false;
    this.link.textContent = "";
    this.pace.follow(null);
    this.#draw();
  }

  /** @param {import("../desk/player.mjs").Player} player of the Scanner that shows the recording from now on */
  follow(player) {
    this.pace.follow(player);
    this.#draw();
  }

  /** Whether what is seen stands still: the model, or, where it is ahead, the picture. */
  get #isPaused() {
    return this.pace.numBehind ? this.pace.player?.mode === "paused" : this.state === "paused";
  }

  /** Model and picture together. */
  #pauseOrGoOn() {
    const { player, numBehind } = this.pace;
    if (this.#isPaused) {
      if (this.state === "paused") this.steer("resume");
      if (player?.isPaced && player.mode === "paused") player.play();
    } else {
      if (this.state === "running") this.steer("pause");
      if (numBehind) player?.pause();
    }
  }

  /** What the model is ahead is shown before it is asked for more. */
  #stepOnce() {
    const { player, numBehind } = this.pace;
    if (numBehind) return player?.stepBy(1);
    if (player?.mode === "paused") player.follow();
    this.steer("step");
  }

  /** @param {Wire.Message} message of the stream */
  hear(message) {
    const status = this.#status;
    if (message.type === "text") return;
    if (message.type === "state") {
      const { state, position, max_steps: maxSteps, message: words } = message;
      const isNews = state !== status.state || position !== status.position || words !== status.message;
      Object.assign(status, { state, position, maxSteps, message: words });
      if (!isNews) return this.#drawSoon();
    } else if (message.type === "hello") {
      if (message.state !== "finished") status.state = message.state;
      status.numSteps = Math.max(status.numSteps, message.from);
    } else if (message.type === "dropped") {
      this.#dropped.payloads += message.payloads;
      this.#dropped.frames += message.frames;
    } else if (message.type === "end" || message.type === "refused") {
      const { reason, end_reason: name, num_steps: numSteps } = message.type === "end" ? message : { ...message, end_reason: "error", num_steps: 0 };
      Object.assign(status, { state: "over", message: reason, numSteps, hasFailed: FAILED.has(name) || name.startsWith("error") });
    }
    this.#draw();
  }

  /** @param {import("../core/wire.mjs").Frame[]} frames that came */
  count(frames) {
    this.#latest.push(...frames.map((frame) => frame.header));
    this.#latest.splice(0, Math.max(0, this.#latest.length - RATE_OVER_STEPS));
    this.#status.numSteps = Math.max(this.#status.numSteps, frames[frames.length - 1].header.step + 1);
    this.#drawSoon();
  }

  /** Numbers that run faster are read by nobody. They change right after a step's picture, as all words do. */
  #drawSoon() {
    const nowMs = performance.now();
    if (nowMs - this.#drawnAtMs > DRAW_EVERY_MS) {
      this.#drawnAtMs = nowMs;
      frames.ask("motion", () => setTimeout(() => this.#draw()));
    } else this.#drawTimer ??= setTimeout(() => this.#draw(), 2 * DRAW_EVERY_MS);
  }

  /** @param {import("../run/socket.mjs").Link} link
   *  @param {number} waitMs until the next try
   *  @param {number} next step */
  setLink(link, waitMs, next) {
    if (link === "waiting") this.#wasLost = true;
    clearTimeout(this.#noteTimer);
    this.link.textContent = linkWords(link, waitMs, this.#wasLost, next);
    if (link === "open") {
      this.#wasLost = false;
      this.#noteTimer = setTimeout(() => (this.link.textContent = ""), LINK_NOTE_MS);
    }
  }

  #draw() {
    clearTimeout(this.#drawTimer);
    this.#drawTimer = null;
    this.#drawnAtMs = performance.now();
    const status = this.#status;
    const { state, isSteerable, hasFailed } = status;
    const words = { headline: headline(status), sentence: sentenceOf(status) };
    say(this.headline, words.headline);
    say(this.sentence, words.sentence);
    say(this.waitTitle, words.headline);
    say(this.waitText, words.sentence);
    say(this.progress, progress(status, rate(this.#latest)));
    say(this.drops, drops(this.#dropped.payloads, this.#dropped.frames, state === "over"));
    this.host.dataset.state = state === "over" && hasFailed ? "failed" : state;
    const isInHand = isSteerable && (state === "running" || state === "paused");
    const isPaused = this.#isPaused;
    this.pause.hidden = this.step.hidden = !isInHand && !this.pace.numBehind;
    say(this.pause, isPaused ? "Resume" : "Pause");
    this.pause.title = isPaused ? "Let it go on" : "Halt the generation after the step in hand, and the picture";
    this.pace.draw(state === "over");
    this.stop.hidden = !(isInHand || (isSteerable && state === "queued"));
    say(this.stop, state === "queued" ? "Cancel" : "Stop");
    this.stop.title = state === "queued" ? "Take it out of the queue" : "End the recording and keep what it has";
    this.again.hidden = state !== "over";
  }
}
