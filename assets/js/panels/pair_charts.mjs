/**
 * The charts of the Compare page: when the server is asked to draw them, and what a click in them selects.
 *
 * Knows the page's two stores and Plotly. Refuses to know frames and the clock.
 */

import { IDS } from "../core/names.mjs";
import { Charts } from "./charts.mjs";

const REST_MS = 200;
const MOVING_MS = 1000;

export class PairCharts extends Charts {
  /** @type {any} */
  #restTimer = null;
  /** @type {Record<string, string>} what each store was given last */
  #posted = {};
  #wanted = { pair: {}, view: {} };

  close() {
    clearTimeout(this.#restTimer);
    super.close();
  }

  /** The charts of a moment come when the clock rests; while it goes on, now and then.
   *  @param {Omit<import("./pair.mjs").Wanted, "map">} wanted
   *  @param {boolean} isPlaying */
  draw(wanted, isPlaying) {
    this.#wanted = wanted;
    this.#post(IDS.comparePair, wanted.pair);
    if (!isPlaying) clearTimeout(this.#restTimer);
    else if (this.#restTimer) return;
    this.#restTimer = setTimeout(() => this.#rest(), isPlaying ? MOVING_MS : REST_MS);
  }

  #rest() {
    this.#restTimer = null;
    this.#post(IDS.compareView, this.#wanted.view);
  }

  /** @param {string} store
   *  @param {Record<string, any>} data */
  #post(store, data) {
    const name = JSON.stringify(data);
    if (name === this.#posted[store] || !document.getElementById(IDS.compare)) return;
    this.#posted[store] = name;
    window.dash_clientside.set_props(store, { data });
  }
}
