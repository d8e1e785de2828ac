/**
 * Play, pause, step, speed, the scrubber and the loop: native controls that send commands to the one player.
 *
 * Knows the player's commands. Refuses to know frames.
 */

import { SPEEDS } from "../desk/player.mjs";
import { el, say } from "../shell/dom.mjs";

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
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
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
    const button = (/** @type {keyof typeof ICONS} */ name, /** @type {string} */ label, /** @type {() => void} */ act) =>
      el("button", { type: "button", "aria-label": label, title: label, class: `mri-${name}`, on: { click: act } }, icon(name));
    this.playButton = button("play", "Play (space)", () => player.toggle());
    const buttons = el(
      "div",
      { class: "mri-buttons" },
      button("first", "First step (Home)", () => player.seek(0)),
      button("back", "One step back (←)", () => player.stepBy(-1)),
      this.playButton,
      button("on", "One step on (→)", () => player.stepBy(1)),
      button("last", "Last step (End)", () => player.seek(player.lastStep)),
    );
    this.range = el("input", { type: "range", min: 0, max: player.lastStep, step: 1, value: 0, "aria-label": "Step", id: "mri-scrubber" });
    this.range.addEventListener("input", () => player.seek(Number(this.range.value)));
    this.speed = el("select", {
      class: "mri-speed",
      "aria-label": "Speed",
      title: "Speed ([ and ]): 4 steps a second at 1×",
      on: { change: () => player.setSpeed(Number(this.speed.value)) },
    });
    this.speed.append(...SPEEDS.map((speed) => el("option", { value: speed, text: `${{ 0.25: "¼", 0.5: "½" }[speed] ?? speed}×` })));
    this.at = el("input", { type: "text", inputmode: "numeric", autocomplete: "off", class: "mri-clock-at", id: `${host.id}-at` });
    this.at.addEventListener("focus", () => this.at.select());
    this.at.addEventListener("change", () => this.#goTo(this.at.value));
    this.at.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#keyInField(event));
    this.count = el("span");
    this.clock = el("div", { class: "mri-clock" }, el("label", { for: this.at.id, text: word }), " ", this.at, " ", this.count);
    this.note = el("span", { class: "mri-step-note" });
    this.loop = el("button", {
      type: "button",
      class: "mri-loop-clear",
      hidden: true,
      title: "Clear the loop (Escape)",
      on: { click: () => player.setLoop(null) },
    });
    this.followButton = el("button", {
      type: "button",
      class: "mri-follow",
      hidden: true,
      text: "Follow",
      title: "Go to the newest step of the recording, and on with it (F)",
      on: { click: () => player.follow() },
    });
    this.ending = el(
      "p",
      { class: "mri-ending", role: "status", hidden: true },
      "It ends here. ",
      el("button", {
        type: "button",
        class: "mri-button",
        text: "↻ From the start",
        title: "Play from the first step (space)",
        on: { click: () => player.play() },
      }),
    );
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
    const now = phases(this.steps);
    this.phases.replaceWith(now);
    this.phases = now;
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
  const line = el("div", { class: "mri-phases", role: "img", "aria-label": runs.map((run) => `${run.count} ${run.kind}`).join(", then ") });
  line.append(...runs.map(({ kind, count }) => el("i", { class: `is-${kind}`, style: `flex:${count}`, title: `${kind}: ${count} steps` })));
  return line;
}
