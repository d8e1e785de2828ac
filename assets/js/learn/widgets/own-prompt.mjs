/**
 * The reader's own words: recorded by the worker, and followed by the one Scanner while the model writes.
 *
 * The same bar and the same stream as on the Live page (pages/live_bar.mjs, following.mjs).
 */

import { startRecording, steerRecording } from "../../run/http.mjs";
import { button, el } from "../../shell/dom.mjs";
import { LiveBar } from "../../pages/live_bar.mjs";
import { showToast } from "../../shell/shell.mjs";
import { filled } from "../text.mjs";
import { note } from "./parts.mjs";

const SAMPLING = { max_new_tokens: 48, temperature: 0.6, top_k: 50, seed: 42 };
const CAPTURE = { chat: false, preset: "standard", model: "embedded" };

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { words, announce, follow }) {
  let session = "";
  /** @type {{close: () => void}|null} */
  let following = null;
  const field = { id: "learn-own-prompt", class: "form-control", rows: 3, maxlength: 500, required: true, "data-part": "prompt" };
  const prompt = el("textarea", field);
  prompt.value = words.live_default;
  const take = (/** @type {string} */ text) => button(() => ((prompt.value = text), prompt.focus()), { text });
  const name = el("span", { class: "mri-muted", text: words.live_examples });
  const examples = el("div", { class: "live-examples", role: "group", "aria-label": words.live_examples }, name, ...words.live_choices.map(take));
  const start = el("button", { type: "submit", class: "mri-button learn-roll", text: words.live_start, "data-part": "start" });
  const submit = (/** @type {Event} */ event) => (event.preventDefault(), record());
  const head = [el("h3", { text: words.live_title }), el("label", { for: "learn-own-prompt", text: words.live_label })];
  const foot = [examples, el("div", {}, start), note(filled(words.live_note, SAMPLING))];
  const form = el("form", { class: "learn-prompt", on: { submit } }, ...head, prompt, ...foot);
  const barHost = el("div", { class: "live-bar", hidden: true, "data-part": "bar" });
  const waiting = el("div", { class: "mri-state live-wait", hidden: true });
  const tell = (/** @type {Error} */ error) => showToast(error.message, "error");
  const bar = new LiveBar(barHost, { waiting, again, steer: (what) => steerRecording(session, what).catch(tell) });

  async function record() {
    start.disabled = true;
    try {
      const { id } = await startRecording({ prompt: prompt.value, ...SAMPLING, ...CAPTURE });
      if (!host.contains(form)) return; // another page of the lesson by now
      session = id;
      show(true);
      following = follow(id, bar, (reason) => reason === "died" || announce("recorded"));
    } catch (error) {
      tell(/** @type {Error} */ (error));
    } finally {
      start.disabled = false;
    }
  }

  /** @param {boolean} isRecording whether the bar is seen, or the form */
  function show(isRecording) {
    form.hidden = isRecording;
    barHost.hidden = waiting.hidden = !isRecording;
  }

  /** The form once more; the recording that was watched stays where it is. */
  function again() {
    following?.close();
    following = null;
    show(false);
    prompt.focus();
  }

  show(false);
  host.replaceChildren(form, barHost, waiting);
  return { close: () => following?.close() };
}
