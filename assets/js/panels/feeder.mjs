/**
 * Columns from a frame in memory into a panel's chart, for the time in which the clock moves.
 *
 * A chart is Python's (mri/panels/<name>.py), and its traces say which column each of their attributes is: `meta` of a trace
 * and of the layout, as mri/panels/binding.py reads them. A panel that moves has its columns in panels/<name>.mjs, which
 * exports `columns(frame, source, view)`; on every other chart only the mark of the step does. Only `feed` touches Plotly.
 */

/** What is folded where a trace says `rows`: the cells of a heatmap. */
const CELLS = ["z", "customdata", "text"];

/** @typedef {import("../core/wire.mjs").Frame} Frame */
/** @typedef {Record<string, any>} Columns by name, as the panel's table has them: flat arrays, or single values */

/** @typedef {object} Source
 *  @property {import("../core/layout.mjs").Layout} layout
 *  @property {import("../core/types.mjs").Tokens} tokens
 *  @property {ArrayLike<number>} stepOf which step read each position
 *  @property {number} numPrompt tokens of the prompt
 *  @property {Record<string, any>} [sampling] how the recording drew its tokens */

/** @typedef {(frame: Frame, source: Source, view: Record<string, any>) => Columns|null} ColumnsOf `columns` of panels/<name>.mjs */

/** Columns that came with the page, by panel: these are not fetched.
 *  @type {Record<string, ColumnsOf>} */
export const atHand = {};

export class Feeder {
  /** @type {Map<string, ColumnsOf>} */
  #columns = new Map();

  /** @param {string} name of a panel that moves: from now on it is fed */
  async load(name) {
    if (this.#columns.has(name)) return;
    this.#columns.set(name, atHand[name] ?? (() => null)); // on its way
    if (atHand[name]) return;
    try {
      this.#columns.set(name, (await import(new URL(`./${name}.mjs`, import.meta.url).href)).columns);
    } catch {
      this.#columns.delete(name); // the server draws it when the clock rests
    }
  }

  /** Put the frame into a chart, unless it shows something else until the server drew it.
   *  @param {string} name of the panel
   *  @param {any} plot Plotly's element
   *  @param {Frame} frame
   *  @param {Source} source
   *  @param {Record<string, any>} view */
  feed(name, plot, frame, source, view) {
    const { of = {} } = plot.layout.meta ?? {};
    if (!isOf(of, view)) return;
    /** @type {Columns} */
    const columns = { ...this.#columns.get(name)?.(frame, source, view), step_now: frame.header.step };
    const { traces, layout } = filling(plot, columns);
    const changed = traces.flatMap((/** @type {object} */ data, /** @type {number} */ i) => (Object.keys(data).length ? [i] : []));
    if (!changed.length && !Object.keys(layout).length) return;
    const data = byAttribute(changed.map((/** @type {number} */ i) => traces[i]));
    window.Plotly.update(plot, data, layout, changed).catch((/** @type {Error} */ error) => {
      if (plot.isConnected && plot._fullLayout) throw error; // else the page went while Plotly drew
    });
  }
}

/** What columns give a figure.
 *  @param {{data: any[], layout: any}} figure
 *  @param {Columns} columns
 *  @returns {{traces: Record<string, any>[], layout: Record<string, any>}} attributes of each trace, and of the layout by its places */
export function filling({ data, layout }, columns) {
  const places = Object.entries(layout.meta?.layout ?? {});
  return {
    traces: data.map((trace) => traceData(trace.meta ?? {}, columns)),
    layout: Object.fromEntries(places.flatMap(([place, column]) => (column in columns ? [[place, columns[column]]] : []))),
  };
}

/** Whether the view has what a chart is of.
 *  @param {Record<string, any>} of
 *  @param {Record<string, any>} view */
function isOf(of, view) {
  return Object.entries(of).every(([name, value]) => (typeof value === "boolean" ? Boolean(view[name]) === value : view[name] === value));
}

/** @param {Record<string, any>} meta of a trace: attribute -> column, or a list of those that are stacked; rows to fold into
 *  @param {Columns} columns
 *  @returns {Record<string, any>} attribute -> data; of columns that are not there nothing */
export function traceData({ rows = 0, ...names }, columns) {
  /** @type {Record<string, any>} */
  const data = {};
  for (const [attribute, name] of Object.entries(names)) {
    const parts = [name].flat().map((each) => columns[each]);
    if (parts.some((part) => part === undefined)) continue;
    const length = Math.max(...parts.map((part) => part?.length ?? 0));
    const values = Array.isArray(name) ? Array.from({ length }, (_, i) => parts.map((part) => (part?.length === undefined ? part : part[i]))) : parts[0];
    data[attribute] = rows && CELLS.includes(attribute) && values?.length !== undefined ? folded(values, rows) : values;
  }
  return data;
}

/** @param {ArrayLike<any>} flat
 *  @param {number} rows
 *  @returns {any[][]} null in cells beyond the last */
function folded(flat, rows) {
  const columns = Math.ceil(flat.length / rows);
  return Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, column) => flat[row * columns + column] ?? null));
}

/** One redraw for all traces: attribute -> its value in each trace, undefined where the trace keeps its own.
 *  @param {Record<string, any>[]} traces */
function byAttribute(traces) {
  const names = new Set(traces.flatMap((data) => Object.keys(data)));
  return Object.fromEntries([...names].map((name) => [name, traces.map((data) => data[name])]));
}

/** What FRAME of mri/panels/chart.py names, around a cell.
 *  @param {number} x
 *  @param {number} y
 *  @returns {Columns} */
export function framed(x, y) {
  return { frame_left: x - 0.5, frame_right: x + 0.5, frame_top: y - 0.5, frame_bottom: y + 0.5 };
}
