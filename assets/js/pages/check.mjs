/**
 * The proof on a model, in a dialog: which model, what was compared line by line as it comes, the table as text.
 *
 * Knows the routes of a check. What a line means is the server's business (docs/check.md).
 */

import { untilAnswered } from "../run/again.mjs";
import { checkStatus, fetchModels, startCheck, stopCheck } from "../run/http.mjs";
import { button, el, openDialog, refill, say } from "../shell/dom.mjs";
import { copy } from "../shell/takeaway.mjs";

const POLL_MS = 300;
const SAYS =
  "Compares what is recorded of a model with independent computations, on this machine: under a minute for a small model, about two minutes for a " +
  "d12. A recording that is under way is finished first.";
const COLUMNS = ["Line", "Result", "Worst", "At most", "What was compared"];

/** Called when somebody wants to have a model checked. */
export function openCheck() {
  new CheckDialog();
}

class CheckDialog {
  /** @type {AbortController|null} of the check that is under way */
  #running = null;
  #text = "";

  constructor() {
    this.model = el("select", { id: "check-model", class: "form-select form-select-sm" });
    const types = ["float32", "bfloat16"].map((dtype) => el("option", { value: dtype, text: dtype }));
    this.dtype = el("select", { id: "check-dtype", class: "form-select form-select-sm" }, el("option", { value: "", text: "as it is loaded here" }), ...types);
    this.start = button(() => this.#run(), { class: "btn btn-primary", text: "Check", disabled: true });
    this.cancel = button(() => this.#stop(), { text: "Cancel", hidden: true });
    this.copy = button(() => this.#copy(), { text: "Copy as text", hidden: true });
    this.says = el("p", { class: "check-says", role: "status" });
    this.bar = el("progress", { "aria-label": "Loading the model", hidden: true });
    this.lines = el("tbody");
    const heads = COLUMNS.map((text) => el("th", { scope: "col", text }));
    this.table = el("table", { class: "check-table", hidden: true }, el("thead", {}, el("tr", {}, ...heads)), this.lines);
    const scroll = el("div", { class: "check-lines", tabindex: "0", role: "region", "aria-label": "What was compared", hidden: true }, this.table);
    this.scroll = scroll;
    const fields = [
      el("div", {}, el("label", { for: "check-model", class: "form-label", text: "Model" }), this.model),
      el("div", {}, el("label", { for: "check-dtype", class: "form-label", text: "Number type" }), this.dtype),
    ];
    const close = el("form", { method: "dialog" }, el("button", { class: "mri-button", text: "Close" }));
    this.dialog = openDialog(
      { class: "mri-dialog check-dialog", "aria-labelledby": "check-title" },
      el("h2", { id: "check-title", text: "Check a model" }),
      el("p", { class: "mri-muted", text: SAYS }),
      el("div", { class: "check-fields" }, ...fields),
      el("div", { class: "check-now" }, this.says, this.bar),
      scroll,
      el("div", { class: "check-ways" }, this.start, this.cancel, this.copy, close),
    );
    this.dialog.addEventListener("close", () => this.#stop());
    this.#offer();
  }

  async #offer() {
    try {
      const offers = await fetchModels();
      this.model.append(...offers.map(({ id, label }) => el("option", { value: id, text: label })));
      this.start.disabled = !offers.length;
    } catch (error) {
      this.#tell(/** @type {Error} */ (error).message, "is-wrong");
    }
  }

  async #run() {
    const running = (this.#running = new AbortController());
    const isMine = () => this.#running === running;
    this.#shown({ isRunning: true });
    this.lines.replaceChildren();
    this.scroll.hidden = this.table.hidden = true;
    this.#tell("Starting…");
    this.cancel.focus();
    let id = "";
    try {
      let status = await startCheck({ model: this.model.value, dtype: this.dtype.value });
      id = status.id;
      while (status.status === "running" && isMine()) {
        this.#show(status);
        await new Promise((done) => setTimeout(done, POLL_MS));
        status = await untilAnswered(
          () => checkStatus(id, running.signal),
          running.signal,
          (error) => this.#tell(error.message, "is-wrong"),
        );
      }
      if (!isMine()) return;
      this.#show(status);
      this.scroll.scrollTop = 0;
      if (status.status === "error") this.#tell(status.message, "is-wrong");
      else this.#tell(status.verdict, status.is_right ? "is-right" : "is-wrong");
    } catch (error) {
      if (isMine()) this.#tell(/** @type {Error} */ (error).message, "is-wrong");
    } finally {
      if (!isMine() && id) stopCheck(id).catch(() => {}); // whoever hears nothing of it ends it as well, later
      if (isMine()) {
        this.#running = null;
        this.#shown({ isRunning: false });
        (this.#text ? this.copy : this.start).focus();
      }
    }
  }

  /** @param {Wire.CheckStatus} status */
  #show(status) {
    const isLoading = status.status === "running" && status.of > 0;
    this.bar.hidden = !isLoading;
    if (isLoading) [this.bar.max, this.bar.value] = [status.of, status.done];
    if (status.status === "running") this.#tell(status.message);
    this.#text = status.text;
    const known = this.lines.querySelectorAll(".check-line").length;
    this.lines.append(...status.lines.slice(known).flatMap(rowsOf));
    this.scroll.hidden = this.table.hidden = !status.lines.length;
    if (status.lines.length > known) this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  #stop() {
    if (!this.#running) return;
    this.#running.abort();
    this.#running = null;
    this.#text = "";
    this.bar.hidden = true;
    this.#tell("Cancelled: nothing was changed.");
    this.#shown({ isRunning: false });
    this.start.focus();
  }

  async #copy() {
    if (await copy(this.#text, "table")) refill(this.copy, "Copied");
    setTimeout(() => refill(this.copy, "Copy as text"), 2000);
  }

  /** @param {{isRunning: boolean}} now */
  #shown({ isRunning }) {
    if (isRunning) this.#text = "";
    for (const field of [this.model, this.dtype]) field.disabled = isRunning;
    this.start.hidden = isRunning;
    this.cancel.hidden = !isRunning;
    this.copy.hidden = !this.#text;
    if (!isRunning) this.bar.hidden = true;
  }

  /** @param {string} words
   *  @param {string} [state] is-right, is-wrong */
  #tell(words, state = "") {
    say(this.says, words, `check-says ${state}`.trim());
  }
}

/** @param {Wire.Line} line
 *  @returns {HTMLTableRowElement[]} and below it why, where there is something to say */
export function rowsOf({ name, state, found, tolerance, compared, cause }) {
  const most = tolerance === null ? "" : String(Number(tolerance.toPrecision(2)));
  const mark = el("span", { class: `check-state is-${state.replace(" ", "-")}`, text: state });
  const cells = [el("th", { scope: "row", text: name }), el("td", {}, mark), ...[found, most].map((text) => el("td", { class: "check-figure", text }))];
  const rows = [el("tr", { class: "check-line" }, ...cells, el("td", { text: compared }))];
  if (cause) rows.push(el("tr", { class: "check-cause" }, el("td"), el("td", { colspan: "4", text: cause })));
  return rows;
}
