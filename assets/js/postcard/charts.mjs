/**
 * The inspector's charts where there is no server: the figures that Python made (mri/web/postcard/charts.py), with numbers from
 * the frames of the page.
 *
 * Draws the panels of the tab that is open, each as it is when the clock rests; while it moves, panels/feeder.mjs does. Only this
 * and the feeder touch Plotly.
 */

import { framesFromRecords } from "../core/wire.mjs";
import { atHand, filling } from "../panels/feeder.mjs";
import { el } from "../shell/dom.mjs";
import { columns as historyColumns } from "./history.mjs";
import { cells } from "./map.mjs";

const CONFIG = { showSendToCloud: false, displaylogo: false, displayModeBar: false, scrollZoom: false, responsive: true };
const LEFT_OUT = "Not in this file: open the recording in the app for it.";

/** @typedef {{title: string, looks: Record<string, {data: any[], layout: any}>, numbers?: Record<string, any>[], missing?: string}} Chart */
/** @typedef {{templates: Record<string, any>, panels: Record<string, {needs: string[], keys: string[], charts: Record<string, Chart>}>}} Book */

export class FileCharts {
  /** @type {import("../core/wire.mjs").Frame[]|null} */
  #all = null;
  #drawing = Promise.resolve();

  /** @param {import("../run/run.mjs").Run} run
   *  @param {Book} book */
  constructor(run, book) {
    this.run = run;
    this.book = book;
    this.source = { layout: run.layout, tokens: run.tokens, stepOf: run.stepOf, numPrompt: run.numPrompt, sampling: run.meta.session.sampling };
    for (const section of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-panel]"))) {
      const graph = document.getElementById(`graph-${section.dataset.panel}`);
      if (book.panels[/** @type {string} */ (section.dataset.panel)]) continue;
      section.querySelector(".mri-menu")?.remove();
      graph?.replaceWith(el("p", { class: "mri-note", text: LEFT_OUT }));
    }
  }

  /** @param {Record<string, any>} view as the page's callbacks get it
   *  @returns {Promise<void>} one after the other */
  draw(view) {
    this.#drawing = this.#drawing.then(() => this.#draw(view));
    return this.#drawing;
  }

  /** @param {Record<string, any>} view */
  async #draw(view) {
    const frame = await this.run.want(view.step, 0);
    if (!frame) return;
    for (const section of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`#panel-${view.tab} [data-panel]`))) {
      const name = /** @type {string} */ (section.dataset.panel);
      const plot = document.querySelector(`#graph-${name} > div`);
      if (!plot || !this.book.panels[name]) continue;
      const { title, figure } = await this.#figure(name, frame, view);
      const caption = document.getElementById(`graph-${name}-title`);
      if (caption) caption.textContent = title;
      await window.Plotly.react(plot, figure.data, figure.layout, CONFIG);
    }
  }

  /** @param {string} name of a panel
   *  @param {import("../core/wire.mjs").Frame} frame
   *  @param {Record<string, any>} view */
  async #figure(name, frame, view) {
    const { needs, keys, charts } = this.book.panels[name];
    const chart = charts[JSON.stringify(keys.map((key) => view[key]))];
    const { data, layout } = structuredClone(chart.looks[view.theme]);
    const figure = { data, layout: { ...layout, template: this.book.templates[view.theme] } };
    const isHistory = name === "history";
    const neuron = view.neuron ?? 0;
    const title = isHistory ? `${view.point} · neuron ${neuron}` : chart.title;
    if (!chart.numbers) return { title, figure };
    const given = isHistory ? historyColumns(await this.#frames(), this.source, view) : atHand[name]?.(frame, this.source, view);
    const { traces, layout: places } = filling(figure, { ...given, step_now: frame.header.step });
    data.forEach((/** @type {any} */ trace, /** @type {number} */ i) => Object.assign(trace, structuredClone(chart.numbers?.[i]), traces[i]));
    if (name === "map") Object.assign(data[0], cells(await this.#frames(), this.source, view));
    for (const [place, value] of Object.entries(places)) put(figure.layout, place, value);
    figure.layout.meta = { ...layout.meta, of: Object.fromEntries(needs.map((need) => [need, view[need]])) };
    if (isHistory) renamed(figure.layout, `neuron ${neuron}`);
    return { title, figure };
  }

  async #frames() {
    this.#all ??= framesFromRecords(await this.run.source.frames(0, this.run.numSteps, new AbortController().signal));
    return this.#all;
  }
}

/** The chart of neuron 0 is made that of another.
 *  @param {any} layout
 *  @param {string} name */
function renamed(layout, name) {
  layout.uirevision = name;
  layout.yaxis.title.text = layout.yaxis.title.text.replace("neuron 0", name);
}

/** @param {any} layout
 *  @param {string} place like "shapes[0].x0"
 *  @param {any} value */
function put(layout, place, value) {
  const path = place.match(/[^.[\]]+/g) ?? [];
  const last = /** @type {string} */ (path.pop());
  path.reduce((at, key) => (at[key] ??= {}), layout)[last] = value;
}
