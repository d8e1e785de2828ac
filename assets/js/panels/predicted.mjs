/**
 * Above the predictions: the temperature, and the token that follows in numbers.
 *
 * Fills a host that the page brings late. Knows frames and the DOM; the chart is mri/panels/predictions.py's.
 */

import { formatPercent, trueMinus } from "../core/format.mjs";
import { ofWhichTemperature, predictions } from "../core/predictions.mjs";
import { IDS } from "../core/names.mjs";
import { howChosen, nextName } from "../core/token_names.mjs";
import { unlessUsual } from "../core/selection.mjs";
import { button, el } from "../shell/dom.mjs";

/** @param {import("../core/wire.mjs").Frame} frame
 *  @param {import("./feeder.mjs").Source} source
 *  @param {Record<string, any>} view
 *  @param {(fields: Record<string, any>) => void} onSelect */
export function drawPredicted(frame, source, { temperature }, onSelect) {
  const host = document.getElementById(IDS.predicted);
  if (!host) return;
  if (!host.firstChild) build(host, onSelect);
  const slider = /** @type {HTMLInputElement} */ (host.querySelector("input"));
  if (Number(slider.value) !== temperature) slider.value = String(temperature);
  /** @type {HTMLElement} */ (host.querySelector("output")).textContent = temperature.toFixed(2);
  /** @type {HTMLElement} */ (host.querySelector(".mri-note")).textContent = ofWhichTemperature(temperature, source.sampling?.temperature);
  host.querySelector(".mri-following")?.replaceChildren(...followingWords(frame, source));
}

/** @param {HTMLElement} host
 *  @param {(fields: Record<string, any>) => void} onSelect */
function build(host, onSelect) {
  const choose = (/** @type {number} */ temperature) => {
    slider.value = String(temperature);
    onSelect({ temperature: unlessUsual(temperature, 1) });
  };
  const range = { type: "range", id: "mri-temperature", min: 0.1, max: 2, step: 0.05, "data-mri-keys": "own" };
  const slider = el("input", { ...range, on: { input: () => choose(Number(slider.value)) } });
  const label = el("label", { for: "mri-temperature", text: "Temperature" });
  const usual = button(() => choose(1), { text: "1", title: "Back to temperature 1, where the probabilities are exact" });
  const choice = el("div", { class: "mri-choice" }, label, slider, el("output", { for: "mri-temperature" }), usual);
  host.replaceChildren(choice, el("p", { class: "mri-note" }), el("p", { class: "mri-following" }));
}

/** The token that follows, its rank, probability and surprise at temperature 1.
 *  @param {import("../core/wire.mjs").Frame} frame
 *  @param {import("./feeder.mjs").Source} source
 *  @returns {Node[]} */
function followingWords(frame, { tokens, layout, numPrompt }) {
  const found = predictions(frame);
  const id = frame.header.chosen_id;
  if (!found || id < 0 || Number.isNaN(found.logprob)) return [el("span", { text: "No token follows this step in the recording." })];
  const nats = -found.logprob;
  const ofAll = layout.n_vocab ? ` of ${layout.n_vocab}` : "";
  return [
    el("span", {}, `${howChosen(frame, numPrompt)} `, el("b", { text: nextName(tokens, frame, id) })),
    el("span", { text: `rank ${found.rank + 1}${ofAll}` }),
    el("span", { text: `p ${formatPercent(Math.exp(found.logprob))}`, title: "at temperature 1, exact" }),
    el("span", { text: trueMinus(`surprise ${nats.toFixed(2)} nats = ${(nats / Math.LN2).toFixed(2)} bits`), title: "−ln p and −log₂ p, p at temperature 1" }),
  ];
}
