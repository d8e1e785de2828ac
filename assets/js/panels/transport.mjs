/**
 * Play, pause, step, speed, the scrubber and the loop: native controls that send commands to the one player.
 *
 * Knows the player's commands. Refuses to know frames.
 */

import { SPEEDS } from "../desk/player.mjs";
import { button, el, say, svg } from "../shell/dom.mjs";

const ICONS = {
  first: "M2 2h2v12H2zM14 2v12L5 8z",
  back: "M12 2v12L4 8z",
  play: "M3 1.5v13L14 8z",
  pause: "M3 2h4v12H3zM9 2h4v12H9z",
  on: "M4 2v12l8-6z",
  last: "M12 2h2v12h-2zM2 2v12l9-6z",
};

/** @param {keyof typeof ICONS} name */
function icon(name) {
  return svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));
}

export class Transport {
  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {import("../desk/player.mjs").Player} context.player
   *  @param {{phase: string[], forced: boolean[]}} context.steps
   *  @param {string} [context.word] what the clock counts */
  constructor(host, { player, steps, word = "step" }) {
    this.word = word;
    this.player = player;
    this.steps = steps;
    const iconButton = (/** @type {keyof typeof ICONS} */ name, /** @type {string} */ label, /** @type {() => void} */ act) =>
      button(act, { "aria-label": label, title: label, class: `mri-${name}` }, icon(name));
    this.playButton = iconButton("play", "Play (space)", () => player.toggle());
    const buttons = el(
      "div",
      { class: "mri-buttons" },
      iconButton("first", "First step (Home)", () => player.seek(0)),
      iconButton("back", "One step back (←)", () => player.stepBy(-1)),
      this.playButton,
      iconButton("on", "One step on (→)", () => player.stepBy(1)),
      iconButton("last", "Last step (End)", () => player.seek(player.lastStep)),
    );
    const seek = () => player.seek(Number(this.range.value));
    const scale = { type: "range", min: 0, max: player.lastStep, step: 1, value: 0 };
    this.range = el("input", { ...scale, "aria-label": "Step", id: "mri-scrubber", on: { input: seek } });
    const setSpeed = () => player.setSpeed(Number(this.speed.value));
    const speeds = SPEEDS.map((speed) => el("option", { value: speed, text: `${{ 0.25: "¼", 0.5: "½" }[speed] ?? speed}×` }));
    const title = "Speed ([ and ]): 4 steps a second at 1×";
    this.speed = el("select", { class: "mri-speed", "aria-label": "Speed", title, on: { change: setSpeed } }, ...speeds);
    const keydown = (/** @type {KeyboardEvent} */ event) => this.#keyInField(event);
    const heard = { focus: () => this.at.select(), change: () => this.#goTo(this.at.value), keydown };
    this.at = el("input", { type: "text", inputmode: "numeric", autocomplete: "off", class: "mri-clock-at", id: `${host.id}-at`, on: heard });
    this.count = el("span");
    this.clock = el("div", { class: "mri-clock" }, el("label", { for: this.at.id, text: word }), " ", this.at, " ", this.count);
    this.note = el("span", { class: "mri-step-note" });
    this.loop = button(() => player.setLoop(null), { class: "mri-loop-clear", hidden: true, title: "Clear the loop (Escape)" });
    const follows = { text: "Follow", title: "Go to the newest step of the recording, and on with it (F)" };
    this.followButton = button(() => player.follow(), { class: "mri-follow", hidden: true, ...follows });
    const again = button(() => player.play(), { text: "↻ From the start", title: "Play from the first step (space)" });
    this.ending = el("p", { class: "mri-ending", role: "status", hidden: true }, "It ends here. ", again);
    const controls = el("div", { class: "mri-controls" }, buttons, this.speed, this.followButton, this.note, this.ending, this.loop);
    this.phases = phases(steps);
    host.replaceChildren(this.clock, el("div", { class: "mri-track" }, this.range, this.phases), controls);
  }

  /** What was typed: a number goes to that step, the nearest there is; anything else is forgotten.
   *  @param {string} text */
  #goTo(text) {
    if (/^\s*\d{1,9}\s*$/.test(text)) this.player.seek(Number(text));
    this.at.value = this.player.step;
  }

  /** @param {KeyboardEvent} event */
  #keyInField(event) {
    const tenth = Math.max(1, Math.round(this.player.numSteps / 10));
    const by = { ArrowUp: 1, ArrowDown: -1, PageUp: -tenth, PageDown: tenth }[event.key];
    if (by !== undefined) this.player.stepBy(by);
    else if (event.key === "Enter") this.#goTo(this.at.value);
    else if (event.key === "Escape") this.at.blur();
    else return;
    event.preventDefault();
    this.at.value = this.player.step;
    if (event.key !== "Escape") this.at.select();
  }

  /** There are more steps. */
  grow() {
    this.phases.replaceWith((this.phases = phases(this.steps)));
  }

  draw() {
    const { step, lastStep, mode, speed, pace, waiting, loop } = this.player;
    this.followButton.hidden = !this.player.isGrowing;
    this.followButton.setAttribute("aria-pressed", String(mode === "following"));
    this.range.max = lastStep;
    this.range.value = step;
    this.range.setAttribute("aria-valuetext", `${this.word} ${step}, the last is ${lastStep}, ${this.steps.phase[step]}`);
    this.speed.hidden = pace !== null; // the bar over the recording says it
    this.speed.value = speed;
    const isPlaying = mode !== "paused";
    if (this.playButton.dataset.playing !== String(isPlaying)) {
      this.playButton.dataset.playing = String(isPlaying);
      this.playButton.replaceChildren(icon(isPlaying ? "pause" : "play"));
      this.playButton.setAttribute("aria-label", isPlaying ? "Pause (space)" : "Play (space)");
    }
    say(this.note, waiting ? "loading" : this.steps.forced[step] ? "forced" : this.steps.phase[step]);
    if (document.activeElement !== this.at) this.at.value = step; // who types is not interrupted
    this.at.style.width = `${String(lastStep).length + 1}ch`;
    say(this.count, `${lastStep + 1} ${this.word}${lastStep ? "s" : ""}`);
    this.at.setAttribute("aria-label", `${this.word}, 0 to ${lastStep}`);
    this.clock.title = `Type a number to go there. Numbered from 0: the last of these ${lastStep + 1} is ${this.word} ${lastStep}.`;
    const isAtEnd = step === lastStep && lastStep > 0 && mode === "paused" && !loop && !this.player.isGrowing;
    if (this.ending.hidden === isAtEnd) this.ending.hidden = !isAtEnd;
    this.loop.hidden = !loop;
    if (loop) this.loop.textContent = `loop ${loop[0]}–${loop[1]} · clear`;
  }
}

/** A thin line under the scrubber: prefill, decode, forced.
 *  @param {{phase: string[], forced: boolean[]}} steps
 *  @returns {HTMLElement} */
function phases({ phase, forced }) {
  /** @type {{kind: string, count: number}[]} */
  const runs = [];
  phase.forEach((name, step) => {
    const kind = forced[step] ? "forced" : name;
    if (runs.at(-1)?.kind === kind) runs[runs.length - 1].count++;
    else runs.push({ kind, count: 1 });
  });
  const parts = runs.map(({ kind, count }) => el("i", { class: `is-${kind}`, style: `flex:${count}`, title: `${kind}: ${count} steps` }));
  return el("div", { class: "mri-phases", role: "img", "aria-label": runs.map((run) => `${run.count} ${run.kind}`).join(", then ") }, ...parts);
}
