/**
 * The inspector: its tabs, the moment when the server draws its charts, and what a click in them selects.
 *
 * Two ways feed one set of Plotly figures: the server's callbacks when the clock rests (it listens to the `view`
 * store set here), and `feeder.mjs` from frames in memory while the clock moves, one figure at a time. Which charts there
 * are, the page says: every panel is a file of mri/panels.
 */

import { IDS, TABS } from "../core/names.mjs";
import { chartLooks, unlessUsual } from "../core/selection.mjs";
import { button } from "../shell/dom.mjs";
import { Charts } from "./charts.mjs";
import { Feeder } from "./feeder.mjs";
import { drawHeads } from "./head_choice.mjs";
import { drawPointNumbers } from "./point_numbers.mjs";
import { drawPredicted } from "./predicted.mjs";
import { WhyTab } from "./why_tab.mjs";
import { plotOf } from "../shell/plotly.mjs";

/** Id of a select above the charts, the view's field that it chooses, that look's name and usual value. */
const CHOICES = /** @type {const} */ ([
  [IDS.statChoice, "stat", "l2"],
  [IDS.headsBy, "heads", "entropy"],
]);
const REST_MS = 200;
/** What is drawn here, beside Plotly's figures, by the id of its place.
 *  @type {Record<string, {tab: string, draw: typeof drawHeads}>} */
const VIEWS = {
  [IDS.heads]: { tab: "attention", draw: drawHeads },
  [IDS.predicted]: { tab: "predictions", draw: drawPredicted },
  [IDS.pointNumbers]: { tab: "statistics", draw: drawPointNumbers },
};
/** @param {string} where selector
 *  @returns {NodeListOf<HTMLElement>} */
const panelsIn = (where) => document.querySelectorAll(`${where} [data-panel]`);

/** While a person steps by hand, charts wait for a pause of their hand, yet not for ever: a chart takes longer than a step. */
const PAUSE_MS = 200;
const MOST_WAIT_MS = 700;
const RIPE_MS = 60;
/** After a chart comes a rest, so many times as long as the chart took: charts take a tenth of the time at most. While a
 *  recording is followed they take an eightieth, since each keeps a step from being painted. */
const REST_SHARE = 9;
const FOLLOWING_REST_SHARE = 79;

