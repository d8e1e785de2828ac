/**
 * The stage: the tower or the flat picture of one or more lanes, its legend and switches, and what is under the pointer.
 *
 * One component among others, replaceable as a whole: it is given lanes and a selection, and says what was picked.
 * Knows the mouse; refuses to know the clock, the network and Plotly.
 */

import { formatValue } from "../core/format.mjs";
import { differenceLane, fullScaleOf, rowsOf, strongestOf } from "./lanes.mjs";
import { pictureOf, stageLooks } from "../core/selection.mjs";
import { el, refill } from "../shell/dom.mjs";
import { Failed } from "../shell/failed.mjs";
import { placeTip } from "../shell/tip.mjs";
import { FlatPicture } from "./flat.mjs";
import { Hand } from "./hand.mjs";
import { WIDE_PX } from "./labels.mjs";
import { betweenKey, legendParts } from "./legend.mjs";
import { tipParts } from "./tip.mjs";
import { toolsOf } from "./tools.mjs";
import { TowerPicture } from "./tower.mjs";
import { WhyPicture, whyLegend } from "./why.mjs";

/** @typedef {import("./shown.mjs").Shown} Shown */

/** @typedef {"tower"|"flat"|"why"} PictureName */
/** @typedef {import("../core/address.mjs").View} View */

const DRAG_PX = 4;
const TURN_PER_PX = 0.006;
const ZOOM_PER_PX = 0.0012;

export class Stage {
  /** @type {import("../core/types.mjs").Lane[]} that are drawn */
  lanes = [];
  /** @type {PictureName} */
  picture = "tower";
  #legendOf = "";
  /** Name of the groups that colour the dots, or did before they were switched off.
   *  @type {string|null} */
  #groupsOf = null;
  /** @type {import("../core/groups.mjs").Groups|null} those that are shown */
  #groups = null;
  /** @type {{width: number, height: number}|null} of the picture; measured only when something may have changed it:
   *  asking in every frame makes the browser lay out the page in every frame */
  #size = null;
  #hasLanes = false;
  /** @type {{clientX: number, clientY: number}|null} */
  #pointer = null;
  /** @type {{point: string|null, neuron: number|null}} what is ringed */
  selected = { point: null, neuron: null };
  /** @type {Pick<Shown, "why"|"part"|"amount"|"camera">} what the picture of parts shows */
  #ofParts = {};
  #dragged = 0;
  #tipOf;

  /** @param {HTMLElement} host
   *  @param {import("./context.mjs").StageContext} context */
  constructor(host, context) {
    this.host = host;
    this.context = context;
    this.#tipOf = context.tip ?? tipParts;
    this.flat = new FlatPicture(context);
    this.tower = new TowerPicture({ ...context, onLost: () => context.needsRedraw(), onTurn: (camera) => context.onPick({ camera }) });
    this.parts = new WhyPicture({ ...context, onTurn: (camera) => context.onPick({ camera }) });
    this.failed = new Failed(context.onRetry);
    this.note = el("p", { class: "mri-stage-note", hidden: true });
    this.tip = el("div", { class: "mri-tip", hidden: true });
    this.legend = el("div", { class: "mri-legend" });
    this.tools = el("div", { class: "mri-tools", role: "toolbar", "aria-label": "Picture" });
    const { flat, tower, parts } = this;
    const layers = [flat.canvas, tower.ground, tower.canvas, tower.labels.host, parts.canvas, parts.labels.host];
    this.view = el("div", { class: "mri-view" }, ...layers);
    host.replaceChildren(this.tools, this.tower.readout, this.note, this.view, this.legend, this.failed.host, this.tip);
    this.hand = new Hand(this.view, {
      tip: this.tip,
      numLanes: () => this.lanes.length,
      plates: (lane) => this.#current().plates.filter((plate) => plate.lane === lane && plate.width),
      selected: () => this.selected,
      read: (at, lane) => (this.lanes[lane] ? this.#tipOf(this.lanes[lane], at, this.#groups) : []),
      locate: ({ key, neuron }, lane) => this.locate(key, neuron, lane),
      strongest: (key, lane) => (this.lanes[lane] ? strongestOf(this.lanes[lane], key) : 0),
      onPick: context.onPick,
      turn: (by) => this.#turned()?.turn(by),
    });
    this.#listen(this.view);
    this.observer = new ResizeObserver(() => {
      this.#size = null;
      context.needsRedraw();
    });
    this.observer.observe(this.view);
  }

  close() {
    this.observer.disconnect();
    this.tower.close();
  }

  /** Whether the pointer turned the tower since it was pressed: its click chooses nothing. */
  get wasDragged() {
    return this.#dragged > DRAG_PX;
  }

  /** @returns {FlatPicture|TowerPicture|WhyPicture} the tower, where there is WebGL2 and it is wanted */
  #current() {
    if (this.picture === "why") return this.parts;
    return this.picture === "tower" && this.tower.isReady() ? this.tower : this.flat;
  }

