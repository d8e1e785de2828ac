/**
 * The dialog that records: what to read, what to keep, and what then will not be seen.
 *
 * Composition and the way from the form to a recording that has begun. Errors stay here, and the prompt with them.
 */

import { offersOf } from "../core/record_words.mjs";
import { goTo } from "../desk/history.mjs";
import { noteBegun } from "../run/begun.mjs";
import { button, el, openDialog } from "../shell/dom.mjs";
import { showToast } from "../shell/shell.mjs";
import { Beginning } from "./beginning.mjs";
import { Foot } from "./foot.mjs";
import { ModelChoice } from "./model.mjs";
import { Presets } from "./presets.mjs";
import { Prompt } from "./prompt.mjs";
import { USUAL, Writing } from "./writing.mjs";

/** @typedef {object} Kept what the form had when it was closed
 *  @property {string[]} prompts
 *  @property {boolean} chat
 *  @property {import("./writing.mjs").Sampling} sampling
 *  @property {string} preset "": the suggested one
 *  @property {string} model
 *  @property {string} device
 *  @property {string} dtype */

/** @type {Kept} */
export const AT_FIRST = Object.freeze({
  prompts: ["Once there was a girl named Mia.", "Once there was a boy named Tom."],
  chat: false,
  sampling: USUAL,
  preset: "",
  model: "",
  device: "",
  dtype: "",
});

export class RecordDialog {
  /** @type {Beginning|null} */
  #beginning = null;

