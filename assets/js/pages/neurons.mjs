/**
 * The Neurons page: its choices, its address, and what is clicked in its figures.
 *
 * The answers are page callbacks' (pages/neurons.py); they hear of the question through one store. Knows the DOM.
 */

import { IDS } from "../core/names.mjs";
import { Charts } from "../panels/charts.mjs";
import { goTo, pushEntry, replaceEntry } from "../desk/history.mjs";
import { themeChanged, theme } from "../shell/shell.mjs";
import { TakeAway } from "../shell/takeaway.mjs";
import { csvAddress, neuronFromName, questionFromUrl, urlFromQuestion, valid } from "./question.mjs";

/** @typedef {import("./question.mjs").Question} Question */

const FIELDS = ["session", "point", "span", "scope", "method", "groups", "seed", "neuron"];
const TABS = ["groups", "neuron"];

export class NeuronsPage {
  #abort = new AbortController();

  /** @param {import("./question.mjs").Boot} boot */
  constructor(boot) {
    this.boot = boot;
    this.host = /** @type {HTMLElement} */ (document.getElementById(IDS.neurons));
    this.question = questionFromUrl(location.search, boot);
    const { signal } = this.#abort;
    this.host.addEventListener("change", (event) => this.#changed(/** @type {HTMLElement} */ (event.target)), { signal });
    this.host.addEventListener("keydown", (event) => this.#key(event), { signal });
    for (const tab of TABS)
      document.getElementById(`neurons-tab-${tab}`)?.addEventListener("click", () => this.select({ tab: /** @type {any} */ (tab) }), { signal });
    addEventListener("popstate", () => this.#restore(), { signal });
    themeChanged.addEventListener("change", () => this.#show(), { signal });
    this.charts = new Charts(this.host, { onClick: ({ name }) => this.#selectNamed(name) });
    this.takeaway = new TakeAway(null, {
      parts: [],
      pythonOf: null,
      linkNow: () => urlFromQuestion(this.question),
      paint: () => {},
      pause: () => {},
      csvOf: (kind) => csvAddress(kind, this.question),
      nameOf: (kind, extension) => `${boot.session}_${this.question.point}_${kind}.${extension}`,
      captionOf: () => `${boot.session} · ${this.question.point}`,
    });
    replaceEntry(urlFromQuestion(this.question));
    this.#show();
    this.charts.listen();
  }

  close() {
    this.#abort.abort();
    this.charts.close();
    this.takeaway.close();
  }

  /** A new hook point, neuron or tab is a new entry of the history; other choices rewrite the present one.
   *  @param {Partial<Question>} fields */
  select(fields) {
    const before = this.question;
    this.question = valid({ ...before, ...fields }, this.boot);
    const isNew = ["point", "neuron", "tab"].some((name) => /** @type {any} */ (before)[name] !== /** @type {any} */ (this.question)[name]);
    (isNew ? pushEntry : replaceEntry)(urlFromQuestion(this.question));
    this.#show();
  }

  /** Back or forward within this session; another session is another page, which Dash builds. */
  #restore() {
    const asked = new URLSearchParams(location.search).get("session");
    if (!this.host.isConnected || location.pathname !== "/neurons" || asked !== this.boot.session) return;
    this.question = questionFromUrl(location.search, this.boot);
    this.#show();
  }

  /** @param {HTMLElement} target a choice */
  #changed(target) {
    const field = target.id.replace(/^neurons-/, "");
    if (!FIELDS.includes(field)) return;
    const { value } = /** @type {HTMLSelectElement} */ (target);
    if (field === "session") return goTo(urlFromQuestion({ ...this.question, session: value })); // another page, which Dash builds
    if (field !== "neuron" && field !== "seed") return this.select({ [field]: value });
    if (/^\d{1,6}$/.test(value)) this.select({ [field]: Number(value) });
    else this.#show();
  }

  /** Arrow keys between the tabs.
   *  @param {KeyboardEvent} event */
  #key(event) {
    const at = TABS.indexOf(document.activeElement?.id.replace(/^neurons-tab-/, "") ?? "");
    if (at < 0 || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    this.select({ tab: /** @type {any} */ (TABS[1 - at]) });
    document.getElementById(`neurons-tab-${TABS[1 - at]}`)?.focus();
  }

  /** Put the question into the choices and the tabs, and ask it. */
  #show() {
    for (const name of FIELDS) {
      const field = /** @type {HTMLSelectElement|null} */ (document.getElementById(`neurons-${name}`));
      if (field) field.value = String(/** @type {any} */ (this.question)[name]);
    }
    const span = /** @type {HTMLSelectElement|null} */ (document.getElementById("neurons-span"));
    if (span) span.disabled = !this.boot.blocks.includes(this.question.point);
    for (const tab of TABS) {
      const isShown = tab === this.question.tab;
      const button = /** @type {HTMLElement} */ (document.getElementById(`neurons-tab-${tab}`));
      button.setAttribute("aria-selected", String(isShown));
      button.tabIndex = isShown ? 0 : -1;
      /** @type {HTMLElement} */ (document.getElementById(`neurons-panel-${tab}`)).hidden = !isShown;
    }
    for (const each of this.host.querySelectorAll("[data-tab]"))
      /** @type {HTMLElement} */ (each).hidden = !["", this.question.tab].includes(/** @type {HTMLElement} */ (each).dataset.tab ?? "");
    window.dash_clientside.set_props(IDS.neuronsView, { data: { ...this.question, theme: theme() } });
  }

  /** @param {string} [name] as a chart says it */
  #selectNamed(name = "") {
    const named = neuronFromName(name);
    if (named) this.select({ ...named, tab: "neuron" });
  }
}
