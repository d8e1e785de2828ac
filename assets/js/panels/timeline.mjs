/**
 * Lines over all steps under the scrubber: surprise, entropy, what a training script added, and the l2 of the selected
 * hook point.
 *
 * Drawn once to a canvas; while the clock moves only a cursor does. A click seeks, a drag makes a loop of the one
 * player. Knows series and pointers. Refuses to keep time, and draws nothing where nothing was captured.
 */

import { endsOf, kindOf, lanesOf, runsOf, stepOfX, textFromLoop, xOfStep } from "../core/lanes.mjs";
import { formatValue } from "../core/format.mjs";
import { el, sized } from "../shell/dom.mjs";
import { theme } from "../shell/shell.mjs";
import { placeTip } from "../shell/tip.mjs";
import { readIn, valuesIn } from "./timeline_tip.mjs";

const LANE_PX = 22;

/** A pointer that moved less than this was a click. */
const DRAG_PX = 5;

export class Timeline {
  /** @type {import("../core/types.mjs").Series|null} */
  #series = null;
  /** @type {import("../core/types.mjs").Series|null} of the second of two, over the same moments */
  #other = null;
  #drawn = { step: -1, point: "", theme: "", loop: "" };
  #width = 0;
  /** @type {import("../core/lanes.mjs").Lane[][]} top to bottom, in each the line of one recording, or those of A and B */
  #lanes = [];
  /** @type {{x: number, step: number, isDrag: boolean}|null} */
  #press = null;

  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {import("../desk/player.mjs").Player} context.player
   *  @param {import("../core/layout.mjs").Layout} context.layout
   *  @param {import("../core/types.mjs").Tokens} context.tokens
   *  @param {string} [context.word] what the clock counts: moments are of A and B */
  constructor(host, { player, layout, tokens, word = "step" }) {
    this.word = word;
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

  /** The lanes that there are by now, of the selected hook point. */
  #lay() {
    const { rows, points } = this.layout;
    const row = rows.get(this.#drawn.point) ?? 0;
    const before = this.#lanes.map(([{ name }]) => name).join();
    const unit = points[row]?.unit ?? "";
    const of = (/** @type {import("../core/types.mjs").Series|null} */ series, /** @type {string} */ side) =>
      lanesOf(series, { key: this.#drawn.point, unit }, row, this.isTraining).map((lane) => ({ ...lane, side, colour: side ? `--side-${side}` : lane.colour }));
    const others = this.#other ? of(this.#other, "b") : [];
    this.#lanes = of(this.#series, this.word === "moment" ? "a" : "").map((lane, i) => [lane, ...others.slice(i, i + 1)]);
    const names = this.#lanes.map(([{ name }]) => name);
    if (names.join() === before) return this.#paint();
    this.values = this.#lanes.map(() => el("b", { text: "…" }));
    this.labels.replaceChildren(
      ...this.#lanes.map(([{ name, says, colour }], i) =>
        el("div", { title: says, tabindex: 0, style: `--lane:var(${colour})` }, el("span", { text: name }), this.values?.[i]),
      ),
    );
    this.canvas.setAttribute(
      "aria-label",
      `${names.join(", ")} over all ${this.word}s. The scrubber moves through them; the keys I and O set a loop, Escape clears it.`,
    );
    this.lanes.style.height = `${this.#height}px`;
    this.#width = 0; // a canvas of another height
    this.#place();
  }

  /** @param {number} step
   *  @param {string} point selected hook point */
  draw(step, point) {
    const needsPaint = point !== this.#drawn.point || theme() !== this.#drawn.theme;
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
    this.#paint();
    this.#moveCursor();
    this.#drawn.loop = "";
    this.#drawLoop(this.player.loop);
  }

  get #height() {
    return LANE_PX * this.#lanes.length;
  }

  #paint() {
    const { ctx } = this;
    if (!ctx || !this.#series) return;
    const style = getComputedStyle(this.host);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    ctx.clearRect(0, 0, this.#width, this.#height);
    this.#paintPhases(ctx, colour);
    this.#lanes.forEach((both, i) => {
      const ends = both.map(({ values }) => endsOf(values));
      const [bottom, low, high] = [(i + 1) * LANE_PX - 2, Math.min(...ends.map(([low]) => low)), Math.max(...ends.map(([, high]) => high))];
      const share = (/** @type {number} */ value) => (high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0);
      const y = (/** @type {number} */ value) => bottom - share(value) * (LANE_PX - 5);
      ctx.fillStyle = colour("--line");
      ctx.fillRect(0, bottom + 1, this.#width, 1);
      for (const each of both) this.#paintLine(ctx, each, colour, bottom, y);
    });
  }

  /** @param {CanvasRenderingContext2D} ctx
   *  @param {import("../core/lanes.mjs").Lane} lane
   *  @param {(name: string) => string} colour
   *  @param {number} bottom of the lane
   *  @param {(value: number) => number} y */
  #paintLine(ctx, lane, colour, bottom, y) {
    const { values } = lane;
    const x = (/** @type {number} */ column) => this.#xOfColumn(column);
    const { number, missing, nan } = runsOf(lane);
    ctx.fillStyle = colour("--not-captured");
    for (const [from, to] of missing) ctx.fillRect(x(from) - 1, bottom - 1, Math.max(2, x(to) - x(from) + 2), 3);
    ctx.fillStyle = colour("--danger");
    for (const [from, to] of nan) ctx.fillRect(x(from) - 1, bottom - (LANE_PX - 5), Math.max(2, x(to) - x(from) + 2), LANE_PX - 5); // no number: the whole lane
    ctx.strokeStyle = ctx.fillStyle = colour(lane.colour);
    ctx.lineWidth = 1.25;
    for (const [from, to] of number) {
      if (from === to) ctx.fillRect(x(from) - 1.25, y(values[from]) - 1.25, 2.5, 2.5);
      ctx.beginPath();
      for (let column = from; column <= to; column++) ctx.lineTo(x(column), y(values[column]));
      ctx.stroke();
      ctx.lineTo(x(to), y(0));
      ctx.lineTo(x(from), y(0));
      ctx.globalAlpha = 0.16;
      ctx.fill();
      ctx.globalAlpha = 1;
    }
  }

