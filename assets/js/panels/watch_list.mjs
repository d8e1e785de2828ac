/**
 * The watched neurons beside their chart: a button that watches the selected one, and the list with its legend's
 * colours, from which each can be selected or removed.
 *
 * Fills hosts that the page brings late. Knows names and the DOM; the lines are mri/panels/watched.py's.
 */

import { MOST_WATCHED, watchFromName, watchName } from "../core/watched.mjs";
import { IDS } from "../core/names.mjs";
import { el, refill } from "../shell/dom.mjs";
import { dossierLink } from "../shell/dossier.mjs";
import { theme } from "../shell/shell.mjs";

export class Watched {
  #shown = "";
  /** @type {Record<string, any>|null} */
  #view = null;
  #observer = new MutationObserver(() => this.#view && this.draw(this.#view));

  /** @param {object} context
   *  @param {string} context.session
   *  @param {Record<string, any>} context.scales assets/scales.json
   *  @param {(fields: Record<string, any>) => void} context.onSelect
   *  @param {(point: string, neuron: number) => void} context.onToggle */
  constructor({ session, scales, onSelect, onToggle }) {
    this.session = session;
    this.scales = scales;
    this.onSelect = onSelect;
    this.onToggle = onToggle;
    this.#observer.observe(/** @type {HTMLElement} */ (document.querySelector(".mri-inspector")), { childList: true, subtree: true });
  }

  close() {
    this.#observer.disconnect();
  }

  /** @param {Record<string, any>} view */
  draw(view) {
    this.#view = view;
    const { point, neuron, watched } = view;
    const button = document.getElementById(IDS.watch);
    const list = document.getElementById(IDS.watched);
    const now = [point, neuron, watched, theme()].join();
    if (!button || !list || (now === this.#shown && list.firstChild)) return;
    this.#shown = now;
    const name = watchName(point, neuron);
    const isWatched = watched.includes(name);
    refill(
      button,
      el(
        "button",
        {
          type: "button",
          class: "mri-button",
          "aria-pressed": String(isWatched),
          title: "Watch this neuron beside others (W, or shift-click in the picture)",
          on: { click: () => this.onToggle(point, neuron) },
        },
        el("span", { "aria-hidden": "true", text: isWatched ? "✓ " : "+ " }),
        `Watch ${point} · ${neuron}`,
      ),
      dossierLink(this.session, point, neuron, "Dossier", "mri-button"),
    );
    list.classList.toggle("is-empty", !watched.length);
    const lost = document.activeElement?.closest(`#${IDS.watched}`);
    if (watched.length) refill(list, el("ul", { "aria-label": `Watched neurons, ${watched.length} of ${MOST_WATCHED}` }, ...watched.map(this.#chip)));
    else
      list.replaceChildren(el("p", { class: "mri-note", text: "None yet: shift-click a neuron in the picture, or press W for the selected one. Up to six." }));
    if (lost && !watched.length) button.querySelector("button")?.focus();
  }

  /** @param {string} name
   *  @param {number} place */
  #chip = (name, place) => {
    const { point, neuron } = watchFromName(name);
    const words = `${point} · ${neuron}`;
    return el(
      "li",
      { style: `--line-colour:${this.scales.watched[theme()][place]}` },
      el("button", { type: "button", class: "mri-watched-name", title: `Select ${words}`, text: words, on: { click: () => this.onSelect({ point, neuron }) } }),
      dossierLink(this.session, point, neuron, "↗", "mri-watched-dossier"),
      el("button", {
        type: "button",
        class: "mri-watched-remove",
        "aria-label": `Stop watching ${words}`,
        title: `Stop watching ${words}`,
        text: "×",
        on: { click: () => this.onToggle(point, neuron) },
      }),
    );
  };
}
