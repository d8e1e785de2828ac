/**
 * One hook point of two steps: A, B and B − A face on, side by side, and the neurons that differ most.
 *
 * Knows frames, layouts and the mouse over its pictures. Refuses to know the clock and the network.
 */

import { differenceAsFrame, neuronDifferences } from "../core/difference.mjs";
import { exactly, formatBound, formatValue } from "../core/format.mjs";
import { plateLabel } from "../stage/plates.mjs";
import { el, say } from "../shell/dom.mjs";
import { dossierLink } from "../shell/dossier.mjs";
import { FlatPicture } from "../stage/flat.mjs";
import { tipParts } from "../stage/tip.mjs";

/** @typedef {import("../core/wire.mjs").Frame} Frame */

const MOST_LISTED = 8;
const SIDES = /** @type {const} */ (["a", "b", "difference"]);
const TITLES = { a: "A", b: "B", difference: "B − A" };

export class ComparedNeurons {
  /** @type {Record<string, Frame|null>} what is shown in each */
  #frames = { a: null, b: null, difference: null };
  /** @type {{neurons: import("../core/difference.mjs").NeuronDifference[], boundA: number, boundB: number}|null} */
  #found = null;
  #foundOf = /** @type {any[]} */ ([]);
  /** @type {{width: number, height: number}|null} */
  #size = null;
  #shown = { key: "", neuron: /** @type {number|null} */ (null) };

