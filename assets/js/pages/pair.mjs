/**
 * The Compare page: what makes a Scanner one of two recordings. Which they are, how they are aligned, what the address says of
 * them, and what can be taken away.
 *
 * Composition only; the Scanner draws and keeps the clock.
 */

import { firstMoment } from "../core/moments.mjs";
import { goTo } from "../desk/history.mjs";
import { keys } from "../desk/keys.mjs";
import { PairPanels } from "../panels/pair.mjs";
import { fetchAlignment } from "../run/http.mjs";
import { showToast, theme } from "../shell/shell.mjs";
import { plateKeys } from "../stage/plates.mjs";

/** @typedef {object} PairBoot
 *  @property {string} a
 *  @property {string} b
 *  @property {"prefix"|"mapping"|"pooled"} align
 *  @property {Record<string, number>} full_scale hook point -> magnitude at the top of the colour scale, of both
 *  @property {number} limit largest magnitude of any value, of both */

/** @typedef {import("../core/address.mjs").View} View */

/** @type {readonly (readonly [string, string, string])[]} */
const PARTS = Object.freeze([
  ["Tokens of both", "tokens", "#compare-deck"],
  ["Neurons", "neurons", "#mri-stage"],
]);

export class Pair {
  word = "Moment";
  toolsId = "compare-tools";
  stageId = "mri-stage";
  picture = { hasTops: false }; // What comes next says them of both
  looks = {};
  #abort = new AbortController();
  #aligning = new AbortController();
  /** @type {import("./scanner.mjs").Scanner} that is built of it */
  #scanner = /** @type {any} */ (null);
  /** @type {PairPanels} */
  #panels = /** @type {any} */ (null);

  /** @param {PairBoot} boot
   *  @param {import("../core/moments.mjs").Alignment} alignment
   *  @param {import("../run/run.mjs").Run} a
   *  @param {import("../run/run.mjs").Run} b */
  constructor(boot, alignment, a, b) {
    this.boot = boot;
    this.alignment = alignment;
    this.runs = [a, b];
    this.others = [b];
  }

  /** What the address asks for, with what it leaves out: the last residual stream that both keep, of which the predictions are made.
   *  @param {View} asked
   *  @returns {View} */
  asked(asked) {
    const { layout } = this.runs[0];
    const { keys } = this.alignment;
    const usual = keys.findLast((key) => key.endsWith(".resid_post")) ?? keys.at(-1) ?? layout.points[0].key;
    return { ...asked, point: asked.point !== null && layout.rows.has(asked.point) ? asked.point : usual };
  }

  /** @param {View} asked
   *  @returns {Partial<View>} what the address says of a pair and of no single recording */
  place(asked) {
    const { a, b, align } = this.boot;
    return { session: null, tab: null, a, b, align, by: asked.by ?? "difference" };
  }

  /** @param {View} asked
   *  @returns {number} where the clock begins */
  opening(asked) {
    return asked.step ?? firstMoment(this.alignment);
  }

  /** @param {View} asked of the address
   *  @returns {boolean} it is of this pair */
  isHere({ a, b }) {
    return a === this.boot.a && b === this.boot.b;
  }

