/**
 * Several recordings at once: which are chosen, what can be done with them, and what was deleted and may come back.
 *
 * Knows the page's boxes and its bars. What a button does is Dash's: it hears of it through the store `sessions-asked`.
 */

import { goTo } from "../desk/history.mjs";
import { button, el, say } from "../shell/dom.mjs";

/** @typedef {import("../core/session_list.mjs").Line} Line */

/** @param {Line} line
 *  @returns {HTMLElement} its box */
export function chooser({ id, title }) {
  return el("input", { type: "checkbox", class: "form-check-input sessions-choose", "aria-label": `Choose ${title}`, "data-choose": id });
}

export class Chosen {
  /** @type {Set<string>} */
  #ids = new Set();
  /** @type {string[]} */
  #deleted = [];

  /** @param {HTMLElement} body of the table */
  constructor(body) {
    this.body = body;
    this.says = el("span");
    this.compare = button(() => goTo(`/compare?${new URLSearchParams(Object.fromEntries([...this.#ids].map((id, i) => ["ab"[i], id])))}`), {
      text: "Compare them",
    });
    this.remove = button(() => this.#ask("delete", [...this.#ids]), { text: "Delete them" });
    const none = button(() => this.#choose([]), { text: "Choose none" });
    this.host = el("div", { class: "sessions-bar", role: "status", hidden: true }, this.says, el("span", {}, this.compare, this.remove, none));
    this.deletedSays = el("span");
    const undo = button(() => this.#ask("restore", this.#deleted), { text: "Undo" });
    const dismiss = button(() => this.forgetDeleted(), { text: "Dismiss" });
    this.undo = el("div", { class: "sessions-bar", role: "status", hidden: true }, this.deletedSays, el("span", {}, undo, dismiss));
    body.addEventListener("change", (event) => {
      const box = /** @type {HTMLInputElement} */ (event.target);
      const { choose: id } = box.dataset;
      if (id) this.#choose(box.checked ? [...this.#ids, id] : [...this.#ids].filter((each) => each !== id));
    });
  }

  /** @param {readonly string[]} ids */
  #choose(ids) {
    this.#ids = new Set(ids);
    this.mark();
  }

  /** The boxes and the bar say what is chosen. */
  mark() {
    const { size } = this.#ids;
    for (const box of this.body.querySelectorAll("input[data-choose]")) {
      const input = /** @type {HTMLInputElement} */ (box);
      input.checked = this.#ids.has(input.dataset.choose ?? "");
    }
    this.host.hidden = size === 0;
    this.compare.hidden = size !== 2;
    say(this.says, size ? `${size} chosen` : "");
  }

  /** @param {string} what
   *  @param {string[]} ids */
  #ask(what, ids) {
    window.dash_clientside.set_props("sessions-asked", { data: { what, id: ids[0], ids, at: Date.now() } });
  }

  /** @param {string[]} ids that were deleted just now */
  deleted(ids) {
    this.#deleted = ids;
    this.#choose([...this.#ids].filter((id) => !ids.includes(id)));
    this.undo.hidden = false;
    say(this.deletedSays, `${ids.length === 1 ? "One recording is" : `${ids.length} recordings are`} deleted.`);
  }

  forgetDeleted() {
    this.undo.hidden = true;
  }
}
