/**
 * The seven statistics of the selected hook point in figures, above the charts of the tab Statistics.
 *
 * Fills a host that the page brings late. The box is panels/layer_numbers.mjs'.
 */

import { IDS } from "../core/names.mjs";
import { LayerNumbers } from "./layer_numbers.mjs";

/** @type {WeakMap<HTMLElement, LayerNumbers>} */
const made = new WeakMap();

/** @param {import("../core/wire.mjs").Frame} frame
 *  @param {import("./feeder.mjs").Source} source
 *  @param {Record<string, any>} view */
export function drawPointNumbers(frame, { layout }, { point }) {
  const host = document.getElementById(IDS.pointNumbers);
  if (!host) return;
  const numbers = made.get(host) ?? new LayerNumbers();
  made.set(host, numbers);
  if (!numbers.host.isConnected) host.replaceChildren(numbers.host);
  numbers.title.textContent = point;
  numbers.draw([{ frame, layout }], point);
}
