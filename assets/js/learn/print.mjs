/**
 * A lesson on paper: every moment's text one after the other, its numbers with their formulas, questions with answers.
 *
 * Knows the lesson's content. What is hidden on paper, the style sheet says.
 */

import { el } from "../shell/dom.mjs";
import { formulaText } from "./formula.mjs";
import { build, filled } from "./text.mjs";

const ID = "learn-print";

/** @param {any} content of the lesson
 *  @param {boolean} isWanted */
export function printed(content, isWanted) {
  document.getElementById(ID)?.remove();
  if (!isWanted) return;
  const { words, numbers, moments } = content;
  const prose = (/** @type {any[]} */ nodes) => build(nodes, { words, onNumber: () => {} });
  const parts = moments.map((/** @type {any} */ moment, /** @type {number} */ i) => {
    const part = el("section", {}, el("h2", { text: `${i + 1}. ${moment.title}` }), ...prose(moment.body));
    if (moment.do) part.append(el("h3", { text: words.lesson.task }), ...prose(moment.do.text));
    if (moment.ask) {
      const answers = moment.ask.answers.map((/** @type {any} */ answer) =>
        el("li", {}, ...prose(answer.text), el("em", {}, answer.right ? `${words.lesson.right} ` : `${words.lesson.wrong} `, ...prose(answer.reply))),
      );
      part.append(el("h3", { text: words.lesson.question }), ...prose(moment.ask.question), el("ol", {}, ...answers));
    }
    const places = [...new Set([...part.querySelectorAll("[data-number]")].map((/** @type {any} */ node) => Number(node.dataset.at)))];
    if (places.length) part.append(el("ul", { class: "learn-print-numbers" }, ...places.map((at) => el("li", { text: formulaText(numbers[at], numbers) }))));
    return part;
  });
  const title = el("h1", { text: `${filled(words.lesson.lesson, content)}: ${content.title}` });
  document.body.append(el("article", { id: ID }, title, ...parts));
}
