/**
 * The lead of the chosen word at every depth, and what was written against what is lost: two small pictures with their words.
 *
 * Knows a Why and elements.
 */

import { formatPercent } from "../core/format.mjs";
import { guessesAt, lensOf } from "../core/why.mjs";
import { strongestParts, yardstick } from "../core/why_rows.mjs";
import { bothNumbers, plain, signed, wordOf } from "../core/why_words.mjs";
import { el, svg } from "../shell/dom.mjs";
import { sideOf, walkable } from "./why_parts.mjs";

/** @typedef {import("./why_parts.mjs").Shown} Shown */

const [WIDTH, HEIGHT] = [360, 130];
const [LEFT, RIGHT, TOP, BOTTOM] = [30, 12, 10, 8];
const NUM_NAMED = 5;

/** @param {number} low
 *  @param {number} high
 *  @param {number} from
 *  @param {number} to pixels
 *  @returns {(x: number) => number} */
function scaleOf(low, high, from, to) {
  return (x) => from + ((x - low) / (high - low || 1)) * (to - from);
}

/** @param {number} low
 *  @param {number} high
 *  @returns {number[]} a few round numbers */
function ticks(low, high) {
  const every = [1, 2, 5, 10, 20, 50, 100].find((step) => (high - low) / step <= 4) ?? 200;
  return Array.from({ length: Math.floor(high / every) - Math.ceil(low / every) + 1 }, (_, i) => (Math.ceil(low / every) + i) * every);
}

/** The lens, both footings; a depth's strongest tokens when it was clicked. */
export class Depths {
  /** @type {number|null} */
  #depth = null;

