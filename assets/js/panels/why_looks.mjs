/**
 * Where the heads that matter look, and which neurons wrote most.
 *
 * Knows a Why, attention rows and elements. Amounts by token and neuron are the server's, and may come late.
 */

import { formatPercent } from "../core/format.mjs";
import { attentionRow } from "../core/layout.mjs";
import { tokenName } from "../core/token_names.mjs";
import { strongestParts } from "../core/why_rows.mjs";
import { fourDigits, given, signed, sourcesOf, writersOf } from "../core/why_words.mjs";
import { dossierLink } from "../shell/dossier.mjs";
import { el } from "../shell/dom.mjs";
import { bar, sideOf } from "./why_parts.mjs";

/** @typedef {import("./why_parts.mjs").Shown} Shown */

const NUM_HEADS = 3;
const LEAST_WEIGHT = 0.045;
const NUM_NEURONS = 5;

/** @param {Shown} shown
 *  @returns {HTMLElement[]} */
export function looks(shown) {
  const { why, more, selected } = shown;
  const isHead = (/** @type {number} */ part) => why.parts[part].head >= 0;
  const byWeight = strongestParts(why, why.parts.length, isHead);
  const found = [...new Set([...writersOf(why).filter(isHead), ...byWeight])].slice(0, NUM_HEADS);
  if (selected >= 0 && isHead(selected) && !found.includes(selected)) found[NUM_HEADS - 1] = selected;
  found.sort((a, b) => why.wrote[b] - why.wrote[a]);
  const says = why.answer || !more.text ? [] : [el("p", { class: "mri-note", text: more.text })];
  return [...found.map((part) => look(shown, part)), ...says];
}

/** @param {Shown} shown
 *  @param {number} part a head
 *  @returns {HTMLElement} */
function look({ why, frame, source, selected, onPart, onPosition }, part) {
  const { layout, tokens } = source;
  const { short, block, head } = why.parts[part];
  const { weights } = attentionRow(frame, layout, block, head);
  const gifts = new Map(sourcesOf(why, part, layout.n_head).map((each) => [each.position, each]));
  const seen = [...weights.keys()].filter((position) => weights[position] >= LEAST_WEIGHT).sort((a, b) => weights[b] - weights[a]);
  const rest = 1 - seen.reduce((total, position) => total + weights[position], 0);
  const segments = seen.map((position) => {
    const gift = gifts.get(position);
    const amount = gift ? given(gift) : 0;
    const matters = gift && Math.abs(amount) >= 0.1 * Math.max(1, Math.abs(why.wrote[part]));
    const says = gift
      ? `, gave ${fourDigits(amount)}: ${fourDigits(gift.stream)} through the stream, ${fourDigits(gift.value)} through the value embedding`
      : "";
    const word = tokenName(tokens, tokens.sequence[position]).replace(/^␣/, "");
    return el(
      "button",
      {
        type: "button",
        class: `mri-why-look${matters ? ` ${sideOf(amount)}` : ""}`,
        style: `flex-grow:${weights[position].toFixed(4)}`,
        title: `${word} (position ${position}): weight ${formatPercent(weights[position])}${says}. Click: the step that read it`,
        "aria-label": `${short} looks at ${word}, position ${position}, ${formatPercent(weights[position])}${gift ? `, gave ${signed(amount)}` : ""}`,
        on: { click: () => onPosition(position) },
      },
      el("span", { text: word }),
      ...(matters ? [el("b", { text: signed(amount) })] : []),
    );
  });
  const others = el("i", { style: `flex-grow:${Math.max(0, rest).toFixed(4)}`, title: `all others: ${formatPercent(Math.max(0, rest))}` });
  const name = el("button", {
    type: "button",
    class: "mri-why-name",
    "aria-pressed": String(part === selected),
    "aria-label": `Select head ${short}`,
    text: short,
    on: { click: () => onPart(part) },
  });
  const hasRow = weights.some((weight) => !Number.isNaN(weight));
  return el(
    "div",
    { class: "mri-why-looks" },
    name,
    hasRow ? el("div", { class: "mri-why-row-of-looks" }, ...segments, others) : el("span", { class: "mri-note", text: "attention was not captured" }),
    el("b", { class: Math.abs(why.wrote[part]) < 0.05 ? "is-dim" : "", text: signed(why.wrote[part]) }),
  );
}

/** @param {Shown} shown
 *  @returns {HTMLElement[]} */
export function neurons({ why, session, more }) {
  if (!why.answer) return [el("p", { class: "mri-note", text: more.text || "…" })];
  const { neuron_block: blocks, neuron_index: indices, neuron_wrote: wrote } = why.answer.arrays;
  const amounts = Array.from(wrote).slice(0, NUM_NEURONS);
  const scale = { low: Math.min(0, ...amounts), high: Math.max(0, ...amounts) };
  return amounts.map((amount, i) => {
    const link = dossierLink(session, `block.${blocks[i]}.mlp_act`, indices[i], `${blocks[i]}·${indices[i]}`, "mri-why-name");
    const value = el("b", { text: signed(amount), title: `${fourDigits(amount)} logits` });
    return el("div", { class: "mri-why-neuron" }, link, bar(0, amount, scale), value);
  });
}
