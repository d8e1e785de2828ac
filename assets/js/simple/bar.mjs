/**
 * Under the sentence: back, play, next word, what is happening in words, the pace, and the door to why.
 */

import { el, say } from "../shell/dom.mjs";
import { paceChoice } from "../shell/pace.mjs";

/** @typedef {import("./words.mjs").Sentence} Sentence */

export class Bar {
  /** @param {object} context
   *  @param {import("../desk/player.mjs").Player} context.player
   *  @param {() => void} context.onWhy
   *  @param {() => void} context.onWrite the field for one's own sentence is wanted */
  constructor({ player, onWhy, onWrite }) {
    this.player = player;
    const button = (/** @type {string} */ kind, /** @type {string} */ title, /** @type {() => void} */ act, /** @type {(Node|string)[]} */ ...content) =>
      el("button", { type: "button", class: `mri-button ${kind}`, title, on: { click: act } }, ...content);
    const far = (/** @type {string} */ text) => el("span", { class: "simple-far", text });
    this.back = button("simple-back", "One word back (←)", () => player.stepBy(-1), "‹", far(" Back"));
    this.playText = el("span");
    this.play = button("simple-play btn-primary", "Space", () => player.toggle(), this.playText);
    this.next = button("simple-next", "One word on (→)", () => player.stepBy(1), far("Next word "), "›");
    this.write = button("simple-write", "Scan a sentence of your own (/)", onWrite, "Your sentence");
    this.says = el("p", { class: "simple-says", role: "status" });
    this.again = button("simple-again", "Play from the first word", () => player.play(), "↻ From the start");
    this.why = button("simple-why", "Which parts of the model made it choose this word", onWhy);
    this.steps = el("div", { class: "simple-steps" }, this.back, this.play, this.next, this.write);
    const pace = paceChoice((each) => player.setPace(each));
    this.host = el("div", { class: "simple-controls" }, this.steps, this.says, this.again, pace, this.why);
  }

  /** @param {Sentence} sentence
   *  @param {string} guess the model's best one
   *  @param {boolean} isMoving the clock goes on by itself: a screen reader is not told every step */
  draw(sentence, guess, isMoving) {
    const { mode, step, lastStep, waiting } = this.player;
    const isPlaying = mode !== "paused";
    say(this.playText, isPlaying ? "❚❚ Pause" : "▶ Play");
    this.back.disabled = step === 0;
    this.next.disabled = step === lastStep;
    const isOver = step === lastStep && !isPlaying;
    this.again.hidden = !isOver || lastStep === 0;
    const live = isMoving ? "off" : "polite";
    if (this.says.getAttribute("aria-live") !== live) this.says.setAttribute("aria-live", live);
    say(this.says, waiting ? "Fetching the next word …" : isOver ? "It ends here." : happening(sentence, guess));
    const { blank } = sentence;
    this.why.hidden = blank.by !== "model" || blank.isEnd;
    say(this.why, `Why “${blank.text}”?`);
  }
}

/** @param {Sentence} sentence
 *  @param {string} guess
 *  @returns {string} */
function happening({ asked, words, last, blank }, guess) {
  const nothing = asked ? "It has read the question. " : "It has read nothing yet. ";
  const read = words.length ? `It has read the sentence up to “${last}”. ` : nothing;
  const other = guess && guess !== blank.text;
  if (blank.by === "none") return `${read}Nothing follows in this recording.`;
  if (blank.by === "prompt") return `${read}The sentence goes on with “${blank.text}”${other ? `; its own guess was “${guess}”.` : ", as it guessed."}`;
  if (blank.by === "calculator") return `${read}The calculator puts in “${blank.text}”.`;
  if (other) return `${read}Its best guess is “${guess}”; the dice say “${blank.text}”.`;
  return `${read}Now it chooses the next word.`;
}
