/**
 * The charts of a page as they come and go: hears of clicks in each, and says what they select.
 *
 * A panel says in its data what a click selects (mri/panels/panel.py). Refuses to know what becomes of it.
 */

export class Charts {
  #heard = new WeakSet();
  #observer = new MutationObserver(() => this.listen());

  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {(fields: Record<string, any>, plot: any) => void} context.onClick
   *  @param {() => void} [context.onChange] something came or went
   *  @param {() => void} [context.onChart] a chart is there */
  constructor(host, context) {
    this.host = host;
    this.context = context;
    this.#observer.observe(host, { childList: true, subtree: true });
  }

  close() {
    this.#observer.disconnect();
  }

  /** Plotly makes a new emitter when it begins anew. */
  listen() {
    for (const section of /** @type {NodeListOf<HTMLElement>} */ (this.host.querySelectorAll("[data-panel]"))) {
      const plot = /** @type {any} */ (section.querySelector(".js-plotly-plot"));
      if (!plot?._ev || this.#heard.has(plot._ev)) continue;
      this.#heard.add(plot._ev);
      this.context.onChart?.();
      const selects = JSON.parse(section.dataset.selects ?? "{}");
      plot.on("plotly_click", (/** @type {any} */ event) => this.context.onClick(fieldsOfClick(selects, event.points[0]), plot));
    }
    this.context.onChange?.();
  }
}

const WORDS = ["point", "name"];

/** @param {Record<string, string>} selects field -> where a point of Plotly has it: "x", "customdata.0"
 *  @param {any} point
 *  @returns {Record<string, any>} */
export function fieldsOfClick(selects, point) {
  const fields = Object.entries(selects).map(([field, path]) => {
    const value = path.split(".").reduce((value, key) => value?.[key], point);
    return [field, WORDS.includes(field) ? String(value) : Math.round(Number(value))];
  });
  return Object.fromEntries(fields);
}
