/**
 * How fast a recording under way is shown: the choice, which this browser remembers, how far the picture is behind the model,
 * and the way to see it again.
 *
 * Knows the one player's pace. The recording itself is never slowed: the model writes at its own speed.
 */

import { behindWords } from "../core/live_words.mjs";
import { PACES } from "../desk/player.mjs";
import { keep, recall } from "../desk/storage.mjs";
import { button, el, say } from "./dom.mjs";

const KEPT_AS = "mri-pace";
const USUAL = 3;
const TITLE = "The model writes at its own speed; the picture follows at this pace ([ and ]). One step reads one word, or a piece of one.";

/** @returns {number} of PACES */
export function rememberedPace() {
  const kept = Number(recall(KEPT_AS) ?? USUAL);
  return PACES.includes(kept) ? kept : USUAL;
}

/** @param {(pace: number) => void} [onChoose]
 *  @returns {HTMLLabelElement} a choice, remembered, with its name */
export function paceChoice(onChoose = () => {}) {
  const wordsOf = (/** @type {number} */ pace) => (pace === Infinity ? "full speed" : `${pace} word${pace === 1 ? "" : "s"} a second`);
  const options = PACES.map((pace) => el("option", { value: pace, text: wordsOf(pace) }));
  const select = el("select", { class: "form-select form-select-sm live-pace-select", title: TITLE }, ...options);
  select.value = String(rememberedPace());
  select.addEventListener("change", () => {
    keep(KEPT_AS, select.value);
    onChoose(Number(select.value));
  });
  return el("label", { class: "live-pace" }, el("span", { text: "Shown at" }), select);
}

export class Pace {
  /** @type {import("../desk/player.mjs").Player|null} */
  player = null;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    this.choice = paceChoice((pace) => this.player?.setPace(pace));
    this.select = /** @type {HTMLSelectElement} */ (this.choice.querySelector("select"));
    this.behind = el("span", { class: "live-behind" });
    this.again = button(() => this.player?.again(), { text: "Again from the start", title: "Show the recording once more, at this pace" });
  }

  /** @param {import("../desk/player.mjs").Player|null} player of the recording that is shown; null: none is yet */
  follow(player) {
    this.player = player;
    player?.subscribe(() => this.onChange());
  }

  /** Steps that the model is ahead of the picture. */
  get numBehind() {
    return this.player?.behind ?? 0;
  }

  /** @param {boolean} isOver whether the model has ended */
  draw(isOver) {
    const { player } = this;
    const pace = String(player?.pace ?? rememberedPace());
    if (this.select.value !== pace) this.select.value = pace;
    say(this.behind, behindWords(this.numBehind));
    this.again.hidden = !isOver || !player || player.mode !== "paused" || player.step < player.lastStep || !player.lastStep;
  }
}
