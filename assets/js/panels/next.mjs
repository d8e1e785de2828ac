/**
 * What comes next, always in sight: the six likeliest words on a scale of log-odds, on which 99.90 % and 0.002 % can both be read.
 *
 * Knows frames and elements. All of them, at any temperature, are the tab Predictions.
 */

import { formatShare } from "../core/format.mjs";
import { predictions, strongest } from "../core/predictions.mjs";
import { tokenName } from "../core/token_names.mjs";
import { button, el, refill, say } from "../shell/dom.mjs";

const ROWS = 6;
const [LOWEST, HIGHEST] = [-12.2, 9.8]; // log-odds at the ends of the scale: 0.0005 % and 99.995 %
/** @type {[number, string][]} */
const TICKS = [
  [1e-5, "10⁻³ %"],
  [1e-3, "0.1 %"],
  [0.5, "50 %"],
  [0.99, "99 %"],
];
const ABOUT = "Probability of the next token at temperature 1, exp(logit − logsumexp), exact. Log-odds: ln p / (1 − p); what lies beyond an end stands there.";

/** @param {number} p
 *  @param {boolean} isLinear
 *  @returns {number} place on the scale, 0 … 1 */
export function placeOf(p, isLinear) {
  if (isLinear) return p;
  return Math.min(1, Math.max(0, (Math.log(p / (1 - p)) - LOWEST) / (HIGHEST - LOWEST)));
}

export class Next {
  #drawn = "";

  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {import("./feeder.mjs").Source} context.source
   *  @param {(fields: Record<string, any>) => void} context.onSelect */
  constructor(host, { source, onSelect }) {
    this.source = source;
    const change = () => onSelect({ odds: this.scale.value || null });
    const scales = [el("option", { value: "", text: "log-odds" }), el("option", { value: "linear", text: "linear" })];
    this.scale = el("select", { class: "mri-quiet", "aria-label": "Scale of what comes next", on: { change } }, ...scales);
    this.rows = el("div", { class: "mri-next-rows", role: "list", translate: "no", lang: "und" });
    this.grid = el("div", { class: "mri-next-grid", "aria-hidden": "true" });
    const kind = el("span", { class: "mri-kind mri-kind-measured", text: "measured", title: ABOUT, tabindex: 0 });
    const all = button(() => onSelect({ tab: "predictions" }), { class: null, text: "20 words, at any temperature" });
    const csv = el("button", { type: "button", "data-mri-take": "csv", "data-mri-of": "predictions", text: "Numbers, CSV" });
    const label = "More of what comes next";
    const summary = el("summary", { text: "⋯", title: label, "aria-label": label });
    const menu = el("details", { class: "mri-menu" }, summary, el("div", { class: "mri-menu-list" }, all, csv));
    const head = el("header", { class: "mri-next-head" }, el("h2", { text: "What comes next" }), this.scale, kind, menu);
    host.replaceChildren(head, el("div", { class: "mri-next-plot" }, this.grid, this.rows));
    host.hidden = source.tokens.steps.phase[0] === "train"; // it predicts no words
  }

  /** @param {import("../core/wire.mjs").Frame} frame
   *  @param {string|null} odds "linear", or null */
  draw(frame, odds) {
    const isLinear = odds === "linear";
    this.scale.value = odds ?? "";
    const all = predictions(frame);
    const found = all && strongest(all, all.chosen >= ROWS ? ROWS - 1 : ROWS);
    const name = JSON.stringify([found?.ids, found?.probs, found?.chosen, isLinear]);
    if (name === this.#drawn) return;
    this.#drawn = name;
    this.#drawGrid(isLinear, Boolean(found?.ids.length));
    if (!found?.ids.length) return refill(this.rows, el("p", { class: "mri-note", text: "No predictions were captured in this step." }));
    if (this.rows.children.length !== found.ids.length || !this.rows.querySelector("b"))
      refill(this.rows, ...found.ids.map(() => el("div", { role: "listitem" }, el("b", { translate: "no", lang: "und" }), el("i"), el("em"))));
    found.ids.forEach((id, i) => {
      const row = /** @type {HTMLElement} */ (this.rows.children[i]);
      const [word, line, share] = row.children;
      const p = found.probs[i];
      say(row, null, `mri-next-row${i === found.chosen ? " is-chosen" : ""}`);
      say(word, tokenName(this.source.tokens, id).replace(/^␣(?=.)/, ""));
      say(share, formatShare(p));
      row.title = `token ${id}, place ${found.ranks[i] + 1}, logit ${found.logits[i].toPrecision(4)}`;
      /** @type {HTMLElement} */ (line).style.setProperty("--at", Number.isNaN(p) ? "0" : placeOf(p, isLinear).toFixed(4));
    });
  }

  /** @param {boolean} isLinear
   *  @param {boolean} isShown */
  #drawGrid(isLinear, isShown) {
    /** @type {[number, string][]} */
    const ticks = isLinear ? [0, 0.25, 0.5, 0.75, 1].map((p) => [p, `${100 * p} %`]) : TICKS;
    const marks = ticks.map(([p, text]) => el("span", { style: `left:${100 * placeOf(p, isLinear)}%` }, el("small", { text })));
    this.grid.replaceChildren(...(isShown ? marks : []));
  }
}
