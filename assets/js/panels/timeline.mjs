/**
 * Lines over all steps: surprise, what a training script added, the l2 of the selected hook point, and those that a person added. Over the
 * words where there are any, else over steps side by side.
 *
 * Drawn once to a canvas; while the clock moves only a cursor does. A click seeks, a drag makes a loop of the one
 * player. Knows series and pointers. Refuses to keep time, and draws nothing where nothing was captured.
 */

import { kindOf, lanesOf, stepOfX, textFromLoop, xOfStep } from "../core/lanes.mjs";
import { formatValue } from "../core/format.mjs";
import { el, sized } from "../shell/dom.mjs";
import { theme } from "../shell/shell.mjs";
import { placeTip } from "../shell/tip.mjs";
import { AddedLines } from "./added_lines.mjs";
import { paintLane, paintPhases } from "./timeline_paint.mjs";
import { readIn, valuesIn } from "./timeline_tip.mjs";

const LANE_PX = 22;
const [WORDS_LANE_PX, LABEL_PX] = [58, 16]; // under words, where a lane has its label above its line

/** A pointer that moved less than this was a click. */
const DRAG_PX = 5;

export class Timeline {
  /** @type {import("../core/types.mjs").Series|null} */
  #series = null;
  /** @type {import("../core/types.mjs").Series|null} of the second of two, over the same moments */
  #other = null;
  #drawn = { step: -1, point: "", theme: "", loop: "" };
  #width = 0;
  #laidPx = 0; // height of the lanes when they were made
  /** @type {import("../core/lanes.mjs").Lane[][]} top to bottom, in each the line of one recording, or those of A and B */
  #lanes = [];
  /** @type {{x: number, step: number, isDrag: boolean}|null} */
  #press = null;
  /** @type {import("../core/axis.mjs").Axis|null} the words', null: steps stand side by side */
  #axis = null;

  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {import("../desk/player.mjs").Player} context.player
   *  @param {import("../core/layout.mjs").Layout} context.layout
   *  @param {import("../core/types.mjs").Tokens} context.tokens
   *  @param {string} [context.word] what the clock counts: moments are of A and B
   *  @param {(lines: string|null) => void} [context.onLines] others were added or taken away; without it all are shown */
  constructor(host, { player, layout, tokens, word = "step", onLines }) {
    this.word = word;
    this.added = onLines ? new AddedLines(onLines) : null;
    this.host = host;
    this.player = player;
    this.layout = layout;
    this.tokens = tokens;
    this.isTraining = tokens.steps.phase[0] === "train";
    this.labels = el("div", { class: "mri-lane-labels" });
    this.canvas = el("canvas", { role: "img" });
    this.cursor = el("div", { class: "mri-timeline-cursor" });
    this.pointer = el("div", { class: "mri-timeline-pointer", hidden: true });
    this.range = el("div", { class: "mri-timeline-loop", hidden: true });
    this.lanes = el("div", { class: "mri-lanes" }, this.canvas, this.range, this.pointer, this.cursor);
    this.tip = el("div", { class: "mri-tip mri-timeline-tip", hidden: true });
    host.replaceChildren(this.labels, this.lanes, this.tip);
    this.#lay();
    this.#listen();
    this.observer = new ResizeObserver(() => this.#place());
    this.observer.observe(this.lanes);
    this.#place();
  }

  /** @param {import("../core/types.mjs").Series} series
   *  @param {import("../core/types.mjs").Series|null} [other] of B, where the first is that of A */
  setSeries(series, other = null) {
    this.#series = series;
    this.#other = other;
    this.#lay();
    this.#drawn.step = -1;
  }

  /** @param {import("../core/axis.mjs").Axis} axis where the words stand now */
  setAxis(axis) {
    const isFirst = !this.#axis;
    this.#axis = axis;
    if (!isFirst) return this.#show();
    this.host.classList.add("is-under-words");
    this.#width = 0;
    this.#lay();
    this.#place();
  }

  /** Paint all of it, where steps stand now. */
  #show() {
    this.#paint();
    this.#moveCursor();
    this.#drawn.loop = "?";
    this.#drawLoop(this.player.loop);
  }

  /** @param {number} step
   *  @returns {number} where it stands in the lanes, CSS pixels */
  xOf(step) {
    return this.#axis ? this.#axis.xOf(step) : xOfStep(step, this.#width, this.player.numSteps);
  }

