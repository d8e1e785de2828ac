/**
 * Guess the next token, against the model: a story that was recorded while the model read it. One point a word.
 */

import { formatPercent } from "../../core/format.mjs";
import { button, el, say } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { heading, note, widthOf } from "./parts.mjs";

/** @typedef {{text: string, options: {word: string, share: number}[], truth: number, model: number, entropy: number}} Round */

/** @param {Round} round
 *  @param {number} mine option that the reader chose
 *  @returns {{you: boolean, model: boolean, verdict: "both"|"you_only"|"model_only"|"nobody"}} who was right */
export function judged({ truth, model }, mine) {
  const [isMine, isModels] = [mine === truth, model === truth];
  return { you: isMine, model: isModels, verdict: isMine ? (isModels ? "both" : "you_only") : isModels ? "model_only" : "nobody" };
}

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, context) {
  const { data, words, announce } = context;
  /** @type {{rounds: Round[], story: string}} */
  const { rounds, story } = data.game;
  let at = 0;
  const points = { you: 0, model: 0 };
  const score = el("p", { class: "learn-score-line", role: "status", "data-part": "score" });
  const text = el("p", { class: "learn-quote learn-story", "aria-live": "polite" });
  const options = el("ol", { class: "learn-options" });
  const says = el("p", { class: "learn-widget-line", role: "status" });
  const next = button(() => (at++, at < rounds.length ? ask() : end()), { class: "mri-button learn-roll", hidden: true, "data-part": "next" });
  const names = el("li", {}, el("span", { text: words.you }), el("span", { text: words.model }));
  const dots = rounds.map(() => [el("i"), el("i")]);

  function drawScore() {
    say(score, filled(words.score, { round: Math.min(at + 1, rounds.length), rounds: rounds.length, ...points }));
  }

  function ask() {
    const round = rounds[at];
    drawScore();
    text.replaceChildren(round.text, " ", el("b", { class: "learn-gap", text: "…?" }));
    const buttons = round.options.map(({ word }, i) => button(() => guess(i), { class: "learn-answer" }, el("span", { text: word })));
    options.replaceChildren(...buttons.map((each) => el("li", {}, each)));
    say(says, words.game_asks);
    next.hidden = true;
  }

  /** @param {number} mine */
  function guess(mine) {
    const { options: offered, truth, model, text: before, entropy } = rounds[at];
    const right = judged(rounds[at], mine);
    text.replaceChildren(before, " ", el("b", { class: "learn-gap is-known", text: offered[truth].word }));
    const rows = offered.map(({ word, share }, i) => {
      const marks = [i === truth && words.came, i === mine && words.yours, i === model && words.models].filter(Boolean).join(" · ");
      const drawn = el("i", {}, el("b", { style: `width: ${widthOf(share)}` }));
      const figures = [el("small", { text: formatPercent(share) }), el("em", { text: marks })];
      return el("li", { class: `learn-guessed${i === truth ? " is-right" : ""}` }, el("span", { text: word }), drawn, ...figures);
    });
    options.replaceChildren(...rows);
    for (const [i, who] of /** @type {const} */ (["you", "model"]).entries()) {
      points[who] += Number(right[who]);
      dots[at][i].className = right[who] ? "is-right" : "is-wrong";
    }
    say(says, `${words[right.verdict]} ${filled(words.model_bits, { bits: entropy.toFixed(2) })}`);
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
    next.replaceWith(button(() => mount(host, context), { text: words.play_again }));
    announce("game-over");
  }

  const won = el("ol", { class: "learn-rounds", "aria-hidden": "true" }, names, ...dots.map((pair) => el("li", {}, ...pair)));
  const head = heading(words.game_title, "measured", words);
  host.replaceChildren(el("div", { class: "learn-wide", "data-part": "game" }, head, score, won, text, options, says, next, note(words.game_note)));
  ask();
}
