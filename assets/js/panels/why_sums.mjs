/**
 * What each part wrote and what is lost without it, as rows that add up and as two maps of blocks and heads.
 *
 * Knows a Why and elements. What is asked of the server, and what was clicked elsewhere, it is told.
 */

import { partAt } from "../core/why.mjs";
import { DIM_SHARE, waterfall, yardstick } from "../core/why_rows.mjs";
import { answeredBy, bothNumbers, fourDigits, plain, signed, signedTenths } from "../core/why_words.mjs";
import { el } from "../shell/dom.mjs";
import { bar, lossOf, sideOf, walkable } from "./why_parts.mjs";

/** @typedef {import("./why_parts.mjs").Shown} Shown */

const FULL_TILE = 10;
const NUMBER_SHARE = 0.2; // of the difference: smaller cells have no number in them
const MOST_COLUMNS = 6; // of a map with numbers in it
export const OFF = "The part's output set to zero, at this step only: how much smaller the difference gets. Measured";

/** Rows that a person opened, by the parts in them. */
export class Waterfall {
  /** @type {number[]} */
  #opened = [];
  #step = -1;
  #at = 0;

  /** @param {Shown} shown
   *  @returns {HTMLElement[]} */
  draw(shown) {
    const { why, lost, selected, onPart, onChange } = shown;
    if (why.step !== this.#step) this.#opened = [];
    this.#step = why.step;
    const rows = waterfall(why, this.#opened);
    const ends = [0, why.difference, ...rows.map(({ from, wrote }) => from + wrote)];
    const scale = { low: Math.min(...ends), high: Math.max(...ends) };
    const isExpected = !lost.isRefused;
    const head = el("div", { class: "mri-why-head" }, el("span", { text: "wrote" }), el("span", { text: "lost if off", title: OFF }));
    const buttons = rows.map((row, i) => {
      const { parts, name, tenths, isDim } = row;
      const isOne = parts.length === 1;
      const isPart = isOne && why.parts[parts[0]].block >= 0;
      const matters = Math.abs(row.lost) >= DIM_SHARE * yardstick(why);
      const note = isOne ? answeredBy(why, parts[0]) : "";
      const act = () => {
        this.#at = i;
        if (isPart) return onPart(parts[0]);
        if (isOne) return;
        this.#opened = [...this.#opened, ...parts];
        onChange();
      };
      const cost = isPart ? (Number.isNaN(row.lost) ? "" : `, lost if off ${plain(row.lost)}`) : isOne ? "" : ", opens";
      return el(
        "button",
        {
          type: "button",
          class: `mri-why-row${isDim && !matters ? " is-dim" : ""}${isPart && parts[0] === selected ? " is-selected" : ""}`,
          "aria-label": `${name}: wrote ${signedTenths(tenths)}${cost}${note && `, ${note}`}`,
          "aria-pressed": isPart ? String(parts[0] === selected) : null,
          title: isOne ? bothNumbers(why, parts[0]) : `${parts.length} parts together: ${fourDigits(row.wrote)}. Click to see each`,
          on: { click: act },
        },
        el("span", { class: "mri-why-name", text: isOne ? name : `${name} ▸` }),
        bar(row.from, row.from + row.wrote, scale),
        el("b", { class: isDim ? "is-dim" : null, text: signedTenths(tenths) }),
        isPart ? lossOf(row.lost, !matters, isExpected) : el("span"),
        ...(note ? [el("em", { text: note })] : []),
      );
    });
    const list = el("div", { class: "mri-why-rows", role: "group", "aria-label": "Parts, in the model's order; up and down go through them" }, ...buttons);
    walkable(list, 1, Math.min(this.#at, rows.length - 1));
    const total = el(
      "div",
      { class: "mri-why-row is-total" },
      el("span", { class: "mri-why-name", text: "the difference" }),
      bar(0, why.difference, scale, "is-total"),
      el("b", { text: signed(why.difference) }),
      el("span"),
    );
    return [head, list, total];
  }
}

/** @param {Shown} shown
 *  @returns {HTMLElement[]} two maps with one scale */
export function maps(shown) {
  const { why, lost } = shown;
  const isExpected = !lost.isRefused;
  const losses = why.lost?.amounts ?? null;
  return [
    el(
      "div",
      { class: "mri-why-maps" },
      el(
        "figure",
        {},
        el("figcaption", { text: "wrote" }),
        map(shown, why.wrote, (x) => `wrote ${signed(x)}`, signed),
      ),
      el(
        "figure",
        {},
        el("figcaption", { text: "lost if off", title: OFF }),
        losses || isExpected
          ? map(shown, losses ?? why.wrote.map(() => NaN), (x) => (Number.isNaN(x) ? "not measured yet" : `lost if off ${plain(x)}`), plain)
          : el("p", { class: "mri-note", text: lost.text }),
      ),
    ),
  ];
}

/** @param {Shown} shown
 *  @param {Float64Array} amounts by part
 *  @param {(x: number) => string} says
 *  @param {(x: number) => string} printed
 *  @returns {HTMLElement} */
function map({ why, source, selected, onPart }, amounts, says, printed) {
  const { n_layer: numLayers, n_head: numHeads } = source.layout;
  const columns = numHeads + 1;
  const cells = Array.from({ length: numLayers }, (_, row) => {
    const block = numLayers - 1 - row;
    return Array.from({ length: columns }, (_, column) => {
      const part = partAt(source.layout, block, column < numHeads ? column : -1);
      const x = amounts[part];
      const hasNumber = columns <= MOST_COLUMNS && Math.abs(x) >= NUMBER_SHARE * yardstick(why) && Math.abs(x) >= 1;
      const isDim = !(Math.abs(x) >= DIM_SHARE * yardstick(why));
      return el("button", {
        type: "button",
        class: `mri-why-cell ${isDim ? "is-dim" : sideOf(x)}${part === selected ? " is-selected" : ""}`,
        style: `--fill:${Math.round(Math.min(1, Math.abs(x || 0) / FULL_TILE) * 100)}%`,
        "aria-label": `${why.parts[part].name}: ${says(x)}`,
        "aria-pressed": String(part === selected),
        title: bothNumbers(why, part),
        text: hasNumber ? printed(x).replace("+", "") : Number.isNaN(x) ? "…" : "",
        on: { click: () => onPart(part) },
      });
    });
  });
  const heads = [...Array.from({ length: numHeads }, (_, head) => String(head)), "MLP"];
  const rows = cells.flatMap((row, i) => [el("span", { "aria-hidden": "true", text: String(numLayers - 1 - i) }), ...row]);
  const grid = el(
    "div",
    { class: "mri-why-map", role: "group", "aria-label": "Blocks and heads; arrow keys go through them", style: `--columns:${columns}` },
    ...rows,
    el("span"),
    ...heads.map((text) => el("span", { "aria-hidden": "true", text })),
  );
  const order = cells.flat();
  walkable(
    grid,
    columns,
    order.findIndex((cell) => cell.classList.contains("is-selected")),
  );
  return grid;
}
