/**
 * The Compare page: two sessions on one clock, with their ribbons, the grids of one hook point, and charts from the server.
 *
 * Composition only, as scanner.mjs. Everything that moves goes through `paint`; charts are asked for when the clock rests.
 */

import { alignmentWords, firstMoment, momentsOfSteps } from "../core/moments.mjs";
import { blockOf } from "../core/selection.mjs";
import { IDS } from "../core/names.mjs";
import { fetchAlignment } from "../run/http.mjs";
import { keys } from "../desk/keys.mjs";
import { Pictures } from "../desk/pictures.mjs";
import { Player } from "../desk/player.mjs";
import { EMPTY_VIEW, urlFromView, viewFromUrl } from "../core/address.mjs";
import { Desk } from "../desk/desk.mjs";
import { goTo } from "../desk/history.mjs";
import { COMMANDS } from "./commands.mjs";
import { ComparedCharts } from "../panels/compare_charts.mjs";
import { ComparedNeurons } from "../panels/compare_neurons.mjs";
import { Failed } from "../shell/failed.mjs";
import { Ribbon } from "../panels/ribbon.mjs";
import { showToast, theme, themeChanged } from "../shell/shell.mjs";
import { TakeAway } from "../shell/takeaway.mjs";
import { Transport } from "../panels/transport.mjs";

/** @typedef {object} CompareBoot
 *  @property {string} a
 *  @property {string} b
 *  @property {"prefix"|"mapping"|"pooled"} align
 *  @property {Record<string, number>} full_scale hook point -> magnitude at the top of the colour scale, of both */

/** @typedef {import("../core/moments.mjs").Side} Side */
/** @typedef {import("../run/run.mjs").Run} Run */

/** Commands: here nothing is watched, and there is one picture. */
const KNOWN = Object.keys(COMMANDS).filter((name) => !["togglePicture", "toggleWatch"].includes(name));
const SIDES = /** @type {const} */ (["a", "b"]);

/** @type {readonly (readonly [string, string, string])[]} */
const PARTS = Object.freeze([
  ["Tokens of both", "tokens", "#compare-deck"],
  ["Neurons", "neurons", "#compare-grids"],
]);

/** @param {import("../core/moments.mjs").Alignment} alignment
 *  @returns {{phase: string[], forced: boolean[]}} of each moment, as the transport shows steps */
function clockOf({ matched }) {
  return { phase: matched.map((is) => (is ? "matched" : "apart")), forced: matched.map(() => false) };
}

export class Comparison {
  #pictures = new Pictures({ draw: () => this.#paint() });
  #isClosed = false;
  #abort = new AbortController();
  #aligning = new AbortController();
  /** @type {Partial<Record<Side, Ribbon>>} */
  ribbons = {};