export class Inspector {
  /** @type {any} */
  #timer = null;
  /** @type {any} */
  #feedTimer = null;
  /** @type {Set<string>} of charts that do not show what is wanted, the one that waits longest first */
  #due = new Set();
  #isRipe = false;
  #fedAtMs = 0; // when the last chart was fed
  #fedForMs = 0;
  #latestFeedMs = 0;
  #posted = ""; // what the charts were last asked to show, the step aside
  /** @type {any} */
  #wanted = null;
  #listening = new WeakSet();
  feeder = new Feeder();
  #charted = () => {};
  /** Plotly has come and drawn. */
  firstChart = new Promise((resolve) => (this.#charted = () => resolve(null)));

  /** @param {object} context
   *  @param {import("./feeder.mjs").Source} context.source
   *  @param {(fields: Record<string, any>) => void} context.onSelect
   *  @param {(step: number) => void} context.onSeek
   *  @param {() => Record<string, any>} context.viewForServer
   *  @param {() => Promise<boolean>} context.canAsk whether there is a server to ask
   *  @param {() => boolean} context.isFollowing whether steps come from a recording that runs
   *  @param {import("../run/whys.mjs").Whys} context.whys */
  constructor(context) {
    this.context = context;
    this.why = new WhyTab(context);
    this.names = TABS.filter(([name]) => name !== "why" || context.whys.hasParts);
    /** @type {typeof VIEWS} */
    this.views = { ...VIEWS, [IDS.why]: { tab: "why", draw: (frame, source, shown) => this.why.draw(frame, source, shown) } };
    this.#buildTabs();
    this.charts = new Charts(/** @type {HTMLElement} */ (document.querySelector(".mri-inspector")), {
      onClick: (fields, plot) => this.#click(fields, plot),
      onChange: () => this.#listen(),
      onChart: () => this.#charted(),
    });
  }

  close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#feedTimer);
    this.charts.close();
    for (const id of Object.keys(this.views)) document.getElementById(id)?.replaceChildren(); // a lesson's next Scanner builds its own
  }

  #buildTabs() {
    const host = /** @type {HTMLElement} */ (document.getElementById("mri-tabs"));
    host.setAttribute("role", "tablist");
    host.setAttribute("aria-label", "Inspector");
    this.tabs = this.names.map(([name, text]) => {
      const looks = { role: "tab", id: `tab-${name}`, class: "mri-tab", "aria-controls": `panel-${name}`, text };
      return button(() => this.context.onSelect({ tab: name }), looks);
    });
    host.replaceChildren(...this.tabs);
    host.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const at = this.tabs?.indexOf(/** @type {any} */ (document.activeElement)) ?? -1;
      if (!step || at < 0) return;
      const to = (at + step + this.names.length) % this.names.length;
      this.context.onSelect({ tab: this.names[to][0] });
      this.tabs?.[to].focus();
    };
  }

  /** @param {string} tab the first one where this recording has none of that name */
  showTab(tab) {
    const { names } = this;
    if (!names.some(([name]) => name === tab)) return this.context.onSelect({ tab: names[0][0] });
    for (const [i, [name]] of names.entries()) {
      const isShown = name === tab;
      const button = /** @type {HTMLElement} */ (this.tabs?.[i]);
      button.setAttribute("aria-selected", String(isShown));
      button.tabIndex = isShown ? 0 : -1;
      const panel = document.getElementById(`panel-${name}`);
      if (panel) panel.hidden = !isShown;
    }
  }

  /** The selection or the step changed: tell the server when it rests, feed from memory until then. A chart that is
   *  not there yet, or shows something else than is selected now, comes from the server while the clock goes on, too.
   *  Lines over all steps wait for the rest while a recording is followed: they would end before the mark of its step.
   *  @param {import("../core/wire.mjs").Frame} frame
   *  @param {Record<string, any>} view
   *  @param {boolean} isMoving the clock goes on by itself */
  draw(frame, view, isMoving) {
    if (!isMoving || this.#shown() === this.#posted) this.#stopWaiting();
    if (!isMoving || this.#shown() !== this.#posted) this.#timer ??= setTimeout(() => this.post(), REST_MS);
    if (view.tab !== this.#wanted?.view.tab) this.#due.clear();
    this.#wanted = { frame, view };
    this.#showChoices();
    for (const [id, { tab }] of Object.entries(this.views)) if (tab === view.tab && document.getElementById(id)) this.#due.add(id);
    for (const { dataset } of panelsIn(`#panel-${view.tab}`))
      if (dataset.moves !== undefined || !this.context.isFollowing()) this.#due.add(/** @type {string} */ (dataset.panel));
    if (this.#due.size) this.#feedSoon(isMoving ? 0 : PAUSE_MS);
  }

  /** @param {number} [pauseMs] put off until nothing was wanted for so long */
  #feedSoon(pauseMs = 0) {
    const nowMs = performance.now();
    if (this.#feedTimer === null) this.#latestFeedMs = nowMs + MOST_WAIT_MS;
    else if (!pauseMs) return;
    clearTimeout(this.#feedTimer);
    const restMs = this.context.isFollowing() ? FOLLOWING_REST_SHARE * this.#fedForMs : Math.min(REST_SHARE * this.#fedForMs, MOST_WAIT_MS);
    const waitMs = Math.max(this.#fedAtMs + restMs - nowMs, Math.min(pauseMs, this.#latestFeedMs - nowMs));
    this.#feedTimer = setTimeout(() => this.#ripen(), Math.max(0, waitMs));
  }

  /** It is time for a chart: after the next picture, which has the least to wait for then, or soon where none comes. */
  #ripen() {
    this.#isRipe = true;
    this.#feedTimer = setTimeout(() => this.#feed(), RIPE_MS);
  }

  /** The browser has painted a picture. */
  afterPaint() {
    if (this.#isRipe) this.#feed();
  }

  /** One chart gets the latest frame, after the picture is painted; the next one waits: the picture comes first. */
  #feed() {
    clearTimeout(this.#feedTimer);
    this.#feedTimer = null;
    this.#isRipe = false;
    const { frame, view } = this.#wanted;
    const { source, onSelect } = this.context;
    const startMs = performance.now();
    const shown = { ...view, ...chartLooks(view, source.layout.n_layer === 0) };
    const [id] = this.#due;
    this.#due.delete(id);
    const plot = plotOf(`graph-${id}`);
    if (this.views[id]) this.views[id].draw(frame, source, shown, onSelect);
    else if (plot) this.feeder.feed(id, plot, frame, source, shown);
    this.#fedAtMs = performance.now();
    this.#fedForMs = this.#fedAtMs - startMs;
    if (this.#due.size) this.#feedSoon();
  }

  /** The choices above the charts say what is chosen. */
  #showChoices() {
    if (!this.#wanted) return;
    const looks = chartLooks(this.#wanted.view, false);
    for (const [id, name] of CHOICES) {
      const choice = /** @type {HTMLSelectElement|null} */ (document.getElementById(id));
      if (choice && choice.value !== looks[name]) choice.value = looks[name];
    }
  }

  #stopWaiting() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** What the charts show, the step aside. */
  #shown() {
    return JSON.stringify({ ...this.context.viewForServer(), step: null });
  }

  /** Hand the selection to the page callbacks. */
  async post() {
    this.#stopWaiting();
    this.#posted = this.#shown();
    if (!(await this.context.canAsk()) || !document.getElementById(IDS.scanner)) return;
    window.dash_clientside.set_props(IDS.view, { data: this.context.viewForServer() });
  }

  /** Hear of the choices above the figures, have the scripts of those that move; the page may bring them at any time. */
  #listen() {
    for (const [id, name, usual] of CHOICES) {
      const choice = /** @type {HTMLSelectElement|null} */ (document.getElementById(id));
      if (!choice || this.#listening.has(choice)) continue;
      this.#listening.add(choice);
      choice.addEventListener("change", () => this.context.onSelect({ [name]: unlessUsual(choice.value, usual) }));
      this.#showChoices();
    }
    for (const id of Object.keys(this.views)) {
      const host = document.getElementById(id);
      if (!host || this.#listening.has(host)) continue;
      this.#listening.add(host);
      if (!this.#wanted) continue; // else it came after the frame that it shows
      this.#due.add(id);
      this.#feedSoon();
    }
    for (const { dataset } of panelsIn(".mri-inspector")) if (dataset.moves !== undefined) this.feeder.load(/** @type {string} */ (dataset.panel));
  }

  /** @param {Record<string, any>} fields that the panel says
   *  @param {any} plot */
  #click({ step, position, ...fields }, plot) {
    const { source, onSelect, onSeek } = this.context;
    if (Object.keys(fields).length) onSelect(fields);
    if (position !== undefined) onSeek(source.stepOf[position * (plot.layout.meta.every ?? 1)]);
    if (step !== undefined) onSeek(step);
  }
}