  /** @param {HTMLElement} host of the pictures
   *  @param {HTMLElement} list
   *  @param {object} context
   *  @param {string} context.session whose dossiers the list leads to
   *  @param {{a: import("../core/layout.mjs").Layout, b: import("../core/layout.mjs").Layout}} context.layouts
   *  @param {Record<string, any>} context.scales
   *  @param {Record<string, number>} context.fullScale hook point -> magnitude at the top of the colour scale
   *  @param {(neuron: number) => void} context.onPick
   *  @param {() => void} context.needsRedraw */
  constructor(host, list, context) {
    this.context = context;
    this.list = list;
    this.host = host;
    const { layouts, scales, fullScale } = context;
    const compared = { ...scales, signed: scales.comparison };
    this.top = { ...fullScale }; // of B − A: the largest one of the step that is shown
    this.tip = el("div", { class: "mri-tip", hidden: true });
    this.pictures = {
      a: new FlatPicture({ layout: layouts.a, scales, fullScale }),
      b: new FlatPicture({ layout: layouts.b, scales, fullScale }),
      difference: new FlatPicture({ layout: layouts.a, scales: compared, fullScale: this.top }),
    };
    this.notes = Object.fromEntries(SIDES.map((side) => [side, el("p", { class: "compare-grid-note" })]));
    this.ends = Object.fromEntries(SIDES.map((side) => [side, el("span", { title: "magnitude of the brightest and largest dots" })]));
    const figures = SIDES.map((side) => {
      const stage = el("div", { class: "mri-stage compare-stage" }, this.pictures[side].canvas, this.notes[side]);
      stage.addEventListener("mousemove", (/** @type {MouseEvent} */ event) => this.#point(side, stage, event));
      stage.addEventListener("mouseleave", () => (this.tip.hidden = true));
      stage.addEventListener("click", (/** @type {MouseEvent} */ event) => this.#pick(side, stage, event));
      return el("figure", { class: `compare-grid is-${side}` }, el("figcaption", {}, TITLES[side], this.ends[side]), stage);
    });
    host.replaceChildren(...figures, this.tip);
    this.observer = new ResizeObserver(() => {
      this.#size = null;
      context.needsRedraw();
    });
    this.observer.observe(host);
  }

  close() {
    this.observer.disconnect();
  }

  /** @param {{a: Frame|null, b: Frame|null}} frames null: that side has no step
   *  @param {string} key
   *  @param {number|null} neuron
   *  @param {boolean} isMatched whether the two may be subtracted */
  draw(frames, key, neuron, isMatched) {
    const { a, b } = frames;
    const { layouts } = this.context;
    this.#shown = { key, neuron };
    const here = [a, b, key, isMatched];
    if (here.some((each, i) => each !== this.#foundOf[i])) {
      this.#foundOf = here;
      this.#found = isMatched && a && b && layouts.b.rows.has(key) ? neuronDifferences(a, layouts.a, b, layouts.b, key) : null;
      this.#frames = { a: layouts.a.rows.has(key) ? a : null, b: layouts.b.rows.has(key) ? b : null, difference: null };
      if (this.#found) {
        const { frame, layout } = differenceAsFrame(this.#found.neurons, layouts.a, key);
        this.#frames.difference = frame;
        this.pictures.difference.context.layout = layout;
        this.top[key] = Math.max(...this.#found.neurons.map(({ difference }) => Math.abs(difference) || 0)) || 1;
      }
    }
    const stage = /** @type {HTMLElement} */ (this.host.querySelector(".compare-stage"));
    this.#size ??= { width: stage.clientWidth, height: stage.clientHeight };
    const shown = {
      keys: [key],
      point: key,
      neuron,
      watched: [],
      isSigned: true,
      hasStats: false,
      flow: /** @type {const} */ ("none"),
      groups: null,
      ...this.#size,
    };
    for (const side of SIDES) {
      const frame = this.#frames[side];
      const picture = this.pictures[side];
      picture.canvas.hidden = !frame;
      if (frame) picture.draw(frame, shown);
      say(this.ends[side], frame ? `±${formatValue(side === "difference" ? this.top[key] : this.context.fullScale[key])}` : "");
      say(this.notes[side], frame ? "" : this.#whyNone(side, key));
    }
    this.#drawList(key, neuron);
  }

  /** @param {typeof SIDES[number]} side
   *  @param {string} key
   *  @returns {string} why there is no picture */
  #whyNone(side, key) {
    const missing = (/** @type {"a"|"b"} */ one) => !this.context.layouts[one].rows.has(key);
    if (side === "difference") return missing("a") || missing("b") ? "nothing to subtract from" : "not matched here: nothing is subtracted";
    return missing(side) ? `${TITLES[side]} has no ${key}` : "no step at this moment";
  }

  /** @param {string} key
   *  @param {number|null} selected */
  #drawList(key, selected) {
    const found = this.#found;
    const name = JSON.stringify([key, selected, found?.neurons.slice(0, MOST_LISTED), found?.boundA, found?.boundB]);
    if (this.list.dataset.shows === name) return;
    this.list.dataset.shows = name;
    if (!found)
      return this.list.replaceChildren(
        el("p", { class: "mri-note", text: "Where both sides' tokens are matched, the neurons that differ most are listed here." }),
      );
    const sure = found.neurons.filter(({ difference }) => !Number.isNaN(difference) && difference !== 0).slice(0, MOST_LISTED);
    if (!sure.length) {
      const text = found.neurons.length
        ? "No captured neuron differs."
        : "Only statistics were kept of this hook point in this step: choose another row of the map.";
      return this.list.replaceChildren(el("p", { class: "mri-note", text }));
    }
    const cell = (/** @type {number} */ value, /** @type {number} */ most) =>
      Number.isNaN(value)
        ? el("td", { class: "is-bound", title: "not captured: at most this in magnitude", text: formatBound(most) })
        : el("td", { text: formatValue(value), title: exactly(value) });
    const rows = sure.map((row) => {
      const pick = el("button", {
        type: "button",
        "aria-pressed": String(row.neuron === selected),
        text: String(row.neuron),
        title: `Select neuron ${row.neuron}`,
        on: { click: () => this.context.onPick(row.neuron) },
      });
      const sign = row.by === "both" ? "" : row.difference > 0 ? "≥ " : "≤ ";
      const more = row.difference > 0 ? "+" : "";
      return el(
        "tr",
        {},
        el("td", {}, pick, dossierLink(this.context.session, key, row.neuron, "↗", "compare-dossier")),
        cell(row.a, found.boundA),
        cell(row.b, found.boundB),
        el("td", {
          class: row.difference > 0 ? "is-b" : "is-a",
          title: `${exactly(row.difference)}${row.rounding > 0 ? `, off by at most ${formatValue(row.rounding)}: values are stored rounded` : ""}`,
          text: `${sign}${more}${formatValue(row.difference)}`,
        }),
      );
    });
    const head = el("tr", {}, ...["neuron", "A", "B", "B − A"].map((text) => el("th", { scope: "col", text })));
    this.list.replaceChildren(el("table", {}, el("caption", { text: `Differ most in ${plateLabel(key)}` }), el("thead", {}, head), el("tbody", {}, ...rows)));
  }

  /** @param {typeof SIDES[number]} side
   *  @param {HTMLElement} stage
   *  @param {MouseEvent} event
   *  @returns {number|null} the neuron under the pointer */
  #neuronAt(side, stage, event) {
    const { left, top } = stage.getBoundingClientRect();
    return this.#frames[side] ? (this.pictures[side].hit(event.clientX - left, event.clientY - top)?.neuron ?? null) : null;
  }

  /** @param {typeof SIDES[number]} side
   *  @param {HTMLElement} stage
   *  @param {MouseEvent} event */
  #pick(side, stage, event) {
    const neuron = this.#neuronAt(side, stage, event);
    if (neuron !== null) this.context.onPick(neuron);
  }

  /** @param {typeof SIDES[number]} side
   *  @param {HTMLElement} stage
   *  @param {MouseEvent} event */
  #point(side, stage, event) {
    const neuron = this.#neuronAt(side, stage, event);
    this.tip.hidden = neuron === null;
    if (neuron === null) return;
    const { key } = this.#shown;
    const frame = /** @type {Frame} */ (this.#frames[side]);
    this.tip.replaceChildren(...(side === "difference" ? this.#differenceParts(key, neuron) : tipParts(frame, this.context.layouts[side], { key, neuron })));
    const x = Math.min(event.clientX + 14, innerWidth - 240);
    Object.assign(this.tip.style, { left: `${Math.max(4, x)}px`, top: `${event.clientY + 16}px` });
  }

  /** @param {string} key
   *  @param {number} neuron
   *  @returns {HTMLElement[]} */
  #differenceParts(key, neuron) {
    const row = this.#found?.neurons.find((each) => each.neuron === neuron);
    const title = el("div", {}, el("b", { text: key }), ` · neuron ${neuron}`);
    if (!row) return [title, el("div", { class: "mri-muted", text: "captured by neither side" })];
    if (Number.isNaN(row.difference)) return [title, el("div", { class: "mri-muted", text: "the side that did not capture it has no bound" })];
    const words =
      row.by === "both"
        ? `B − A = ${exactly(row.difference)}${row.rounding > 0 ? ` ± ${formatValue(row.rounding)}` : ""}`
        : `B − A ${row.difference > 0 ? "≥" : "≤"} ${exactly(row.difference)}`;
    const why =
      row.by === "both"
        ? `A ${exactly(row.a)}, B ${exactly(row.b)}`
        : row.difference === 0
          ? "within the other side's bound: may be either"
          : `captured in ${row.by.toUpperCase()} only: the other side's bound`;
    return [title, el("div", { class: "mri-value", text: words }), el("div", { class: "mri-muted", text: why })];
  }
}
