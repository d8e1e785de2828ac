/**
 * The residual stream as a notebook: one line of it, added up block by block; how much each block writes, and what of that
 * reaches the end.
 */

import { formatValue } from "../../core/format.mjs";
import { el } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { bar, cellRow, part, signedBar } from "./cells.mjs";
import { figure, kindNote, row, slider, tableParts } from "./parts.mjs";

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { data, words, announce }) {
  const say = words.notebook;
  const { token, start, blocks } = data.notebook;
  let line = data.notebook.line;
  let hasClimbed = false;
  const page = cellRow(say.page);
  const rows = el("tbody");
  const sum = el("p", { class: "lw-readout", role: "status" });
  const climb = slider({ label: say.block, max: blocks.length - 1, value: 0, onInput: climbTo });
  const attributes = { type: "number", class: "form-control", min: 0, max: start.length - 1, value: line };
  const choice = el("input", { ...attributes, on: { input: () => choose(choice.valueAsNumber) } });

  /** @param {number} now */
  function climbTo(now) {
    hasClimbed ||= now === blocks.length - 1;
    if (hasClimbed) announce("top");
    draw();
  }

  /** @param {number} now */
  function choose(now) {
    if (!Number.isInteger(now) || now < 0 || now >= start.length) return;
    line = now;
    draw();
  }

  function draw() {
    const block = climb.value();
    const { after } = blocks[block];
    const parts = ledger(blocks[block], start, line);
    const most = Math.max(...parts.map(({ value }) => Math.abs(value)), Math.abs(after[line]));
    page.show(after);
    const entry = (/** @type {string} */ text, /** @type {number} */ value, /** @type {Record<string, any>} */ attributes) =>
      row(text, [signedBar(value / most), figure(formatValue(value))], attributes);
    const lines = parts.map(({ name, value, factors }) => {
      const product = factors ? ` (${factors.map(formatValue).join(" × ")})` : "";
      return entry(`${say[name]}${product}`, value, { "data-part": factors ? "carried" : null });
    });
    const total = parts.reduce((sofar, { value }) => sofar + value, 0);
    rows.replaceChildren(...lines, entry(say.after, total, { class: "is-sum" }));
    sum.textContent = filled(say.measured, { block, line, value: formatValue(after[line]) });
  }

  const field = el("label", { class: "widget-slider", "data-part": "line" }, el("span", { text: say.line }), choice);
  const table = el("table", { class: "lw-ledger" }, el("caption", { class: "visually-hidden", text: say.caption }), rows);
  host.append(
    part("blocks", filled(say.title, { token: token.trim() }), el("div", { class: "lw-row" }, climb.node, field), table, sum),
    part("page", say.page, page.node),
    part("writers", say.writers, writers(blocks, say)),
  );
  draw();
  return { set() {} };
}

/** What makes up one line after a block.
 *  @param {any} block keep, again, before, attn, mlp
 *  @param {readonly number[]} start
 *  @param {number} line
 *  @returns {{name: string, value: number, factors?: number[]}[]} */
export function ledger(block, start, line) {
  return [
    { name: "carried", value: block.keep * block.before[line], factors: [block.keep, block.before[line]] },
    { name: "again", value: block.again * start[line], factors: [block.again, start[line]] },
    { name: "attn", value: block.attn[line] },
    { name: "mlp", value: block.mlp[line] },
  ];
}

/** @param {any[]} blocks
 *  @param {any} say
 *  @returns {HTMLElement} */
function writers(blocks, say) {
  const most = Math.max(...blocks.flatMap(({ l2 }) => [l2.attn, l2.mlp]));
  const rows = blocks.flatMap(({ l2, reach }, i) =>
    ["attn", "mlp"].map((kind) => {
      const arriving = l2[kind] * Math.abs(reach);
      const drawn = bar(l2[kind] / most, `is-${kind} is-faint`);
      drawn.append(bar(arriving / most, `is-${kind}`).firstChild ?? "");
      const name = filled(say.writer, { block: i, who: say[`short_${kind}`] });
      return row(name, [drawn, figure(formatValue(l2[kind])), figure(formatValue(arriving))]);
    }),
  );
  const caption = kindNote("measured", say.is_measured, say.writers_note, "caption");
  return el("table", { class: "lw-ledger is-writers" }, caption, ...tableParts(["", "", say.writes, say.arrives], rows.reverse()));
}