  /** @param {CompareBoot} boot
   *  @param {Record<string, any>} scales
   *  @param {{alignment: import("../core/moments.mjs").Alignment, a: Run, b: Run}} compared */
  constructor(boot, scales, { alignment, a, b }) {
    this.boot = boot;
    this.sides = { a, b };
    this.alignment = alignment;
    this.moments = momentsOfSteps(alignment);
    this.clock = clockOf(alignment);
    const asked = viewFromUrl(location.search);
    const point = asked.point && a.layout.rows.has(asked.point) ? asked.point : this.#firstPoint();
    const view = { ...EMPTY_VIEW, ...asked, a: boot.a, b: boot.b, align: boot.align, by: asked.by ?? "difference", point };
    this.desk = new Desk({
      view: { ...view, layer: asked.layer ?? Math.max(0, blockOf(a.layout, point)), head: asked.head ?? 0, session: null },
      isHere: () => this.#isHere(),
    });
    this.player = new Player({ numSteps: alignment.steps.length, ready: (moment) => this.#frames(moment) !== null });
    this.#build(scales);
    this.#listen();
    this.player.seek(asked.step ?? firstMoment(alignment));
    this.charts?.postPair();
    this.redraw();
  }

  /** The last residual stream that both keep: what the predictions are made of.
   *  @returns {string} */
  #firstPoint() {
    const { keys } = this.alignment;
    return keys.findLast((key) => key.endsWith(".resid_post")) ?? keys.at(-1) ?? this.sides.a.layout.points[0].key;
  }

  /** @param {Record<string, any>} scales */
  #build(scales) {
    const host = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
    const { player, sides } = this;
    for (const side of SIDES) {
      const { tokens, stepOf, numPrompt } = sides[side];
      const onSeek = (/** @type {number} */ step) => player.seek(this.moments[side].get(step) ?? 0);
      const influence = { session: this.boot[side], version: "", scales, onChoose: () => {} };
      const ribbon = new Ribbon(host(`compare-ribbon-${side}`), { tokens, stepOf, numPrompt, onSeek, hasAttention: false, influence });
      ribbon.list.setAttribute("aria-label", `Tokens of ${side.toUpperCase()}`);
      this.ribbons[side] = ribbon;
      sides[side].subscribe(() => this.redraw());
    }
    this.failed = new Failed(() => SIDES.forEach((side) => sides[side].retry()));
    host("compare-grids").before(this.failed.host);
    this.transport = new Transport(host("compare-transport"), { player, steps: this.clock, word: "moment" });
    const layouts = { a: sides.a.layout, b: sides.b.layout };
    const needsRedraw = () => this.redraw();
    const onSelect = (/** @type {Record<string, any>} */ fields) => this.#select(fields);
    this.neurons = new ComparedNeurons(host("compare-grids"), host("compare-list"), {
      session: this.boot.a,
      layouts,
      scales,
      fullScale: this.boot.full_scale,
      onPick: (neuron) => onSelect({ neuron }),
      needsRedraw,
    });
    this.charts = new ComparedCharts({
      wanted: () => this.#wanted(),
      alignment: () => /** @type {any} */ (this.alignment),
      onSelect,
      onSeek: (moment) => player.seek(moment),
      needsRedraw,
    });
    const where = () => `${this.boot.a} and ${this.boot.b} · moment ${player.step}`;
    this.takeaway = new TakeAway(host("compare-tools"), {
      parts: PARTS,
      nameOf: (kind, extension) => `compare_${this.boot.a}_${this.boot.b}_moment-${player.step}_${kind.replace("compare-", "")}.${extension}`,
      captionOf: (isPart) => where() + (isPart ? ` · ${this.desk.view.point}` : ""),
      csvOf: (kind) => `/compare/panels/${kind.replace("compare-", "")}.csv?${this.#query()}`,
      pythonOf: null,
      linkNow: () => urlFromView({ ...this.desk.view, step: player.step }),
      paint: () => this.#paint(),
      pause: () => player.pause(),
    });
    /** @type {HTMLSelectElement} */ (host("compare-by")).value = /** @type {string} */ (this.desk.view.by);
    this.#showAlignment();
  }

