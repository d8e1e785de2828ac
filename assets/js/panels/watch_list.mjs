/**
 * The watched neurons beside their chart: a button that watches the selected one, and the list with its legend's
 * colours, from which each can be selected or removed.
 *
 * Fills hosts that the page brings late. Knows names and the DOM; the lines are mri/panels/watched.py's.
 */

import { MOST_WATCHED, watchFromName, watchName } from "../core/watched.mjs";
import { IDS } from "../core/names.mjs";
import { button, el, refill } from "../shell/dom.mjs";
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
  constructor(context) {
    this.context = context;
    this.#observer.observe(/** @type {HTMLElement} */ (document.querySelector(".mri-inspector")), { childList: true, subtree: true });
  }

  close() {
    this.#observer.disconnect();
  }

  /** @param {Record<string, any>} view */
  draw(view) {
    this.#view = view;
    const { point, neuron, watched } = view;
    const { session, onToggle } = this.context;
    const host = document.getElementById(IDS.watch);
    const list = document.getElementById(IDS.watched);
    const now = [point, neuron, watched, theme()].join();
    if (!host || !list || (now === this.#shown && list.firstChild)) return;
    this.#shown = now;
    const name = watchName(point, neuron);
    const isWatched = watched.includes(name);
    const state = { "aria-pressed": String(isWatched), title: "Watch this neuron beside others (W, or shift-click in the picture)" };
    const mark = el("span", { "aria-hidden": "true", text: isWatched ? "✓ " : "+ " });
    const watch = button(() => onToggle(point, neuron), state, mark, `Watch ${point} · ${neuron}`);
    refill(host, watch, dossierLink(session, point, neuron, "Dossier", "mri-button"));
    list.classList.toggle("is-empty", !watched.length);
    const lost = document.activeElement?.closest(`#${IDS.watched}`);
    if (watched.length) refill(list, el("ul", { "aria-label": `Watched neurons, ${watched.length} of ${MOST_WATCHED}` }, ...watched.map(this.#chip)));
    else
      list.replaceChildren(el("p", { class: "mri-note", text: "None yet: shift-click a neuron in the picture, or press W for the selected one. Up to six." }));
    if (lost && !watched.length) watch.focus();
  }

  /** @param {string} name
   *  @param {number} place */
  #chip = (name, place) => {
    const { point, neuron } = watchFromName(name);
    const { session, scales, onSelect, onToggle } = this.context;
    const words = `${point} · ${neuron}`;
    const [style, stop] = [`--line-colour:${scales.watched[theme()][place]}`, `Stop watching ${words}`];
    const select = button(() => onSelect({ point, neuron }), { class: "mri-watched-name", title: `Select ${words}`, text: words });
    const remove = button(() => onToggle(point, neuron), { class: "mri-watched-remove", "aria-label": stop, title: stop, text: "×" });
    return el("li", { style }, select, dossierLink(session, point, neuron, "↗", "mri-watched-dossier"), remove);
  };
}
