/**
 * From recorded logits to the next token: temperature by a slider, and a die that is seeded and shown.
 */

import { die, drawn, shares } from "../../core/dice.mjs";
import { formatPercent } from "../../core/format.mjs";
import { el, say } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { heading, slider, widthOf } from "./parts.mjs";

const NUM_BARS = 10;
const ENOUGH = 10; // throws
const [COLDEST, HOTTEST, STEP] = [0.1, 2, 0.05];

/** @param {HTMLElement} host
 *  @param {import("../widget.mjs").WidgetContext} context */
export default function mount(host, { data, words, state, announce }) {
  const { before, words: tokens, logits, chosen } = data.draws[state.draw];
  const reached = new Set();
  let throwNext = die(1);
  /** @type {{thrown: number, token: string}[]} */
  let throws = [];
  const temperature = slider({
    label: words.temperature,
    min: COLDEST,
    max: HOTTEST,
    step: STEP,
    value: state.temperature ?? 1,
    part: "temperature",
    words: (value) => value.toFixed(2),
    onInput: (value) => (draw(), reach(value)),
  });
  const bars = el("ol", { class: "learn-bars" });
  const line = el("div", { class: "learn-die-line", "aria-hidden": "true" });
  const mark = el("u", { hidden: true });
  const said = el("p", { class: "learn-widget-line", role: "status" });
  const list = el("ol", { class: "learn-throws", "aria-label": words.throws });
  const seed = el("input", { id: "learn-seed", type: "number", min: 0, max: 999999, step: 1, value: 1, on: { change: () => again() } });
  const roll = el("button", { type: "button", class: "mri-button learn-roll", "data-part": "die", text: words.throw, on: { click: () => cast() } });

  /** @param {number} value */
  function reach(value) {
    if (value <= COLDEST) reached.add("cold");
    if (value >= HOTTEST) reached.add("hot");
    for (const name of reached) announce(name);
    if (reached.size === 2) announce("cold-and-hot");
  }

  function draw() {
    const now = shares(logits, temperature.value());
    const drawnThen = tokens.indexOf(chosen);
    const seen = now.map((_, i) => i).filter((i) => i < NUM_BARS || i === drawnThen);
    const rest = now.reduce((sum, share, i) => (seen.includes(i) ? sum : sum + share), 0);
    const rows = [
      ...seen.map((i) => [tokens[i], now[i], i === drawnThen ? "is-chosen" : ""]),
      [filled(words.others, { n: tokens.length - seen.length }), rest, "is-rest"],
    ];
    bars.replaceChildren(
      ...rows.map(([name, share, kind]) =>
        el(
          "li",
          { class: kind, title: kind === "is-chosen" ? words.chosen_then : null },
          el("span", { text: name }),
          el("i", {}, el("b", { style: `width: ${widthOf(share)}` })),
          el("small", { text: percent(share) }),
        ),
      ),
    );
    line.replaceChildren(
      ...now.map((share, i) =>
        el(
          "i",
          { style: `width: ${100 * share}%`, class: i === drawnThen ? "is-chosen" : i % 2 ? "is-odd" : "", title: tokens[i] },
          el("span", { text: share > 0.06 ? tokens[i] : "" }),
        ),
      ),
      mark,
    );
    mark.hidden = true;
  }

  function cast() {
    const now = shares(logits, temperature.value());
    const thrown = throwNext();
    const token = tokens[drawn(now, thrown)];
    throws = [...throws, { thrown, token }];
    mark.hidden = false;
    mark.style.left = `${100 * thrown}%`;
    say(said, filled(words.thrown, { number: thrown.toFixed(3), word: token, n: throws.length }));
    list.append(el("li", { text: `${thrown.toFixed(3)} → ${token}` }));
    list.scrollTop = list.scrollHeight;
    if (throws.length >= ENOUGH) announce("ten-throws");
  }

  function again() {
    throwNext = die(Number(seed.value) || 0);
    throws = [];
    list.replaceChildren();
    mark.hidden = true;
    say(said, filled(words.seeded, { seed: seed.value }));
  }

  draw();
  again();
  host.replaceChildren(
    el(
      "div",
      { class: "learn-wide" },
      heading(words.sampling_title, "derived", words),
      el("p", { class: "learn-quote", text: `${before} …` }),
      temperature.node,
      bars,
      el("div", { class: "learn-die" }, line, el("div", { class: "learn-die-ends" }, el("span", { text: "0" }), el("span", { text: "1" }))),
      el(
        "div",
        { class: "learn-die-controls" },
        roll,
        el("button", { type: "button", class: "mri-button", text: words.start_again, on: { click: again } }),
        el("label", { for: "learn-seed", text: words.seed }),
        seed,
      ),
      said,
      list,
      el("p", { class: "mri-note", text: filled(words.sampling_note, { n: tokens.length }) }),
    ),
  );
  return { close: () => host.replaceChildren() };
}

/** Shares so near to 1 that it matters by how much.
 *  @param {number} share */
function percent(share) {
  return share > 0.999 && share < 1 ? `${(100 * share).toPrecision(9)} %` : formatPercent(share);
}
