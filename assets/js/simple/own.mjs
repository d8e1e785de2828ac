/**
 * Your own sentence: checked while it is typed, recorded on Enter, opened at its last word. What was typed stays until then.
 */

import { goTo } from "../desk/history.mjs";
import { untilAnswered } from "../run/again.mjs";
import { fetchJson, recordingStatus, startRecording, steerRecording } from "../run/http.mjs";
import { el, say } from "../shell/dom.mjs";

const CHECK_AFTER_MS = 180;
const POLL_MS = 250;
const MOST_LETTERS = 400;
const MOST_WORDS = 32;

/** @typedef {{text: string, pieces: string[]}} Checked a word with the pieces that the model reads of it */

/** @param {Checked} word
 *  @returns {boolean} it is read in pieces; marks are not meant */
function isUnknown({ text, pieces }) {
  return pieces.length > 1 && /[\p{L}\p{N}]/u.test(text);
}

/** @param {Checked[]} words
 *  @returns {string} which of them the model does not know as words, in words; "" where it knows all */
export function unknownWords(words) {
  const unknown = words.filter(isUnknown);
  if (!unknown.length) return "";
  const told = unknown.slice(0, 3).map(
    ({ text, pieces }) =>
      `“${text.trim()}” (${pieces
        .map((piece) => piece.trim())
        .filter(Boolean)
        .join("·")})`,
  );
  const more = unknown.length > told.length ? ` and ${unknown.length - told.length} more` : "";
  return `New to it, read in pieces: ${told.join(", ")}${more}`;
}

export class Own {
  #abort = new AbortController();
  #checking = new AbortController();
  /** @type {any} */
  #timer = null;
  #id = "";

  constructor() {
    const input = {
      type: "text",
      id: "simple-own",
      class: "form-control",
      maxlength: MOST_LETTERS,
      placeholder: "The opposite of hot is …",
      autocomplete: "off",
    };
    this.input = el("input", {
      ...input,
      spellcheck: "false",
      "aria-describedby": "simple-own-says",
      on: { input: () => this.#typed(), scroll: () => this.#follow() },
    });
    this.marks = el("div", { class: "simple-marks", "aria-hidden": "true" });
    this.button = el("button", { type: "submit", class: "mri-button simple-scan-it", text: "Scan it" });
    this.stop = el("button", { type: "button", class: "mri-button", text: "Cancel", hidden: true, on: { click: () => this.#cancel() } });
    this.progress = el("progress", { max: 1, value: 0, hidden: true, "aria-label": "Words recorded" });
    this.says = el("p", { id: "simple-own-says", class: "simple-own-says", role: "status" });
    const label = el("label", { for: "simple-own", text: "Your own sentence" });
    this.shut = el("button", { type: "button", class: "mri-icon simple-shut", "aria-label": "Close", text: "×", on: { click: () => this.open(false) } });
    const field = el("div", { class: "simple-field" }, this.input, this.marks);
    const settings = el("button", { type: "button", class: "mri-button", "data-mri-action": "record", "data-mri-prompt-of": "simple-own", text: "Settings …" });
    this.host = el("form", { class: "simple-card simple-own" }, label, this.shut, field, this.button, this.stop, settings, this.progress, this.says);
    this.host.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#record();
    });
    this.host.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && this.open(false));
  }

  /** On a phone it is a sheet over the page; elsewhere it stands there.
   *  @param {boolean} isOpen
   *  @param {string} [text] to begin with */
  open(isOpen, text) {
    this.host.classList.toggle("is-open", isOpen);
    if (!isOpen) return this.input.blur();
    if (text !== undefined) {
      this.input.value = text;
      this.#typed();
    }
    this.input.focus();
    if (text !== undefined) this.input.setSelectionRange(text.length, text.length);
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#checking.abort();
    this.marks.replaceChildren();
    this.#tell("");
    this.#timer = setTimeout(() => this.#check(this.input.value), CHECK_AFTER_MS);
  }

  /** @param {string} text */
  async #check(text) {
    if (!text.trim()) return;
    const { signal } = (this.#checking = new AbortController());
    try {
      const { words } = await fetchJson(`/models/words?${new URLSearchParams({ text })}`, signal);
      if (signal.aborted || text !== this.input.value) return;
      this.marks.replaceChildren(...words.map((/** @type {Checked} */ word) => el(isUnknown(word) ? "u" : "span", { text: word.text })));
      this.#follow();
      this.#tell(unknownWords(words));
    } catch (error) {
      if (!signal.aborted) this.#tell(/** @type {Error} */ (error).message); // it can be recorded all the same
    }
  }

  /** What is underlined stays under the words of a field that scrolls. */
  #follow() {
    this.marks.style.translate = `${-this.input.scrollLeft}px 0`;
  }

  /** @param {string} text
   *  @param {boolean} [isError] */
  #tell(text, isError = false) {
    say(this.says, text, `simple-own-says${isError ? " is-error" : ""}`);
  }

  /** @param {boolean} isBusy */
  #setBusy(isBusy) {
    this.button.disabled = isBusy;
    this.stop.hidden = this.progress.hidden = !isBusy;
    this.button.hidden = isBusy;
  }

  async #record() {
    const prompt = this.input.value;
    clearTimeout(this.#timer); // what a check says would stand in the place of what becomes of it
    this.#checking.abort();
    if (!prompt.trim()) return this.#tell("Write the beginning of a sentence first.", true);
    if (this.button.disabled) return;
    this.#setBusy(true);
    this.#tell("Starting the model …");
    try {
      this.#id = (await startRecording({ prompt, temperature: 0, max_new_tokens: MOST_WORDS, preset: "standard" })).id;
      const reason = await this.#finished(this.#id);
      if (reason === "stopped") this.#tell("Cancelled. What it had read by then is among the recordings.");
      else if (!this.#abort.signal.aborted) goTo(`/?session=${this.#id}&view=simple`);
    } catch (error) {
      this.#tell(/** @type {Error} */ (error).message, true);
    } finally {
      this.#setBusy(false);
    }
  }

  /** @param {string} id
   *  @returns {Promise<string>} why it ended, "stopped" where it was cancelled
   *  @throws {Error} where it failed, or was cancelled before it began */
  async #finished(id) {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const say = (/** @type {Error|null} */ error) => error && this.#tell(error.message);
      const { state, step, max_steps: most, message } = await untilAnswered(() => recordingStatus(id), signal, say);
      if (state === "finished") return message;
      if (state === "error") throw new Error(message);
      this.progress.max = most || 1;
      this.progress.value = most ? step + 1 : 0;
      this.#tell(state === "queued" ? "It waits for its turn." : most ? `Word ${step + 1} of at most ${most} …` : "Starting the model …");
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
    return "";
  }

  async #cancel() {
    try {
      if (this.#id) await steerRecording(this.#id, "stop");
    } catch (error) {
      this.#tell(/** @type {Error} */ (error).message, true);
    }
  }

  close() {
    clearTimeout(this.#timer);
    this.#checking.abort();
    this.#abort.abort();
  }
}
