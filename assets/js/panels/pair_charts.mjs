/**
 * The charts of the Compare page: when the server is asked to draw them, and what a click in them selects.
 *
 * Knows the page's two stores and Plotly. Refuses to know frames and the clock.
 */

import { IDS } from "../core/names.mjs";
import { Charts } from "./charts.mjs";

const REST_MS = 200;
const MOVING_MS = 1000;

export class PairCharts {
  /** @type {any} */
  #restTimer = null;
  #posted = { pair: "", view: "" };

  /** @param {object} context
   *  @param {() => {pair: Record<string, any>, view: Record<string, any>}} context.wanted what the charts over all moments are of, and those of this one
   *  @param {(fields: Record<string, any>) => void} context.onSelect
   *  @param {() => void} context.needsRedraw */
  constructor(context) {
    this.context = context;
    this.charts = new Charts(/** @type {HTMLElement} */ (document.querySelector(".compare-panels")), {
      onClick: (fields) => context.onSelect(fields),
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

  /** The charts of this moment come when the clock rests; while it goes on, now and then.
   *  @param {boolean} isPlaying */
  draw(isPlaying) {
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
}