  /** @returns {TowerPicture|WhyPicture|null} what a hand can turn */
  #turned() {
    const current = this.#current();
    return current === this.flat ? null : /** @type {TowerPicture|WhyPicture} */ (current);
  }

  /** @param {import("../core/types.mjs").Lane[]} lanes
   *  @param {Omit<View, "groups"> & {groups?: import("../core/groups.mjs").Groups|null, why?: import("../core/why.mjs").Why|null}} view
   *  @param {boolean} isPlaying the clock goes on by itself
   *  @param {{isMatched: boolean, between: Record<string, number>|null}} [pair] whether the steps of two lanes stand for each other, and
   *    how far apart their hook points are */
  draw(lanes, view, isPlaying, { isMatched, between } = { isMatched: false, between: null }) {
    const isDifference = view.difference !== null && lanes.length === 2;
    this.lanes = isDifference ? [differenceLane(lanes[0], lanes[1], isMatched)] : lanes;
    if (this.host.classList.toggle("has-lanes", lanes.length > 1) !== this.#hasLanes) [this.#hasLanes, this.#size] = [lanes.length > 1, null];
    this.selected = view;
    this.picture = pictureOf(view, Boolean(view.why));
    const point = view.point ?? "";
    const looks = stageLooks(view, this.context.layout.n_layer === 0);
    const { isSingle, ...options } = looks;
    const rows = rowsOf(this.lanes, point, isSingle).filter(({ key }) => this.context.hasPlate?.(key) ?? true);
    const keys = rows.map(({ key }) => key);
    const fullScale = fullScaleOf(this.lanes);
    this.#groups = view.groups ?? null;
    this.#groupsOf = this.#groups?.name ?? this.#groupsOf;
    this.#ofParts = { why: view.why ?? null, part: view.part, amount: view.amount, camera: view.camera };
    this.#drawLegend(point, keys, { ...looks, top: fullScale[point], isDifference, numLanes: lanes.length, hasBetween: between !== null && !isDifference });
    const current = this.#current();
    if (current.canvas.hidden || this.#size === null) this.#size = this.#measured(current); // or the other picture from now on
    const { width, height } = this.#size;
    const groups = this.#groups?.has(keys) ? this.#groups : null;
    const selected = { point: view.point, neuron: view.neuron, watched: view.watched ?? [] };
    const more = current === this.parts ? this.#ofParts : { camera: view.camera }; // the others compare all that they are given
    current.draw(
      this.lanes,
      { rows, ...selected, groups, fullScale, isDifference, between: isDifference ? null : between, ...options, ...more, width, height },
      isPlaying,
    );
    this.#tellWhy();
  }

  /** What is wanted is not here yet, or did not come. The picture of another step is not left standing in its place.
   *  @param {string} what is wanted, like "Step 3"
   *  @param {boolean} isWaiting
   *  @param {boolean} isHere the step that the clock shows is: only the next one is missing
   *  @param {Error|null} failure */
  wait(what, isWaiting, isHere, failure) {
    const { classList } = this.host;
    classList.toggle("is-waiting", isWaiting && !failure);
    const hasFailed = failure !== null && !isHere;
    classList.toggle("is-failed", hasFailed);
    this.host.closest(".mri-scanner, .compare")?.classList.toggle("is-failed", hasFailed); // :has() would cost every step
    this.failed.show(`${what} did not come`, failure);
  }

  /** The words on the picture and under the pointer. */
  write() {
    this.#turned()?.write();
    if (this.#pointer) this.#showTip();
    else this.hand.write();
  }

  /** Show one of the two pictures and see how much room it has.
   *  @param {FlatPicture|TowerPicture|WhyPicture} current */
  #measured(current) {
    const isTower = current === this.tower;
    this.host.classList.toggle("is-flat", current === this.flat);
    this.host.classList.toggle("is-narrow", this.host.clientWidth < WIDE_PX);
    this.flat.canvas.hidden = current !== this.flat;
    this.parts.canvas.hidden = this.parts.labels.host.hidden = current !== this.parts;
    this.tower.ground.hidden = this.tower.canvas.hidden = this.tower.labels.host.hidden = this.tower.readout.hidden = !isTower;
    return { width: this.view.clientWidth, height: Math.max(80, this.view.clientHeight) };
  }

  /** Where a neuron is drawn, in CSS pixels of the stage; null where it is not shown.
   *  @param {string} key
   *  @param {number} neuron
   *  @param {number} [lane] */
  locate(key, neuron, lane = 0) {
    return this.#current().locate(key, neuron, lane);
  }

  /** Why there is no tower although it is wanted. */
  #tellWhy() {
    const isMissing = this.picture === "tower" && !this.tower.isReady();
    this.note.hidden = !isMissing && this.flat.ctx !== null;
    if (this.note.hidden) return;
    if (!this.flat.ctx) this.note.textContent = "This browser gives no canvas: the charts beside show every step.";
    else if (this.tower.wasLost)
      this.note.textContent = "The graphics card took its drawing context back: the flat picture shows the same numbers. Reload the page for the tower.";
    else this.note.textContent = "This browser has no WebGL2: the flat picture shows the same numbers as the tower.";
  }

  /** @param {string} key
   *  @param {string[]} keys hook points that are shown
   *  @param {import("./tools.mjs").Looks} looks */
  #drawLegend(key, keys, looks) {
    const { scales, layout } = this.context;
    const { isSigned, flow, top, isDifference } = looks;
    const { onPick } = this.context;
    const isTower = this.#current() === this.tower;
    const { why = null, amount } = this.#ofParts;
    const ofWhy = this.picture === "why" ? [why?.token, amount] : why !== null; // its token is another one at every step
    const name = JSON.stringify([key, { ...looks, top: formatValue(top) }, isTower, this.picture, this.#groups, ofWhy]);
    if (name === this.#legendOf) return;
    this.#legendOf = name;
    const isGrouped = this.#groups !== null;
    const hasFlow = isTower && layout.n_layer > 0 && !isDifference;
    const shown = { looks, layout, isTower, hasFlow, point: key, picture: this.picture, isGrouped, groupsOf: this.#groupsOf, canWhy: why !== null };
    const tools = toolsOf(shown, onPick, () => this.#turned()?.turn(null));
    const parts = legendParts({ key, layout, scales, top, isSigned, isDifference, flow: hasFlow ? flow : "none", groups: this.#groups, keys });
    if (looks.hasBetween && isTower) parts.splice(1, 0, betweenKey());
    refill(this.legend, ...(this.picture === "why" ? whyLegend(why, this.lanes[0].run.tokens, amount === "lost", onPick) : parts));
    refill(this.tools, ...tools);
  }

  /** @param {HTMLElement} view */
  #listen(view) {
    const isTower = () => this.#turned() !== null;
    view.addEventListener("pointermove", (event) => this.#move(event));
    view.addEventListener("pointerleave", () => this.#leave());
    view.addEventListener("pointerdown", (event) => {
      this.#dragged = 0;
      if (isTower() && event.button === 0) view.setPointerCapture(event.pointerId);
    });
    view.addEventListener("click", (event) => this.#click(event));
    view.addEventListener("dblclick", () => this.#turned()?.turn(null));
    const zoom = (/** @type {WheelEvent} */ event) => {
      if (!isTower() || !this.hand.hasWheel(event)) return;
      event.preventDefault();
      this.#turned()?.turn({ zoom: Math.exp(-event.deltaY * ZOOM_PER_PX) });
    };
    view.addEventListener("wheel", zoom, { passive: false });
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const before = this.#pointer;
    this.#pointer = { clientX: event.clientX, clientY: event.clientY };
    const isDrag = event.buttons === 1 && before && this.#turned() !== null;
    if (isDrag) {
      const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
      this.#dragged += Math.abs(dx) + Math.abs(dy);
      if (this.#dragged > DRAG_PX) this.#turned()?.turn({ yaw: -dx * TURN_PER_PX, pitch: dy * TURN_PER_PX });
    }
    this.tip.hidden = this.#dragged > DRAG_PX && event.buttons === 1;
    if (!this.tip.hidden || !isDrag) this.#showTip();
  }

  #leave() {
    this.#pointer = null;
    this.tip.hidden = true;
  }

  /** @param {MouseEvent} event */
  #click(event) {
    if (this.wasDragged) return;
    const found = this.hit(event);
    if (!found) return;
    const { key: point, neuron, picks } = found;
    if (picks) this.context.onPick(picks);
    else if (neuron === null) this.context.onPick({ point });
    else this.context.onPick(event.shiftKey ? { point, neuron, watch: true } : { point, neuron });
  }

  /** What is drawn there, wherever the stage stands now: a new line above it moves it under a resting pointer.
   *  @param {{clientX: number, clientY: number}} place */
  hit({ clientX, clientY }) {
    const box = this.view.getBoundingClientRect();
    return this.#current().hit(clientX - box.x, clientY - box.y);
  }

  /** The value under the pointer: hook point, neuron, exact value with unit, rank. */
  #showTip() {
    const pointer = /** @type {any} */ (this.#pointer);
    const found = this.hit(pointer);
    const lane = found && this.lanes[found.lane];
    this.tip.hidden = !lane;
    if (!found || !lane) return;
    this.tip.replaceChildren(...(found.says ?? this.#tipOf(lane, found, this.#groups)));
    placeTip(this.tip, pointer.clientX + 16, pointer.clientY + 16);
  }
}
