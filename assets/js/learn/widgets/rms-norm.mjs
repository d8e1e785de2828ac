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

/** @param {HTMLElement} host
 *  @param {import("../widget.mjs").WidgetContext} context */
export default function mount(host, { data, words, announce }) {
  const say = words["rms-norm"];
  const { rows } = data["rms-norm"];
  let row = 0;
  let power = 0;
  const tried = new Set();
  const tokens = tokenChoice(
    say.token,
    rows.map((/** @type {any} */ one) => one.token),
    (index) => ((row = index), draw()),
  );
  const gain = slider({
    label: say.gain,
    min: -1,
    max: 1,
    step: 0.1,
    value: 0,
    words: (now) => `× ${formatValue(10 ** now)}`,
    onInput: (now) => {
      power = now;
      if (Math.abs(now) === 1) tried.add(now);
      if (tried.size === 2) announce("both-ways");
      draw();
    },
  });
  const before = cellRow(say.before);
  const after = cellRow(say.after);
  const [beforeWords, afterWords] = [el("p", { class: "lw-readout" }), el("p", { class: "lw-readout" })];

  function draw() {
    const factor = 10 ** power;
    const values = rows[row].values.map((/** @type {number} */ x) => x * factor);
    const rms = rootMeanSquare(values);
    const normed = values.map((/** @type {number} */ x) => x / rms);
    tokens.choose(row);
    before.show(values, LIMIT);
    after.show(normed, LIMIT / 3);
    beforeWords.textContent = filled(say.rms, { rms: formatValue(rms), values: values.slice(0, SHOWN).map(formatValue).join(",  ") });
    afterWords.textContent = filled(say.normed, { rms: formatValue(rootMeanSquare(normed)), values: normed.slice(0, SHOWN).map(formatValue).join(",  ") });
  }

  host.append(part("gain", "", tokens.node, gain.node), part("before", say.before, before.node, beforeWords), part("after", say.after, after.node, afterWords));
  draw();
  return { close() {}, set() {} };
}
