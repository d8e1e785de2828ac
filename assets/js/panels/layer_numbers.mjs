/**
 * The seven statistics of the selected hook point in figures, of each lane.
 *
 * Knows frames by their accessors. Refuses to know the list that it stands under.
 */

import { formatValue } from "../core/format.mjs";
import { STATS, rowInArray, stats } from "../core/layout.mjs";
import { el, say } from "../shell/dom.mjs";

export class LayerNumbers {
  constructor() {
    this.title = el("h3");
    /** @type {Record<string, HTMLElement>} */
    this.cells = Object.fromEntries(STATS.map((name) => [name, el("dd")]));
    const titled = STATS.flatMap((name) => [el("dt", { text: name, title: name === "sparsity" ? "share" : "" }), this.cells[name]]);
    this.list = el("dl", {}, ...titled);
    this.host = el("div", { class: "mri-numbers" }, this.title, this.list);
  }

  /** @param {{frame: import("../core/wire.mjs").Frame, layout: import("../core/layout.mjs").Layout}[]} lanes
   *  @param {string} key */
  draw(lanes, key) {
    const numbers = lanes.map(({ frame, layout }) =>
      layout.rows.has(key) && rowInArray(frame, layout, "stats", key) !== null ? stats(frame, layout, key) : null,
    );
    this.list.classList.toggle("is-pair", lanes.length > 1);
    for (const name of STATS) {
      const values = numbers.map((each) => each && each[/** @type {keyof typeof each} */ (name)]);
      const isShare = name === "sparsity";
      const texts = values.map((value) => (value === null ? "—" : isShare && !Number.isNaN(value) ? `${(100 * value).toFixed(1)} %` : formatValue(value)));
      say(this.cells[name], texts.join(" · "));
      this.cells[name].title = values.map((value) => value ?? "not captured").join(" in A, ") + (values.length > 1 ? " in B" : "");
    }
  }
}
