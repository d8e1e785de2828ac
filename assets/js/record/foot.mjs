/**
 * Below the form: how many steps it will be, the buttons that begin; then how far it is; and what went wrong.
 */

import { button, el, say } from "../shell/dom.mjs";
import { paceChoice } from "../shell/pace.mjs";

const STEPS = "A step reads one word, or a piece of one; the last word that is written is not read any more";
const PAUSED = "Records everything, and shows it from the first step on when you press Resume";

export class Foot {
  /** @param {boolean} isPair
   *  @param {{startPaused: () => void, cancel: () => void}} does */
  constructor(isPair, { startPaused, cancel }) {
    this.isPair = isPair;
    this.steps = el("span", { title: STEPS });
    this.ready = el("div", { class: "record-ready" }, this.steps, isPair ? "" : paceChoice());
    this.progress = el("progress", { max: 1, value: 0, "aria-label": "Words recorded" });
    this.says = el("p", { class: "record-line", role: "status" });
    this.wait = el("div", { class: "record-wait", hidden: true }, this.progress, this.says);
    this.error = el("p", { class: "record-error", role: "alert" });
    this.paused = button(startPaused, { text: "Start paused", title: PAUSED, hidden: isPair });
    const dot = el("span", { class: "record-dot", "aria-hidden": "true", text: "●" });
    this.start = el("button", { type: "submit", class: "mri-button btn-primary", title: "Enter, or Ctrl+Enter from anywhere" }, dot, " Record");
    this.cancel = button(cancel, { text: "Cancel", hidden: true });
    const buttons = el("div", { class: "record-buttons" }, this.cancel, this.paused, this.start);
    this.host = el("footer", { class: "record-foot" }, this.error, this.ready, this.wait, buttons);
  }

  /** @param {number} steps 0: not known */
  showSteps(steps) {
    say(this.steps, steps ? `${steps.toLocaleString("en")} steps at most${this.isPair ? "" : ","}` : "");
  }

  /** @param {string} words
   *  @param {number} [done]
   *  @param {number} [of] 0: not known */
  showWait(words, done = 0, of = 0) {
    say(this.says, words);
    this.progress.max = of || 1;
    this.progress.value = of ? done : 0;
  }

  /** @param {string} words "": nothing is wrong */
  showError(words) {
    say(this.error, words);
  }

  /** @param {boolean} isBusy */
  setBusy(isBusy) {
    this.ready.hidden = this.start.hidden = isBusy;
    this.paused.hidden = isBusy || this.isPair;
    this.wait.hidden = this.cancel.hidden = !isBusy;
    if (isBusy) this.cancel.focus();
  }
}
