/**
 * The list of hook points: which of them are shown, in which order, and the axis that their bars share.
 *
 * Knows keys and numbers. Refuses to know frames, canvas and the page. Pure.
 */

import { formatValue, trueMinus } from "./format.mjs";

/** @typedef {"model"|"l2"|"sparsity"|"p99"|"change"} Sort */
/** @typedef {"asinh"|"linear"|"own"} Scale own: every row on a scale of its own */

/** Most room that the label of a tick takes, per character. */
const CHARACTER_PX = 6.2;
const GAP_PX = 5;

/** @param {string} key like block.3.mlp_act, or any name of a plain module's
 *  @returns {{block: string, kind: string}} like {block: "block 3", kind: "mlp_act"} */
export function nameOf(key) {
  const [, group, kind] = /^(?:block\.)?([^.]+)\.(.+)$/.exec(key) ?? [key, "", key];
  return { block: /^\d+$/.test(group) && key.startsWith("block.") ? `block ${group}` : group, kind };
}

/** The keys that have every word of the text: a number means that very block, anything else is looked for in the name.
 *  @param {readonly string[]} keys
 *  @param {string} text like "mlp_act", "block 3", "3 mlp"
 *  @returns {string[]} in the order given */
export function filtered(keys, text) {
  const words = text
    .toLowerCase()
    .split(/[\s.]+/)
    .filter(Boolean);
  return keys.filter((key) => {
    const parts = key.toLowerCase().split(".");
    return words.every((word) => (/^\d+$/.test(word) ? parts.includes(word) : parts.some((part) => part.includes(word))));
  });
}

/** @param {readonly string[]} keys in the model's order
 *  @param {Sort} by
 *  @param {(key: string) => number} valueOf what to sort by; NaN comes last
 *  @returns {string[]} largest first; equals stay in the model's order */
export function ordered(keys, by, valueOf) {
  if (by === "model") return [...keys];
  const values = new Map(keys.map((key) => [key, valueOf(key)]));
  const rank = (/** @type {string} */ key) => (Number.isNaN(values.get(key)) ? -Infinity : /** @type {number} */ (values.get(key)));
  return [...keys].sort((a, b) => rank(b) - rank(a) || 0); // NaN of two equal infinities
}

/** A row of the list: a hook point, or a block, which shows its last one's numbers.
 *  @typedef {{key: string, block: string, isOpen: boolean}} Row block: like "block 3" of a block's row, else "" */

/** A row a block, and under the open one its hook points.
 *  @param {readonly string[]} keys top of the model first
 *  @param {string} open like "block 3", "" none
 *  @returns {Row[]} */
export function grouped(keys, open) {
  /** @type {Row[]} */
  const rows = [];
  let last = "";
  for (const key of keys) {
    const { block } = nameOf(key);
    const isOfBlock = block.startsWith("block ");
    if (isOfBlock && block !== last) rows.push({ key, block, isOpen: block === open });
    if (!isOfBlock || block === open) rows.push({ key, block: "", isOpen: false });
    last = block;
  }
  return rows;
}

/** What stands in a row beside its name: one statistic, or all marks at once.
 *  @typedef {"l2"|"spread"|"ends"|"p99"|"sparsity"|"all"} Marks */

/** @type {Record<Marks, string>} */
const SAID = Object.freeze({ l2: "l2", spread: "mean", ends: "max", p99: "p99", sparsity: "sparsity", all: "l2" });

/** What a row's number says: what the list is sorted by, else of the statistic that is shown.
 *  @param {Sort} sort
 *  @param {Record<string, number>} now statistics of the hook point
 *  @param {Record<string, number>|null} before those of the step before, where they are at hand
 *  @param {Marks} [marks]
 *  @returns {number} of "change" the share by which l2 changed, like 0.61 or −0.2; NaN where it is not known or was 0 */
export function numberOf(sort, now, before, marks = "all") {
  if (sort === "change") return before && before.l2 > 0 ? (now.l2 - before.l2) / before.l2 : NaN;
  return now[sort === "model" ? SAID[marks] : sort];
}

/** @param {Sort} sort
 *  @param {number} value
 *  @param {Marks} [marks] */
export function numberText(sort, value, marks = "all") {
  if (Number.isNaN(value)) return "—";
  if (sort === "sparsity" || (sort === "model" && marks === "sparsity")) return `${(100 * value).toFixed(1)} %`;
  if (sort === "change") return `${value < 0 ? "−" : "+"}${Math.abs(100 * value).toFixed(0)} %`;
  return formatValue(value);
}

/** Where values stand: 0 in the middle, ±limit at the ends, what is beyond stands at the end.
 *  @param {Scale} scale
 *  @param {number} limit
 *  @param {number} width pixels
 *  @returns {(value: number) => number} NaN for NaN */
export function placesOf(scale, limit, width) {
  const half = width / 2;
  const f = scale === "asinh" ? Math.asinh : (/** @type {number} */ value) => value;
  const perUnit = half / (f(limit) || 1);
  return (value) => half + Math.max(-half, Math.min(half, f(value) * perUnit));
}

/** Ticks with labels that do not touch each other: 0, and outwards as many as find room, the largest first.
 *  @param {Scale} scale
 *  @param {number} limit
 *  @param {number} width pixels
 *  @returns {{x: number, text: string}[]} from left to right */
export function ticksOf(scale, limit, width) {
  if (scale === "own") return ["−max", "0", "max"].map((text, i) => ({ x: (i * width) / 2, text }));
  const place = placesOf(scale, limit, width);
  const kept = [{ x: place(0), text: "0" }];
  const largest = Math.floor(Math.log10(limit));
  const linear = [5, 2, 1].map((digit) => digit * 10 ** largest).filter((value) => value <= limit);
  const powers = Array.from({ length: 12 }, (_, i) => 10 ** (largest - i)).filter((value) => value >= 1);
  for (const value of scale === "linear" ? linear.slice(0, 1) : powers) {
    const pair = [-value, value].map((tick) => ({ x: place(tick), text: labelOf(tick) }));
    const hasRoom = pair.every(({ x, text }) =>
      kept.every((other) => Math.abs(x - other.x) >= ((text.length + other.text.length) / 2) * CHARACTER_PX + GAP_PX),
    );
    if (hasRoom) kept.push(...pair);
  }
  return kept.sort((a, b) => a.x - b.x);
}

/** @param {number} value
 *  @returns {string} like −100, 10k, 1e7 */
function labelOf(value) {
  const size = Math.abs(value);
  const text = size >= 1e6 ? size.toExponential(0).replace("+", "") : size >= 1e4 ? `${size / 1000}k` : trueMinus(String(size));
  return value < 0 ? `−${text}` : text;
}