  /** @param {number} step
   *  @returns {number} where the word stands that it chose, or the text went on with */
  xAbout(step) {
    return this.#axis ? this.#axis.xAbout(step) : this.xOf(step);
  }

  get #lanePx() {
    return this.#axis ? WORDS_LANE_PX : LANE_PX;
  }

  /** The lanes that there are by now, of the selected hook point. */
  #lay() {
    const { rows, points } = this.layout;
    const row = rows.get(this.#drawn.point) ?? 0;
    const before = this.#lanes.map(([{ title }]) => title).join();
    const unit = points[row]?.unit ?? "";
    const of = (/** @type {import("../core/types.mjs").Series|null} */ series, /** @type {string} */ side) =>
      this.#chosen(series, lanesOf(series, { key: this.#drawn.point, unit }, row, this.isTraining)).map((lane) => ({
        ...lane,
        side,
        colour: side ? `--side-${side}` : lane.colour,
      }));
    const others = this.#other ? of(this.#other, "b") : [];
    this.#lanes = of(this.#series, this.word === "moment" ? "a" : "").map((lane, i) => [lane, ...others.slice(i, i + 1)]);
    const names = this.#lanes.map(([{ name }]) => name);
    if (this.#lanes.map(([{ title }]) => title).join() === before && this.#height === this.#laidPx) return this.#paint();
    this.#laidPx = this.#height;
    this.values = this.#lanes.map(() => el("b", { text: "…" }));
    this.labels.replaceChildren(
      ...this.#lanes.map(([{ name, title, says, colour }], i) => {
        const label = el("span", { text: this.#axis ? title : name });
        const remove = this.added?.remover(name) ?? [];
        return el("div", { title: `${title}. ${says}`, tabindex: 0, style: `--lane:var(${colour})` }, label, this.values?.[i], ...remove);
      }),
    );
    this.canvas.setAttribute(
      "aria-label",
      `${names.join(", ")} over all ${this.word}s. The scrubber moves through them; the keys I and O set a loop, Escape clears it.`,
    );
    this.lanes.style.height = `${this.#height}px`;
    this.#width = 0; // a canvas of another height
    this.#place();
  }

  /** Those that are shown, and others that a person added.
   *  @param {import("../core/types.mjs").Series|null} series
   *  @param {import("../core/lanes.mjs").Lane[]} all
   *  @returns {import("../core/lanes.mjs").Lane[]} */
  #chosen(series, all) {
    return this.added ? this.added.chosen(series, all, this.layout) : all;
  }

  /** @param {number} step
   *  @param {string} point selected hook point
   *  @param {string|null} [lines] that were added */
  draw(step, point, lines = null) {
    const isOther = this.added?.show(lines, point) ?? false;
    const needsPaint = isOther || point !== this.#drawn.point || theme() !== this.#drawn.theme;
    const isMoved = step !== this.#drawn.step || needsPaint;
    Object.assign(this.#drawn, { step, point, theme: theme() });
    if (needsPaint) this.#lay();
    if (isMoved) this.#moveCursor();
    this.#drawLoop(this.player.loop);
  }

  close() {
    this.observer.disconnect();
  }

  /** Take the width there is. */
  #place() {
    const width = this.lanes.clientWidth;
    if (width === this.#width) return;
    this.#width = width;
    this.ctx = sized(this.canvas, width, this.#height);
    this.#show();
  }

  get #height() {
    return this.#lanePx * this.#lanes.length;
  }

  #paint() {
    const { ctx } = this;
    if (!ctx || !this.#series) return;
    const style = getComputedStyle(this.host);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    ctx.clearRect(0, 0, this.#width, this.#height);
    const size = { width: this.#width, height: this.#height };
    const halfPx = this.#axis ? this.#axis.columnPx / 2 : xOfStep(0.5, this.#width, this.tokens.steps.phase.length);
    paintPhases(ctx, this.tokens.steps, colour, { ...size, halfPx, xOf: (step) => this.xOf(step) });
    this.#lanes.forEach((both, i) => {
      const plotPx = this.#axis ? WORDS_LANE_PX - LABEL_PX - 5 : LANE_PX - 5;
      const place = { bottom: (i + 1) * this.#lanePx - 2, plotPx, width: this.#width, hasPeaks: this.#axis !== null && Boolean(both[0].isAbout) };
      paintLane(ctx, both, colour, { ...place, xOf: (column, lane) => this.#xOfColumn(column, lane) });
    });
  }

  /** @param {number} column
   *  @param {import("../core/lanes.mjs").Lane} lane
   *  @returns {number} of the middle of its steps */
  #xOfColumn(column, { isAbout = false }) {
    const every = this.#series?.every ?? 1;
    const step = Math.min(this.player.lastStep, column * every + (every - 1) / 2);
    if (!this.#axis) return this.xOf(step);
    return isAbout ? this.xAbout(Math.floor(step)) : this.xOf(Math.floor(step));
  }

  #moveCursor() {
    const { step } = this.#drawn;
    if (step < 0) return;
    if (this.#axis) this.cursor.style.width = `${this.#axis.columnPx}px`;
    this.cursor.style.transform = `translateX(${this.xOf(step) - (this.#axis ? this.#axis.columnPx / 2 : 0)}px)`;
    if (!this.#series) return;
    const column = Math.floor(step / this.#series.every);
    this.#lanes.forEach((both, i) => {
      const each = both.map((line) => (kindOf(line, column) === "missing" ? "—" : formatValue(line.values[column])));
      const text = each.join(" · ") + (both[0].unit === "bits" && each.some((value) => value !== "—") ? " bits" : "");
      /** @type {HTMLElement[]} */ (this.values)[i].textContent = text;
    });
  }

  /** @param {readonly [number, number]|null} loop */
  #drawLoop(loop) {
    const text = textFromLoop(loop) ?? "";
    if (this.#press?.isDrag || text === this.#drawn.loop) return;
    this.#drawn.loop = text;
    this.range.hidden = !loop;
    if (loop) this.#stretch(loop[0], loop[1]);
  }

  /** @param {number} from step
   *  @param {number} to step */
  #stretch(from, to) {
    const [left, right] = [Math.min(from, to), Math.max(from, to)].map((step) => this.xOf(step));
    Object.assign(this.range.style, { left: `${left}px`, width: `${Math.max(2, right - left)}px` });
  }

  #listen() {
    this.lanes.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      if (event.button !== 0) return;
      this.lanes.setPointerCapture(event.pointerId);
      this.#press = { x: event.clientX, step: this.#stepAt(event), isDrag: false };
    });
    this.lanes.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.#move(event));
    this.lanes.addEventListener("pointerup", (/** @type {PointerEvent} */ event) => this.#release(event));
    this.lanes.addEventListener("pointercancel", () => this.#cancel());
    for (const name of ["pointercancel", "pointerleave"]) this.lanes.addEventListener(name, () => this.#hideTip());
  }

  /** @param {PointerEvent} event
   *  @returns {number} */
  #stepAt(event) {
    const x = event.clientX - this.lanes.getBoundingClientRect().left;
    return this.#axis ? this.#axis.stepAt(x) : stepOfX(x, this.#width, this.player.numSteps);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const step = this.#stepAt(event);
    const press = this.#press;
    if (press && Math.abs(event.clientX - press.x) >= DRAG_PX) press.isDrag = true;
    if (press?.isDrag) {
      this.range.hidden = false;
      this.#stretch(press.step, step);
    }
    this.#showTip(step);
  }

  /** @param {PointerEvent} event */
  #release(event) {
    const press = this.#press;
    this.#press = null;
    if (event.pointerType !== "mouse") this.#hideTip();
    if (!press) return;
    const step = this.#stepAt(event);
    if (!press.isDrag || step === press.step) {
      this.#cancel();
      return this.player.seek(press.step);
    }
    this.#drawn.loop = ""; // what the drag drew is not yet what stands there
    this.player.setLoop([press.step, step]);
    const [first, last] = /** @type {[number, number]} */ (this.player.loop);
    if (this.player.step < first || this.player.step > last) this.player.seek(first);
    this.player.play();
  }

  #cancel() {
    this.#press = null;
    this.#drawn.loop = "?"; // whatever the drag drew goes
    this.#drawLoop(this.player.loop);
  }

  #hideTip() {
    this.tip.hidden = this.pointer.hidden = true;
  }

  /** @param {number} step */
  #showTip(step) {
    const box = this.lanes.getBoundingClientRect();
    const x = this.xOf(step);
    this.pointer.hidden = this.tip.hidden = false;
    this.pointer.style.transform = `translateX(${x}px)`;
    const values = this.#series ? valuesIn(step, this.#series, this.#lanes.flat(), this.player.lastStep) : [];
    this.tip.replaceChildren(...readIn(step, this.tokens, this.word), ...values);
    placeTip(this.tip, box.left + x - this.tip.offsetWidth / 2, box.top - this.tip.offsetHeight - 8);
  }
}
