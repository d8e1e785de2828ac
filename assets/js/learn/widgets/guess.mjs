/**
 * Guess the next token, against the model: a story that was recorded while the model read it. One point a word.
 */

import { formatPercent } from "../../core/format.mjs";
import { el, say } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { heading, widthOf } from "./parts.mjs";

/** @param {HTMLElement} host
 *  @param {Pick<import("../widget.mjs").WidgetContext, "data"|"words"|"announce">} context */
export default function mount(host, { data, words, announce }) {
  const { rounds, story } = data.game;
  let at = 0;
  let points = { you: 0, model: 0 };
  const score = el("p", { class: "learn-score-line", role: "status", "data-part": "score" });
  const text = el("p", { class: "learn-quote learn-story", "aria-live": "polite" });
  const options = el("ol", { class: "learn-options" });
  const says = el("p", { class: "learn-widget-line", role: "status" });
  const next = el("button", {
    type: "button",
    class: "mri-button learn-roll",
    hidden: true,
    "data-part": "next",
    on: { click: () => (at++, at < rounds.length ? ask() : end()) },
  });
  const dots = el(
    "ol",
    { class: "learn-rounds", "aria-hidden": "true" },
    el("li", {}, el("span", { text: words.you }), el("span", { text: words.model })),
    ...rounds.map(() => el("li", {}, el("i"), el("i"))),
  );

  function drawScore() {
    say(score, filled(words.score, { round: Math.min(at + 1, rounds.length), rounds: rounds.length, ...points }));
  }

  function ask() {
    const round = rounds[at];
    drawScore();
    text.replaceChildren(round.text, " ", el("b", { class: "learn-gap", text: "…?" }));
    options.replaceChildren(
      ...round.options.map((/** @type {any} */ option, /** @type {number} */ i) =>
        el("li", {}, el("button", { type: "button", class: "learn-answer", on: { click: () => guess(i) } }, el("span", { text: option.word }))),
      ),
    );
    say(says, words.game_asks);
    next.hidden = true;
  }

  /** @param {number} mine */
  function guess(mine) {
    const { options: offered, truth, model, text: before, entropy } = rounds[at];
    const [isMine, isModels] = [mine === truth, model === truth];
    points = { you: points.you + Number(isMine), model: points.model + Number(isModels) };
    text.replaceChildren(before, " ", el("b", { class: "learn-gap is-known", text: offered[truth].word }));
    options.replaceChildren(
      ...offered.map((/** @type {any} */ option, /** @type {number} */ i) => {
        const marks = [i === truth && words.came, i === mine && words.yours, i === model && words.models].filter(Boolean).join(" · ");
        return el(
          "li",
          { class: `learn-guessed${i === truth ? " is-right" : ""}` },
          el("span", { text: option.word }),
          el("i", {}, el("b", { style: `width: ${widthOf(option.share)}` })),
          el("small", { text: formatPercent(option.share) }),
          el("em", { text: marks }),
        );
      }),
    );
    const [ours, theirs] = dots.children[at + 1].children;
    ours.className = isMine ? "is-right" : "is-wrong";
    theirs.className = isModels ? "is-right" : "is-wrong";
    const verdict = isMine ? (isModels ? words.both : words.you_only) : isModels ? words.model_only : words.nobody;
    say(says, `${verdict} ${filled(words.model_bits, { bits: entropy.toFixed(2) })}`);
    drawScore();
    next.textContent = at + 1 < rounds.length ? words.next_word : words.see_score;
    next.hidden = false;
    next.focus({ preventScroll: true });
  }

  function end() {
    at = rounds.length - 1;
    drawScore();
    text.replaceChildren(story);
    const { you, model } = points;
    options.replaceChildren();
    say(says, filled(you > model ? words.you_won : you === model ? words.draw : words.model_won, points));
    next.replaceWith(
      el("button", { type: "button", class: "mri-button", text: words.play_again, on: { click: () => mount(host, { data, words, announce }) } }),
    );
    announce("game-over");
  }

  host.replaceChildren(
    el(
      "div",
      { class: "learn-wide", "data-part": "game" },
      heading(words.game_title, "measured", words),
      score,
      dots,
      text,
      options,
      says,
      next,
      el("p", { class: "mri-note", text: words.game_note }),
    ),
  );
  ask();
  return { close: () => host.replaceChildren() };
}
