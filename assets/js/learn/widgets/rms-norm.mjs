/**
 * RMSNorm on a row of the embedding table that the reader makes larger and smaller.
 */

import { formatValue } from "../../core/format.mjs";
import { el } from "../../shell/dom.mjs";
import { rootMeanSquare } from "../head_maths.mjs";
import { filled } from "../text.mjs";
import { cellRow, part, tokenChoice } from "./cells.mjs";
import { slider } from "./parts.mjs";

const SHOWN = 4;
const LIMIT = 12;

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { data, words, announce }) {
  const say = words["rms-norm"];
  /** @type {{rows: {token: string, values: number[]}[]}} */
  const { rows } = data["rms-norm"];
  let row = 0;
  const tried = new Set();
  const names = rows.map(({ token }) => token);
  const tokens = tokenChoice(say.token, names, (index) => ((row = index), draw()));
  const factor = (/** @type {number} */ power) => `× ${formatValue(10 ** power)}`;
  const gain = slider({ label: say.gain, min: -1, max: 1, step: 0.1, value: 0, words: factor, onInput: turn });
  const before = cellRow(say.before);
  const after = cellRow(say.after);
  const [beforeWords, afterWords] = [el("p", { class: "lw-readout" }), el("p", { class: "lw-readout" })];

  /** @param {number} power */
  function turn(power) {
    if (Math.abs(power) === 1) tried.add(power);
    if (tried.size === 2) announce("both-ways");
    draw();
  }

  function draw() {
    const values = rows[row].values.map((x) => x * 10 ** gain.value());
    const rms = rootMeanSquare(values);
    const normed = values.map((x) => x / rms);
    const first = (/** @type {number[]} */ list) => list.slice(0, SHOWN).map(formatValue).join(",  ");
    tokens.choose(row);
    before.show(values, LIMIT);
    after.show(normed, LIMIT / 3);
    beforeWords.textContent = filled(say.rms, { rms: formatValue(rms), values: first(values) });
    afterWords.textContent = filled(say.normed, { rms: formatValue(rootMeanSquare(normed)), values: first(normed) });
  }

  host.append(part("gain", "", tokens.node, gain.node), part("before", say.before, before.node, beforeWords), part("after", say.after, after.node, afterWords));
  draw();
  return { set() {} };
}
