/**
 * The neurons of one hook point that differ most between two lanes.
 *
 * Knows differences and their bounds. Refuses to know frames, the clock and the stage.
 */

import { exactly, formatBound, formatValue } from "../core/format.mjs";
import { plateLabel } from "../stage/plates.mjs";
import { button, el } from "../shell/dom.mjs";
import { dossierLink } from "../shell/dossier.mjs";

/** @typedef {ReturnType<typeof import("../core/difference.mjs").neuronDifferences>} Found */

const MOST_LISTED = 8;
const UNMATCHED = "Where both sides' tokens are matched, the neurons that differ most are listed here.";
const NOT_KEPT = "Only statistics were kept of this hook point in this step: choose another row of the map.";

export class Differing {
  #shows = "";

  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {string} context.session whose dossiers the list leads to
   *  @param {(neuron: number) => void} context.onPick */
  constructor(host, { session, onPick }) {
    this.host = host;
    this.session = session;
    this.onPick = onPick;
  }

  /** @param {Found|null} found null: nothing is subtracted here
   *  @param {string} key
   *  @param {number|null} selected neuron */
  draw(found, key, selected) {
    const shows = JSON.stringify([key, selected, found?.neurons.slice(0, MOST_LISTED), found?.boundA, found?.boundB]);
    if (this.#shows === shows) return;
    this.#shows = shows;
    const sure = found?.neurons.filter(({ difference }) => !Number.isNaN(difference) && difference !== 0).slice(0, MOST_LISTED) ?? [];
    if (found && sure.length) return this.host.replaceChildren(this.#table(found, sure, key, selected));
    const why = !found ? UNMATCHED : found.neurons.length ? "No captured neuron differs." : NOT_KEPT;
    this.host.replaceChildren(el("p", { class: "mri-note", text: why }));
  }

  /** @param {Found} found
   *  @param {Found["neurons"]} rows
   *  @param {string} key
   *  @param {number|null} selected
   *  @returns {HTMLElement} */
  #table({ boundA, boundB }, rows, key, selected) {
    const head = el("tr", {}, ...["neuron", "A", "B", "B − A"].map((text) => el("th", { scope: "col", text })));
    const lines = rows.map((row) => {
      const name = { class: null, text: row.neuron, title: `Select neuron ${row.neuron}` };
      const pick = button(() => this.onPick(row.neuron), { ...name, "aria-pressed": String(row.neuron === selected) });
      const first = el("td", {}, pick, dossierLink(this.session, key, row.neuron, "↗", "compare-dossier"));
      return el("tr", {}, first, cell(row.a, boundA), cell(row.b, boundB), differenceCell(row));
    });
    return el("table", {}, el("caption", { text: `Differ most in ${plateLabel(key)}` }), el("thead", {}, head), el("tbody", {}, ...lines));
  }
}

/** @param {number} value NaN: not captured
 *  @param {number} most that it can be then */
function cell(value, most) {
  if (Number.isNaN(value)) return el("td", { class: "is-bound", title: "not captured: at most this in magnitude", text: formatBound(most) });
  return el("td", { text: formatValue(value), title: exactly(value) });
}

/** @param {import("../core/difference.mjs").NeuronDifference} row */
function differenceCell({ difference, by, rounding }) {
  const isMore = difference > 0;
  const sign = by === "both" ? "" : isMore ? "≥ " : "≤ ";
  const off = rounding > 0 ? `, off by at most ${formatValue(rounding)}: values are stored rounded` : "";
  return el("td", { class: isMore ? "is-b" : "is-a", title: exactly(difference) + off, text: `${sign}${isMore ? "+" : ""}${formatValue(difference)}` });
}