  /** @param {Kept} kept
   *  @param {boolean} isPair two prompts, one after the other with the same settings, that are compared
   *  @param {(kept: Kept) => void} onClose */
  constructor(kept, isPair, onClose) {
    this.kept = kept;
    this.isPair = isPair;
    this.chat = kept.chat;
    this.presets = new Presets(kept.preset, isPair, () => this.#showPresets());
    this.writing = new Writing(kept.sampling, () => this.#check());
    this.model = new ModelChoice(kept, () => this.#check());
    const settings = () => ({ chat: this.chat, max_new_tokens: this.writing.length, model: this.model.settings.model });
    const names = isPair ? ["Prompt A", "Prompt B"] : ["Prompt"];
    this.prompts = names.map((name, i) => new Prompt(`record-prompt${i ? "-b" : ""}`, name, kept.prompts[i], settings, () => this.#showPresets()));
    this.foot = new Foot(isPair, { startPaused: () => this.#submit(true), cancel: () => this.#cancel() });
    this.fields = el("fieldset", { class: "record-fields", "aria-label": "What is recorded" });
    this.form = this.#layout();
    this.dialog = openDialog({ class: "mri-dialog record-dialog", "aria-labelledby": "record-title" }, this.form);
    const goesBack = () => this.dialog.close();
    addEventListener("popstate", goesBack);
    this.dialog.addEventListener("close", () => {
      removeEventListener("popstate", goesBack);
      this.#leave();
      onClose(this.#now());
    });
    this.prompts[0].field.focus();
    this.prompts[0].field.select();
  }

  #layout() {
    const title = el("h2", { id: "record-title", text: this.isPair ? "Record two prompts" : "Record a scan" });
    const close = button(() => this.dialog.close(), { class: "mri-icon record-close", "aria-label": "Close", text: "×" });
    const row = (/** @type {Node} */ name, /** @type {Node} */ content) => el("div", { class: "record-row" }, name, content);
    const rows = [
      ...this.prompts.map(({ label, host }) => row(label, host)),
      row(this.model.label, this.model.host),
      row(el("span", { text: "Keep", "aria-hidden": "true", title: "Capture preset" }), this.presets.host),
      row(el("span", { text: "Writing", "aria-hidden": "true", title: "Sampling" }), this.writing.host),
    ];
    this.fields.append(...rows);
    const form = el(
      "form",
      { class: "record-form" },
      el("header", { class: "record-head" }, title, this.#modes(), close),
      el("div", { class: "record-scroll" }, this.fields),
      this.foot.host,
    );
    form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#record();
    });
    form.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    return form;
  }

  #modes() {
    const modes = { plain: "Continue the text", chat: "Answer as a chat" };
    const radios = Object.entries(modes).map(([value, text]) => {
      const radio = el("input", { type: "radio", class: "visually-hidden", name: "record-mode", value });
      radio.checked = (value === "chat") === this.chat;
      radio.addEventListener("change", () => {
        this.chat = value === "chat";
        this.#check();
      });
      return el("label", {}, radio, el("span", { text }));
    });
    return el("div", { class: "record-modes", role: "radiogroup", "aria-label": "What the model does with the prompt" }, ...radios);
  }

  /** Enter in the prompt records; with Shift it is a new line. Ctrl+Enter records from anywhere.
   *  @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Enter" || event.isComposing || event.altKey) return;
    const isPrompt = this.prompts.some(({ field }) => field === event.target);
    if (!(event.ctrlKey || event.metaKey || (isPrompt && !event.shiftKey))) return;
    event.preventDefault();
    this.#submit(false);
  }

  /** @param {boolean} startsPaused */
  #submit(startsPaused) {
    this.startsPaused = startsPaused;
    this.form.requestSubmit();
  }

  #check() {
    for (const prompt of this.prompts) prompt.check();
  }

  #showPresets() {
    const plans = this.prompts.flatMap(({ plan }) => plan ?? []);
    if (plans.length < this.prompts.length) return;
    this.presets.show(offersOf(plans));
    this.foot.showSteps(this.presets.steps);
  }

  /** @returns {Kept} */
  #now() {
    const { sampling } = this.writing;
    const prompts = this.kept.prompts.map((text, i) => this.prompts[i]?.text ?? text);
    return { prompts, chat: this.chat, sampling, preset: this.presets.chosen, ...this.model.settings };
  }

  async #record() {
    if (this.#beginning) return;
    const { startsPaused = false } = this;
    this.startsPaused = false;
    const empty = this.prompts.find(({ text }) => !text.trim());
    if (empty) return this.#fail("The prompt is empty: write a few words to start from.", empty);
    const { sampling, model, device, dtype } = this.#now();
    const settings = { chat: this.chat, ...sampling, preset: this.presets.name, model, device, dtype };
    const beginning = (this.#beginning = new Beginning((...where) => this.foot.showWait(...where)));
    this.foot.showError("");
    this.#setBusy(true);
    this.foot.showWait("Starting the model…");
    try {
      await beginning.run(this.prompts.map(({ text: prompt }) => ({ prompt, ...settings })));
      if (this.#beginning === beginning) this.#open(beginning.ids, startsPaused);
    } catch (error) {
      if (this.#beginning !== beginning) return;
      this.#beginning = null;
      this.#setBusy(false);
      this.#fail(/** @type {Error} */ (error).message, this.prompts[0]);
    }
  }

  /** @param {string[]} ids
   *  @param {boolean} startsPaused */
  #open(ids, startsPaused) {
    this.#beginning = null;
    const [a, b] = ids;
    if (!this.isPair) noteBegun(a, startsPaused);
    this.dialog.close();
    goTo(this.isPair ? `/compare?a=${a}&b=${b}&align=mapping` : `/live?session=${a}`);
  }

  /** @param {string} words
   *  @param {Prompt} prompt that has the focus then */
  #fail(words, prompt) {
    this.foot.showError(words);
    prompt.field.focus();
  }

  /** @param {boolean} isBusy */
  #setBusy(isBusy) {
    this.fields.disabled = isBusy;
    this.foot.setBusy(isBusy);
  }

  async #cancel() {
    try {
      await Promise.all([this.#beginning?.cancel(), this.model.giveUp()]);
    } catch (error) {
      this.foot.showError(/** @type {Error} */ (error).message);
    }
  }

  /** Closed: what was asked for goes on, and can be watched. */
  #leave() {
    for (const part of [...this.prompts, this.model]) part.close();
    const id = this.#beginning?.ids[0];
    this.#beginning?.leave();
    this.#beginning = null;
    if (id) showToast("The recording goes on.", "info", { text: "Watch it", act: () => goTo(`/live?session=${id}`) });
  }
}
