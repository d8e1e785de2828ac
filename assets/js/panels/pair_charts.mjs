/**
 * The charts of the Compare page: when the server is asked to draw them, their marks, and what a click in them selects.
 *
 * Knows the page's two stores and Plotly. Refuses to know frames and the clock.
 */

import { momentOfColumn } from "../core/moments.mjs";
import { IDS } from "../core/names.mjs";
import { Charts } from "./charts.mjs";
import { plotOf } from "../shell/plotly.mjs";

const REST_MS = 200;
const MOVING_MS = 1000;
const MARK_MS = 100;

export class PairCharts {
  /** @type {any} */
  #restTimer = null;
  #markedAtMs = 0;
  #posted = { pair: "", view: "" };

  /** @param {object} context
   *  @param {() => {pair: Record<string, any>, view: Record<string, any>}} context.wanted what the charts over all moments are of, and those of this one
   *  @param {() => import("../core/moments.mjs").Alignment} context.alignment
   *  @param {(fields: Record<string, any>) => void} context.onSelect
   *  @param {(moment: number) => void} context.onSeek
   *  @param {() => void} context.needsRedraw */
  constructor(context) {
    this.context = context;
    this.charts = new Charts(/** @type {HTMLElement} */ (document.querySelector(".compare-panels")), {
      onClick: ({ column, ...fields }, plot) => {
        context.onSelect(fields);
        if (column !== undefined) context.onSeek(momentOfColumn(context.alignment(), column, plot.layout.meta.every));
      },
      onChange: () => context.needsRedraw(),
    });
  }

  close() {
    clearTimeout(this.#restTimer);
    this.charts.close();
  }

  /** Ask for the charts over all moments, where something else is wanted now. */
  postPair() {
    this.#post("pair", IDS.comparePair);
  }

  /** How far apart the hook points are at a moment, as the map has it.
   *  @param {number} moment
   *  @returns {Record<string, number>|null} relative differences, 0 … 2; null where the map shows something else, or moments together */
  between(moment) {
    const plot = plotOf("graph-compare-map");
    const { by, every } = plot?.layout.meta ?? {};
    if (by !== "difference" || every !== 1) return null;
    const { y, customdata } = plot.data[0];
    if (customdata[0].length !== this.context.alignment().steps.length) return null; // aligned otherwise meanwhile
    const known = y.map((/** @type {string} */ key, /** @type {number} */ row) => [key, customdata[row][moment][1]]);
    return Object.fromEntries(known.filter((/** @type {[string, any]} */ [, value]) => Number.isFinite(value)));
  }

  /** The charts of this moment come when the clock rests; while it goes on, now and then.
   *  @param {number} moment
   *  @param {string|null} point the selected hook point
   *  @param {boolean} isPlaying */
  draw(moment, point, isPlaying) {
    this.#mark(moment, point);
    if (!isPlaying) clearTimeout(this.#restTimer);
    else if (this.#restTimer) return;
    this.#restTimer = setTimeout(
      () => {
        this.#restTimer = null;
        this.#post("view", IDS.compareView);
      },
      isPlaying ? MOVING_MS : REST_MS,
    );
  }

  /** @param {"pair"|"view"} what
   *  @param {string} store */
  #post(what, store) {
    const data = this.context.wanted()[what];
    const name = JSON.stringify(data);
    if (name === this.#posted[what] || !document.getElementById(IDS.compare)) return;
    this.#posted[what] = name;
    window.dash_clientside.set_props(store, { data });
  }

  /** Shapes 0 and 1 of the map: this moment, the selected hook point; at most ten times a second.
   *  @param {number} moment
   *  @param {string|null} point */
  #mark(moment, point) {
    const plot = plotOf("graph-compare-map");
    const [line, row] = plot?.layout.shapes ?? [];
    if (!line || !row) return;
    const x = Math.floor(moment / plot.layout.meta.every);
    const y = plot.data[0].y.indexOf(point);
    if (line.x0 === x && row.y0 === y - 0.5) return;
    const waitMs = this.#markedAtMs + MARK_MS - performance.now();
    if (waitMs > 0) return void setTimeout(() => this.context.needsRedraw(), waitMs);
    this.#markedAtMs = performance.now();
    window.Plotly.relayout(plot, { "shapes[0].x0": x, "shapes[0].x1": x, "shapes[1].y0": y - 0.5, "shapes[1].y1": y + 0.5, "shapes[1].visible": y >= 0 });
  }
}