  /** @param {import("./scanner.mjs").Scanner} scanner
   *  @param {Record<string, any>} scales
   *  @param {{onSelect: (fields: Record<string, any>) => void}} does
   *  @returns {PairPanels} */
  newPanels(scanner, scales, { onSelect }) {
    const { player, desk } = scanner;
    this.#scanner = scanner;
    this.#panels = new PairPanels({
      runs: this.runs,
      alignment: this.alignment,
      scales,
      player,
      desk,
      onSelect,
      wanted: () => this.#wanted(),
      needsRedraw: () => scanner.redraw(),
    });
    this.runs[0].subscribe(() => scanner.redraw());
    const { a, b } = this.boot;
    this.#on("compare-a", (other) => this.open(other, b));
    this.#on("compare-b", (other) => this.open(a, other));
    this.#on("compare-align", (align) => this.#align(align));
    this.#on("compare-by", (by) => desk.select({ by })).value = desk.view.by;
    this.#on("compare-swap", () => this.open(b, a), "click");
    this.#on("compare-third", (third) => this.#openThree(third)).value = ""; // a browser that comes back fills forms in
    this.#on("compare-parting", () => this.#panels.goToParting(1), "click");
    const forget = keys.know(["turnPage"], (command) => this.#panels.goToParting(/** @type {any} */ (command).pages));
    this.#abort.signal.addEventListener("abort", forget);
    return this.#panels;
  }

  /** @param {string} id of a control above the picture
   *  @param {(value: any) => void} hear
   *  @returns {any} it */
  #on(id, hear, event = "change") {
    const control = /** @type {HTMLSelectElement} */ (document.getElementById(id));
    control.addEventListener(event, () => hear(control.value), { signal: this.#abort.signal });
    return control;
  }

  /** @param {number} moment
   *  @returns {Record<string, number>|null} as of PairMap */
  between(moment) {
    return this.#panels.map.between(moment);
  }

  /** Another pair, or the same one aligned otherwise, is another page, which Dash builds.
   *  @param {string} [a]
   *  @param {string} [b] */
  open(a = this.boot.a, b = this.boot.b) {
    this.#scanner.desk.flush();
    goTo(`/compare?a=${a}&b=${b}&align=${this.#scanner.desk.view.align}`);
  }

  /** Three have no alignment: they stand in the Scanner, at the same step of each.
   *  @param {string} third */
  #openThree(third) {
    const { a, b } = this.boot;
    const { desk, player } = this.#scanner;
    desk.flush();
    const [step] = this.alignment.steps[player.step];
    goTo(`/?${new URLSearchParams({ session: a, lanes: `${b},${third}`, step: String(Math.max(step, 0)), view: "full" })}`);
  }

  /** @param {View} asked
   *  @returns {boolean} it can be shown here; else it is opened */
  restores({ align }) {
    const isSame = !align || align === this.#scanner.desk.view.align;
    if (!isSame) this.open();
    return isSame;
  }

  furnish() {}

  goOn() {
    for (const run of this.runs) run.wantSeries(); // the picture does not wait for them
  }

  /** Align otherwise, at the same steps as far as they are still there. What was chosen last counts, not what comes last.
   *  @param {"prefix"|"mapping"|"pooled"} align */
  async #align(align) {
    this.#aligning.abort();
    const { signal } = (this.#aligning = new AbortController());
    const { player, desk, lanes } = this.#scanner;
    const panels = this.#panels;
    try {
      const alignment = await fetchAlignment(this.boot.a, this.boot.b, align, signal);
      signal.throwIfAborted();
      const [a, b] = this.alignment.steps[player.step] ?? [0, 0];
      this.alignment = lanes.clock = alignment;
      player.setNumSteps(alignment.steps.length);
      panels.align(alignment);
      desk.select({ align });
      player.seek(panels.moments.a.get(a) ?? panels.moments.b.get(b) ?? 0);
      this.#scanner.redraw();
    } catch (error) {
      if (signal.aborted) return;
      /** @type {HTMLSelectElement} */ (document.getElementById("compare-align")).value = desk.view.align ?? "";
      showToast(/** @type {Error} */ (error).message, "error");
    }
  }

  /** What there is to take away, for shell/takeaway.mjs.
   *  @param {import("./scanner.mjs").Scanner} scanner */
  taken({ player, desk }) {
    const { a, b } = this.boot;
    const kindOf = (/** @type {string} */ kind) => kind.replace("compare-", "");
    return {
      parts: PARTS,
      nameOf: (/** @type {string} */ kind, /** @type {string} */ extension) => `compare_${a}_${b}_moment-${player.step}_${kindOf(kind)}.${extension}`,
      captionOf: (/** @type {boolean} */ isPart) => `${a} and ${b} · moment ${player.step}${isPart ? ` · ${desk.view.point}` : ""}`,
      csvOf: (/** @type {string} */ kind) =>
        `/compare/panels/${kindOf(kind)}.csv?${new URLSearchParams(/** @type {any} */ ({ ...this.#wanted().view, point: desk.view.point }))}`,
      pythonOf: null,
    };
  }

  /** What the server is asked for, as of PairPanels. */
  #wanted() {
    const { desk, player } = this.#scanner;
    const { align, by, point, layer, head } = desk.view;
    const { a, b } = this.boot;
    const pair = { a, b, align, theme: theme() };
    const points = plateKeys(this.runs[0].layout, point ?? "").join();
    return { pair, view: { ...pair, moment: player.step, layer: layer ?? 0, head: head ?? 0 }, map: { a, b, align, by, points } };
  }

  close() {
    this.#abort.abort();
    this.#aligning.abort();
  }
}