  /** The prompt's steps on a lighter ground, a tick at each token that the calculator put in.
   *  @param {CanvasRenderingContext2D} ctx
   *  @param {(name: string) => string} colour */
  #paintPhases(ctx, colour) {
    const { phase, forced } = this.tokens.steps;
    const numPrefill = phase.findIndex((name) => name !== "prefill");
    const half = xOfStep(0.5, this.#width, phase.length);
    ctx.fillStyle = colour("--line");
    ctx.globalAlpha = 0.45;
    if (numPrefill !== 0) ctx.fillRect(0, 0, numPrefill < 0 ? this.#width : xOfStep(numPrefill - 1, this.#width, phase.length) + half, this.#height);
    ctx.globalAlpha = 1;
    ctx.fillStyle = colour("--amber");
    forced.forEach((isForced, step) => isForced && ctx.fillRect(xOfStep(step, this.#width, phase.length) - 1, 0, 2, 4));
  }

  /** @param {number} column
   *  @returns {number} of the middle of its steps */
  #xOfColumn(column) {
    const { numSteps, lastStep } = this.player;
    const every = this.#series?.every ?? 1;
    return xOfStep(Math.min(lastStep, column * every + (every - 1) / 2), this.#width, numSteps);
  }

  #moveCursor() {
    const { step } = this.#drawn;
    if (step < 0) return;
    this.cursor.style.transform = `translateX(${xOfStep(step, this.#width, this.player.numSteps)}px)`;
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
    const [left, right] = [Math.min(from, to), Math.max(from, to)].map((step) => xOfStep(step, this.#width, this.player.numSteps));
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
    return stepOfX(event.clientX - this.lanes.getBoundingClientRect().left, this.#width, this.player.numSteps);
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
    const x = xOfStep(step, this.#width, this.player.numSteps);
    this.pointer.hidden = this.tip.hidden = false;
    this.pointer.style.transform = `translateX(${x}px)`;
    const values = this.#series ? valuesIn(step, this.#series, this.#lanes.flat(), this.player.lastStep) : [];
    this.tip.replaceChildren(...readIn(step, this.tokens, this.word), ...values);
    placeTip(this.tip, box.left + x - this.tip.offsetWidth / 2, box.top - this.tip.offsetHeight - 8);
  }
}
