/**
 * The way to the next telling moment: a button, and why the step where it led is one.
 *
 * Which moments tell, core/telling.mjs says.
 */

import { nextTelling, tellingMoments } from "../core/telling.mjs";
import { button, el, say } from "../shell/dom.mjs";

const TITLE =
  "The next telling moment (N; Shift+N: the one before): a word that was hard to guess, a look far back, the beginning of a copy. " +
  "Looks are known of the steps in memory.";

export class Telling {
  #said = { step: -1, says: "" };

  /** @param {import("../run/run.mjs").Run} run
   *  @param {import("../desk/player.mjs").Player} player */
  constructor(run, player) {
    this.run = run;
    this.player = player;
    this.button = button(() => this.go(1), { class: "mri-button mri-next-telling", title: TITLE }, "Next surprise ", el("kbd", { text: "N" }));
    this.says = el("span", { role: "status" });
    const isTraining = run.tokens.steps.phase[0] === "train"; // it predicts no words
    this.host = el("p", { class: "mri-telling", hidden: isTraining }, this.button, this.says);
  }

  /** @param {1|-1} direction */
  go(direction) {
    const { run, player } = this;
    const { series, tokens, numPrompt, layout } = run;
    const next = nextTelling(tellingMoments({ series, tokens, numPrompt, layout, frame: (step) => run.frame(step) }), player.step, direction);
    this.#said = next ?? { step: player.step, says: "no telling moment was found" };
    if (next) player.seek(next.step);
    this.draw();
  }

  draw() {
    say(this.says, this.player.step === this.#said.step ? this.#said.says : "");
  }
}