  /** @param {Shown} shown
   *  @returns {HTMLElement[]} */
  draw(shown) {
    const { why, frame, source, more, onChange } = shown;
    const lens = lensOf(frame, why);
    if (!lens) return [el("p", { class: "mri-note", text: more.text || "The lens was not recorded." })];
    const last = lens.stream.length - 1;
    const lines = [
      { name: "as it stands", values: [...lens.stream, why.difference], classes: "is-stream" },
      { name: "what of it reaches the exit", values: [...lens.exit, why.difference], classes: "is-exit" },
    ];
    const all = [0, ...lines.flatMap(({ values }) => values)];
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const x = scaleOf(0, last + 1, LEFT, WIDTH - RIGHT);
    const y = scaleOf(low, high, HEIGHT - BOTTOM, TOP);
    const paths = lines.map(({ values, classes }) =>
      svg("polyline", { class: classes, points: values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ") }),
    );
    const dots = lines.flatMap(({ values, classes }) => values.map((value, i) => svg("circle", { class: classes, cx: x(i), cy: y(value), r: 2.2 })));
    const grid = ticks(low, high).flatMap((tick) => [
      svg("line", { class: tick ? "is-grid" : "is-zero", x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick) }),
      svg("text", { x: LEFT - 6, y: y(tick) + 3.5, "text-anchor": "end", text: plain(tick).replace(".0", "") }),
    ]);
    const says = lines.map(({ name, values }) => `${name}: ${values.map(plain).join(", ")}`).join("; ");
    const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `Lead at every depth, ${says}` }, ...grid, ...paths, ...dots);
    const names = ["words", ...Array.from({ length: last }, (_, block) => String(block)), "end"];
    const buttons = names.map((name, depth) =>
      el("button", {
        type: "button",
        "aria-pressed": String(depth === this.#depth),
        "aria-label": depth === 0 ? "the words' own stream" : depth > last ? "the end, the model's own" : `after block ${name}`,
        title: "Its five strongest tokens",
        text: name,
        style: `left:${((100 * x(depth)) / WIDTH).toFixed(2)}%`,
        on: {
          click: () => {
            this.#depth = this.#depth === depth ? null : depth;
            onChange();
          },
        },
      }),
    );
    const axis = el("div", { class: "mri-why-depths", role: "group", "aria-label": "Depths; left and right go through them" }, ...buttons);
    walkable(axis, buttons.length, this.#depth ?? 0);
    const key = el("p", { class: "mri-why-key" }, ...lines.map(({ name, classes }) => el("span", { class: classes, text: name })));
    const guesses = this.#depth === null ? [] : guessLists(guessesAt(frame, Math.min(this.#depth, last), why.answer), this.#depth > last, source, why);
    return [key, /** @type {any} */ (chart), axis, ...guesses];
  }
}

/** @param {{stream: import("../core/why.mjs").Guesses|null, exit: import("../core/why.mjs").Guesses|null}} found
 *  @param {boolean} isEnd where the model's own is the exit's
 *  @param {import("./feeder.mjs").Source} source
 *  @param {import("../core/why.mjs").Why} why
 *  @returns {HTMLElement[]} */
function guessLists({ stream, exit }, isEnd, { tokens }, { answer }) {
  const list = (/** @type {string} */ name, /** @type {import("../core/why.mjs").Guesses|null} */ guesses) =>
    el(
      "div",
      {},
      el("h4", { text: name }),
      guesses
        ? el(
            "ol",
            {},
            ...guesses.map(({ id, prob }) =>
              el("li", {}, el("b", { text: wordOf(tokens, id, answer?.texts) }), " ", el("span", { text: formatPercent(prob) })),
            ),
          )
        : el("p", { class: "mri-note", text: "not recorded" }),
    );
  const lists = isEnd ? [list("the model's own", exit)] : [list("as it stands", stream), list("what of it reaches the exit", exit)];
  return [el("div", { class: "mri-why-guesses", role: "status" }, ...lists)];
}

/** @param {Shown} shown
 *  @returns {HTMLElement[]} */
export function scatter({ why, lost, onPart, selected }) {
  const losses = why.lost?.amounts;
  if (!losses) return [el("p", { class: "mri-note", text: lost.text || "…" })];
  const inside = why.parts.filter(({ block }) => block >= 0);
  const all = [0, ...inside.flatMap(({ index }) => [why.wrote[index], losses[index]])];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const x = scaleOf(low, high, LEFT, WIDTH - RIGHT - 24);
  const y = scaleOf(low, high, HEIGHT + 30 - BOTTOM, TOP + 14);
  const agree = svg("line", { class: "is-agreement", x1: x(low), y1: y(low), x2: x(high), y2: y(high) });
  const axes = [
    svg("line", { class: "is-zero", x1: LEFT, x2: WIDTH - RIGHT, y1: y(0), y2: y(0) }),
    svg("line", { class: "is-zero", x1: x(0), x2: x(0), y1: TOP, y2: HEIGHT + 30 - BOTTOM }),
    svg("text", { x: WIDTH - RIGHT, y: y(0) - 4, "text-anchor": "end", text: "wrote →" }),
    svg("text", { x: Math.max(x(0), LEFT + 14), y: TOP - 2, "text-anchor": "middle", text: "lost if off ↑" }),
  ];
  const dots = inside.map(({ index }) => {
    const classes = `${sideOf(losses[index])}${index === selected ? " is-selected" : ""}`;
    const dot = svg("circle", { class: classes, cx: x(why.wrote[index]), cy: y(losses[index]), r: 4 }, svg("title", { text: bothNumbers(why, index) }));
    dot.addEventListener("click", () => onPart(index));
    return dot;
  });
  const off = (/** @type {number} */ part) => losses[part] - why.wrote[part];
  const named = strongestParts(why, NUM_NAMED).sort((a, b) => Math.abs(off(b)) - Math.abs(off(a)));
  /** @type {[number, number][]} */
  const taken = [];
  const words = named.flatMap((part) => {
    const at = /** @type {[number, number]} */ ([x(why.wrote[part]) + 7, y(losses[part]) + 4]);
    if (taken.some(([left, top]) => Math.abs(left - at[0]) < 46 && Math.abs(top - at[1]) < 11)) return [];
    taken.push(at);
    return [svg("text", { class: "is-name", x: at[0], y: at[1], text: why.parts[part].short })];
  });
  const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + 30}`, role: "img", "aria-label": "Written against lost, a dot for each part" }, ...axes, agree);
  chart.append(...dots, ...words);
  return [/** @type {any} */ (chart), el("p", { class: "mri-note", text: disagreements(why, off) })];
}

/** @param {import("../core/why.mjs").Why} why
 *  @param {(part: number) => number} off what is lost beyond what was written
 *  @returns {string} */
function disagreements(why, off) {
  const inside = why.parts.filter(({ block, index }) => block >= 0 && Math.abs(off(index)) >= 0.2 * yardstick(why));
  const names = (/** @type {(part: number) => boolean} */ is) =>
    inside
      .filter(({ index }) => is(index))
      .sort((a, b) => Math.abs(off(b.index)) - Math.abs(off(a.index)))
      .slice(0, 4)
      .map(({ index, short }) => `${short} (wrote ${signed(why.wrote[index])}, lost ${plain(why.lost?.amounts[index] ?? NaN)})`)
      .join(", ");
  const isMore = (/** @type {number} */ part) => Math.abs(why.lost?.amounts[part] ?? 0) > Math.abs(why.wrote[part]);
  const [more, less] = [names(isMore), names((part) => !isMore(part))];
  const told = [more && `More than it wrote, works through other parts: ${more}.`, less && `Less, made up for: ${less}.`].filter(Boolean);
  return told.length ? told.join(" ") : "On the line what is lost is what was written.";
}
