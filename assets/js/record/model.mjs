/**
 * Which model reads the prompt: what its files say, how it is loaded, and how far that is. It is loaded before it is needed, so
 * that what is wrong with a checkpoint is said before anything is recorded.
 *
 * Knows the routes of models.
 */

import { untilAnswered } from "../run/again.mjs";
import { cancelLoading, fetchJson, fetchLoaded } from "../run/http.mjs";
import { button, el, say } from "../shell/dom.mjs";

const EXACT = "float32";
/** Read again, a prompt is rounded otherwise: the worker then refuses to explain it. */
const ROUNDED = "Half the memory, but rounded: of such a recording Why shows what was kept, and cannot compute more.";

export class ModelChoice {
  #abort = new AbortController();
  /** Of the model that is chosen. */
  #asking = new AbortController();
  #isWanted = { id: "", device: "", dtype: "" };

  /** @param {{model: string, device: string, dtype: string}} chosen before; "" where nobody has
   *  @param {() => void} onChoose another model reads the prompt otherwise */
  constructor(chosen, onChoose) {
    this.onChoose = onChoose;
    this.#isWanted = { id: chosen.model, device: chosen.device, dtype: chosen.dtype };
    this.select = el("select", {
      id: "record-model",
      class: "form-select",
      "aria-describedby": "record-reads",
      on: { change: () => this.#choose(this.select.value) },
    });
    this.reads = el("p", { id: "record-reads", class: "record-says" });
    this.progress = el("progress", { max: 1, value: 0, "aria-label": "Model loaded" });
    this.says = el("span", { role: "status" });
    this.cancel = button(() => this.giveUp().then(() => this.load.focus()), { text: "Cancel", "aria-label": "Do not load it now" });
    this.load = button(() => this.#load(), { text: "Load it now" });
    this.place = el("span", { class: "record-place" });
    this.loading = el("div", { class: "record-loading" }, this.progress, this.says, this.cancel, this.load, this.place);
    this.alarm = el("p", { class: "record-alarm", role: "alert" });
    this.notes = el("ul", { class: "record-notes" });
    this.host = el("div", { class: "record-model" }, this.select, this.reads, this.loading, this.alarm, this.notes);
    this.label = el("label", { for: "record-model", text: "Model", title: "Checkpoint" });
    this.#fill();
  }

  /** As in the body of POST /record. */
  get settings() {
    const { id, device, dtype } = this.#isWanted;
    return { model: id, device, dtype };
  }

  close() {
    this.#abort.abort();
    this.#asking.abort();
  }

  async #fill() {
    this.#showLoading({ words: "" });
    try {
      /** @type {Wire.ModelOffer[]} */
      const offers = await this.#answer("/models", this.#abort.signal);
      this.select.replaceChildren(...offers.map(({ id, label }) => el("option", { value: id, text: label })));
      const { id } = this.#isWanted;
      const isThere = offers.some((offer) => offer.id === id);
      if (!offers.length) return;
      this.select.value = isThere ? id : offers[0].id;
      this.#choose(this.select.value, isThere ? this.#isWanted : undefined);
    } catch (error) {
      this.#fail(error, this.#abort.signal);
    }
  }

  /** @param {string} id
   *  @param {{device: string, dtype: string}} [as] it was loaded before */
  async #choose(id, { device, dtype } = { device: "", dtype: "" }) {
    this.#isWanted = { id, device, dtype };
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    this.onChoose();
    this.#tell("");
    this.#showLoading({ words: "" });
    try {
      /** @type {Wire.ModelFacts} */
      const facts = await this.#answer(`/models/${encodeURIComponent(id)}`, signal);
      this.reads.textContent = facts.reads || facts.sizes;
      this.reads.title = `${facts.sizes} (${facts.field})`;
      this.#dtypes = facts.dtypes;
      await this.#load();
    } catch (error) {
      this.#fail(error, signal);
    }
  }

  /** @type {string[]} */
  #dtypes = [];

  async #load() {
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    const { id, device, dtype } = this.#isWanted;
    this.#tell("");
    this.#showLoading({ words: "Starting the model…", done: 0, canCancel: true });
    try {
      const onWait = (/** @type {Wire.ModelLoading} */ { message, done, of }) => this.#showLoading({ words: message, done: of && done / of, canCancel: true });
      const ask = () => fetchLoaded(id, { device, dtype }, signal, onWait).catch(onlyOnce);
      this.#loaded(await untilAnswered(ask, signal, (error) => this.#showLoading({ words: error.message, canCancel: true })));
    } catch (error) {
      this.#fail(error, signal);
    }
  }

  /** It need not be loaded before it is needed. */
  async giveUp() {
    if (this.progress.hidden) return;
    const { id, device, dtype } = this.#isWanted;
    this.#asking.abort();
    this.#showLoading({ words: "Not loaded: it is when you record.", canLoad: true });
    await cancelLoading(id, { device, dtype }).catch(() => {}); // what nobody asks after is given up anyway
  }

  /** @param {Wire.LoadedFacts} facts */
  #loaded({ device, dtype, devices, notes, alarm }) {
    this.#showLoading({ words: "", done: 1 });
    const where =
      devices.length > 1 ? this.#pick("device", "Runs on", devices, device.split(":")[0]) : el("span", { title: "device", text: `Runs on ${device}` });
    this.place.replaceChildren(where, el("span", { text: "as" }), this.#pick("dtype", "Type of the weights", this.#dtypes, dtype));
    this.#tell(alarm, dtype === EXACT ? notes : [...notes, ROUNDED]);
  }

  /** @param {"device"|"dtype"} what
   *  @param {string} label
   *  @param {string[]} choices
   *  @param {string} now */
  #pick(what, label, choices, now) {
    const select = el("select", { class: "form-select form-select-sm", title: what, "aria-label": label });
    select.append(...choices.map((text) => el("option", { value: text, text })));
    select.value = now;
    select.addEventListener("change", () => {
      this.#isWanted = { ...this.#isWanted, [what]: select.value };
      this.#load();
    });
    return select;
  }

  /** @param {object} state
   *  @param {string} state.words
   *  @param {number} [state.done] of 1
   *  @param {boolean} [state.canCancel]
   *  @param {boolean} [state.canLoad] */
  #showLoading({ words, done = 0, canCancel = false, canLoad = false }) {
    say(this.says, words, "");
    this.progress.hidden = this.cancel.hidden = !canCancel;
    this.progress.value = done;
    this.load.hidden = !canLoad;
    this.place.replaceChildren();
  }

  /** @param {string} alarm
   *  @param {string[]} [notes] */
  #tell(alarm, notes = []) {
    say(this.alarm, alarm);
    this.notes.replaceChildren(...notes.map((text) => el("li", { text })));
  }

  /** @param {unknown} error
   *  @param {AbortSignal} signal */
  #fail(error, signal) {
    if (signal.aborted) return;
    this.#showLoading({ words: "", canLoad: this.#dtypes.length > 0 });
    this.#tell(/** @type {Error} */ (error).message);
  }

  /** @param {string} address
   *  @param {AbortSignal} signal */
  #answer(address, signal) {
    return untilAnswered(
      () => fetchJson(address, signal),
      signal,
      ({ message }) => say(this.reads, message),
    );
  }
}

/** What ended the worker, as a model too large for the machine, is not tried again by itself.
 *  @param {any} error
 *  @returns {never} */
function onlyOnce(error) {
  throw error.status ? new Error(error.message) : error;
}
