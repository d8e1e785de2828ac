/**
 * Who looks at whom: the shares of one head over the sentence, with the causal mask, without it, and with a window.
 */

import { formatPercent } from "../../core/format.mjs";
import { el } from "../../shell/dom.mjs";
import { softmax } from "../head_maths.mjs";
import { filled } from "../text.mjs";
import { paintOf, part, scrolling, shownToken } from "./cells.mjs";
import { kindNote, row, slider, tableParts } from "./parts.mjs";

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { data, words, announce }) {
  const say = words.triangle;
  /** @type {{tokens: string[], scores: number[][]}} */
  const { tokens, scores } = data["one-head"];
  const n = tokens.length;
  let wasOff = false;
  const box = el("input", { type: "checkbox", checked: true, on: { change: () => mask(box.checked) } });
  const inWords = (/** @type {number} */ reach) => (reach === n - 1 ? say.all : filled(say.back, { tokens: reach }));
  const back = slider({ label: say.window, part: "window", min: 1, max: n - 1, value: n - 1, words: inWords, onInput: () => draw() });
  const cells = tokens.map(() => tokens.map(() => el("td")));
  const rows = tokens.map((token, query) => row(shownToken(token), cells[query]));
  const readout = el("p", { class: "mri-note", role: "status" });

  /** @param {boolean} isOn */
  function mask(isOn) {
    wasOff ||= !isOn;
    if (wasOff && isOn) announce("mask-tried");
    draw();
  }

  async function draw() {
    const [isMasked, reach] = [box.checked, back.value()];
    const isRecorded = isMasked && reach === n - 1;
    const said = isRecorded ? kindNote("measured", say.measured, say.recorded) : kindNote("derived", say.derived, say.what_if);
    readout.replaceChildren(...said.childNodes);
    const colour = await paintOf("attention");
    scores.forEach((shown, query) => {
      const isSeen = (/** @type {number} */ key) => (key <= query || !isMasked) && query - key <= reach;
      softmax(shown, isSeen).forEach((share, key) => {
        const cell = cells[query][key];
        cell.textContent = !isSeen(key) ? "" : share < 0.005 ? "0" : (100 * share).toFixed(0);
        cell.title = isSeen(key) ? `${shownToken(tokens[query])} → ${shownToken(tokens[key])}: ${formatPercent(share)}` : say.unseen;
        cell.style.background = isSeen(key) ? colour(share) : "";
        cell.className = !isSeen(key) ? "is-unseen" : share > 0.55 ? "is-bright" : key > query ? "is-ahead" : "";
      });
    });
  }

  const caption = el("caption", { class: "mri-note", text: say.caption });
  const table = el("table", { class: "lw-triangle", "data-part": "table" }, caption, ...tableParts([say.corner, ...tokens.map(shownToken)], rows));
  host.append(part("mask", "", el("label", { class: "lw-check" }, box, ` ${say.mask}`), back.node), scrolling(say.caption, table), readout);
  draw();
  return { set() {} };
}
