/**
 * Lanes that a person added under the words: entropy, or the l2 of a hook point that stays while another one is selected.
 *
 * Knows which there are and how they are written in an address. Refuses to know how a line is drawn.
 */

import { lanesOf } from "../core/lanes.mjs";
import { button, el } from "../shell/dom.mjs";

const MOST = 4;
const COLOURS = ["--side-b", "--danger", "--muted", "--side-a"];

/** @typedef {import("../core/lanes.mjs").Lane} Lane */

export class AddedLines {
  /** @type {string[]} names of lanes, or keys of hook points */
  #names = [];
  #point = "";

  /** @param {(lines: string|null) => void} onLines as a view has them */
  constructor(onLines) {
    this.onLines = onLines;
    const change = () => this.#tell([...this.#names, this.select.value]);
    this.select = el("select", { class: "mri-add-lane", "aria-label": "Add a lane", title: "Another line over all steps", on: { change } });
    this.#offer();
  }

  /** @param {string|null} lines
   *  @param {string} point selected
   *  @returns {boolean} others than before */
  show(lines, point) {
    const isOther = (lines ?? "") !== this.#names.join();
    if (!isOther && point === this.#point) return false;
    this.#names = lines ? lines.split(",") : [];
    this.#point = point;
    this.#offer();
    return isOther;
  }

  /** @param {import("../core/types.mjs").Series|null} series
   *  @param {Lane[]} all that there are
   *  @param {import("../core/layout.mjs").Layout} layout
   *  @returns {Lane[]} those that are shown */
  chosen(series, all, layout) {
    const shown = all.filter(({ name }) => name !== "entropy" || this.#names.includes(name));
    const points = this.#names.filter((name) => layout.rows.has(name));
    const kept = points.map((key, i) => {
      const row = /** @type {number} */ (layout.rows.get(key));
      const [l2] = lanesOf(series, { key, unit: layout.points[row].unit ?? "" }, row, true).slice(-1);
      return { ...l2, name: key, colour: COLOURS[i] };
    });
    return [...shown, ...kept];
  }

  /** @param {string} name of a lane
   *  @returns {HTMLElement[]} what takes it away again, where it was added */
  remover(name) {
    if (!this.#names.includes(name)) return [];
    const away = () => this.#tell(this.#names.filter((each) => each !== name));
    return [button(away, { class: "mri-lane-away", "aria-label": `Take the lane ${name} away`, title: "Take this lane away", text: "×" })];
  }

  /** @param {string[]} names */
  #tell(names) {
    this.onLines(names.length ? [...new Set(names)].join() : null);
    this.select.value = "";
  }

  #offer() {
    const offered = [["entropy", "entropy of the prediction"], ...(this.#point ? [[this.#point, `l2 of ${this.#point}, which stays`]] : [])];
    const rest = offered.filter(([name]) => !this.#names.includes(name)).map(([value, text]) => el("option", { value, text }));
    this.select.replaceChildren(el("option", { value: "", text: "+ lane" }), ...rest);
    this.select.hidden = this.#names.length >= MOST || !rest.length;
  }
}