  /** What the alignment says: a sentence, what cannot be compared, and marks on both ribbons. */
  #showAlignment() {
    const names = Object.fromEntries(SIDES.map((side) => [side, namesOf(this.sides[side].tokens)]));
    /** @type {HTMLElement} */ (document.getElementById("compare-says")).textContent = alignmentWords(this.alignment, /** @type {any} */ (names));
    const notes = this.alignment.notes.map((text) => Object.assign(document.createElement("li"), { textContent: text }));
    document.getElementById("compare-notes")?.replaceChildren(...notes);
    const { positions, divergence } = this.alignment;
    SIDES.forEach((side, i) => {
      const matched = new Set(positions.map((pair) => pair[i]));
      for (const token of this.ribbons[side]?.list.querySelectorAll(".mri-token") ?? []) {
        const position = Number(/** @type {HTMLElement} */ (token).dataset.position);
        token.classList.toggle("is-apart", !matched.has(position));
        token.classList.toggle("is-parting", position === divergence);
        if (position === divergence) token.setAttribute("aria-description", "here the two part");
        else token.removeAttribute("aria-description");
      }
    });
  }

  #listen() {
    const { signal } = this.#abort;
    const on = (/** @type {string} */ id, /** @type {(value: any) => void} */ hear) =>
      document.getElementById(id)?.addEventListener("change", (event) => hear(/** @type {HTMLSelectElement} */ (event.target).value), { signal });
    this.player.subscribe(() => {
      this.desk.select({ step: this.player.step });
      this.redraw();
    });
    this.desk.subscribe(() => this.redraw());
    on("compare-a", (a) => this.#open(a, this.boot.b));
    on("compare-b", (b) => this.#open(this.boot.a, b));
    on("compare-align", (align) => this.#align(align));
    on("compare-by", (by) => {
      this.desk.select({ by });
      this.charts?.postPair();
    });
    document.getElementById("compare-swap")?.addEventListener("click", () => this.#open(this.boot.b, this.boot.a), { signal });
    signal.addEventListener(
      "abort",
      keys.know(KNOWN, (command) => this.#obey(command)),
    );
    addEventListener("popstate", () => this.#restore(), { signal });
    themeChanged.addEventListener("change", () => (this.charts?.postPair(), this.redraw()), { signal });
  }

  /** Another pair is another page, which Dash builds.
   *  @param {string} a
   *  @param {string} b */
  #open(a, b) {
    this.desk.flush();
    goTo(`/compare?a=${a}&b=${b}&align=${this.desk.view.align}`);
  }

  /** Align otherwise, at the same steps as far as they are still there. What was chosen last counts, not what comes last.
   *  @param {"prefix"|"mapping"|"pooled"} align */
  async #align(align) {
    this.#aligning.abort();
    const { signal } = (this.#aligning = new AbortController());
    try {
      const alignment = await fetchAlignment(this.boot.a, this.boot.b, align, signal);
      signal.throwIfAborted();
      const [a, b] = this.alignment.steps[this.player.step] ?? [0, 0];
      this.alignment = alignment;
      this.moments = momentsOfSteps(alignment);
      Object.assign(this.clock, clockOf(alignment));
      this.transport?.grow();
      this.player.setNumSteps(alignment.steps.length);
      this.#showAlignment();
      this.desk.select({ align });
      this.player.seek(this.moments.a.get(a) ?? this.moments.b.get(b) ?? 0);
      this.charts?.postPair();
      this.redraw();
    } catch (error) {
      if (signal.aborted) return;
      /** @type {HTMLSelectElement} */ (document.getElementById("compare-align")).value = /** @type {string} */ (this.desk.view.align);
      showToast(/** @type {Error} */ (error).message, "error");
    }
  }

  /** Back or forward within this pair. */
  #restore() {
    if (!this.#isHere()) return this.close();
    const asked = viewFromUrl(location.search);
    if (asked.align && asked.align !== this.desk.view.align) return this.#open(this.boot.a, this.boot.b);
    this.desk.restore(asked);
    this.player.seek(asked.step ?? 0);
  }

  /** Whether the address bar is still this page's to write. */
  #isHere() {
    const { a, b } = viewFromUrl(location.search);
    return !this.#isClosed && location.pathname === "/compare" && a === this.boot.a && b === this.boot.b;
  }

  close() {
    this.#isClosed = true;
    this.#pictures.close();
    this.#abort.abort();
    this.#aligning.abort();
    this.failed?.host.remove();
    this.charts?.close();
    this.player.close();
    this.desk.close();
    this.neurons?.close();
    this.takeaway?.close();
    for (const side of SIDES) (this.sides[side].close(), this.ribbons[side]?.close());
  }

  /** @param {import("../desk/keys.mjs").Command} command */
  #obey(command) {
    const on = { player: this.player, layout: this.sides.a.layout, view: this.desk.view, picture: "flat" };
    COMMANDS[command.name]({ ...on, select: (fields) => this.#select(fields), toggleWatch: () => {} }, command);
  }

  /** @param {Record<string, any>} fields */
  #select(fields) {
    const { point, ...rest } = fields;
    const { layout } = this.sides.a;
    if (point === undefined || !layout.rows.has(point)) return this.desk.select(rest);
    const layer = blockOf(layout, point);
    this.desk.select({ ...rest, point, neuron: fields.neuron ?? null, ...(layer >= 0 ? { layer } : {}) });
  }

  /** Ask for a picture. However often: there is one per animation frame. */
  redraw() {
    this.#pictures.ask();
  }

  /** @param {number} moment
   *  @returns {{a: import("../core/wire.mjs").Frame|null, b: import("../core/wire.mjs").Frame|null}|null} null while one is fetched */
  #frames(moment) {
    const steps = this.alignment?.steps[moment] ?? [-1, -1];
    const frames = SIDES.map((side, i) => (steps[i] < 0 ? null : this.sides[side].frame(steps[i])));
    return frames.some((frame, i) => frame === null && steps[i] >= 0) ? null : { a: frames[0], b: frames[1] };
  }

  /** @returns {boolean} whether there is a moment to draw */
  #paint() {
    if (!document.getElementById(IDS.compare)) {
      this.close();
      return false;
    }
    const { step: moment, direction, mode, waiting, wanted } = this.player;
    const sought = waiting ? wanted : moment;
    const steps = this.alignment?.steps[sought] ?? [-1, -1];
    SIDES.forEach((side, i) => steps[i] >= 0 && this.sides[side].want(steps[i], direction));
    const frames = this.#frames(moment);
    this.#tellFailure(sought, steps, frames !== null && !waiting);
    const isPlaying = mode === "playing";
    const { point, neuron } = this.desk.view;
    if (frames) {
      SIDES.forEach((side, i) => {
        const [frame, step] = [frames[side], this.alignment?.steps[moment][i] ?? -1];
        const ribbon = /** @type {Ribbon} */ (this.ribbons[side]);
        ribbon.list.closest(".compare-ribbon")?.classList.toggle("is-idle", !frame);
        if (!frame) return;
        ribbon.follow(step);
        ribbon.draw(step, frame, null, isPlaying);
      });
      this.neurons?.draw(frames, /** @type {string} */ (point), neuron, this.alignment?.whole[moment] ?? false);
      this.isPainted = true;
    }
    this.transport?.draw();
    this.charts?.draw(moment, point, isPlaying);
    return frames !== null;
  }

  /** @param {number} moment
   *  @param {readonly number[]} steps of A and B
   *  @param {boolean} isHere */
  #tellFailure(moment, steps, isHere) {
    const failures = SIDES.map((side, i) => (isHere || steps[i] < 0 ? null : this.sides[side].failureOf(steps[i])));
    const failure = failures.find(Boolean) ?? null;
    this.failed?.show(`Moment ${moment} did not come`, failure);
    document.getElementById(IDS.compare)?.classList.toggle("is-failed", failure !== null);
  }

  #wanted() {
    const { align, by, layer, head } = this.desk.view;
    const pair = { a: this.boot.a, b: this.boot.b, align, theme: theme() };
    return { pair: { ...pair, by }, view: { ...pair, moment: this.player.step, layer: layer ?? 0, head: head ?? 0 } };
  }

  /** @returns {URLSearchParams} what the server needs to know of the selection */
  #query() {
    const { point, layer, head } = this.desk.view;
    return new URLSearchParams({
      a: this.boot.a,
      b: this.boot.b,
      align: this.desk.view.align ?? this.boot.align,
      moment: String(this.player.step),
      point: point ?? "",
      layer: String(layer ?? 0),
      head: String(head ?? 0),
    });
  }
}

/** @param {import("../core/types.mjs").Tokens} tokens
 *  @returns {string[]} by position */
function namesOf({ sequence, text }) {
  return sequence.map((token) => (text[token] ?? `#${token}`).replace(/ /g, "␣"));
}
