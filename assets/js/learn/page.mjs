/**
 * The text side of a lesson: where one is, the moment's prose, its task, its question, and the way on.
 *
 * Draws; refuses to decide what is done.
 */

import { button, el, refill, say } from "../shell/dom.mjs";
import { score } from "./progress.mjs";
import { build, filled } from "./text.mjs";

export class Page {
  /** @param {HTMLElement} host
   *  @param {object} context
   *  @param {any} context.content of the lesson
   *  @param {import("./progress.mjs").Progress} context.progress
   *  @param {(at: number) => void} context.go
   *  @param {(answer: number) => void} context.answer
   *  @param {() => void} context.restart
   *  @param {() => void} context.print
   *  @param {(name: string) => {name: string, what: string}} context.about what a target is called and what it is for
   *  @param {() => void} context.lead to the place that the moment is about
   *  @param {(name: string, at: number, button: HTMLElement) => void} context.onNumber */
  constructor(host, context) {
    this.host = host;
    this.context = context;
    this.words = context.content.words.lesson;
    this.at = 0;
    this.stay = el("div");
    this.way = button(() => (this.#isAtScan ? this.#toText() : context.lead()), { class: "mri-button learn-way" });
    this.next = button(() => context.go(this.at + 1), { class: "mri-button learn-next", title: this.words.next_title });
  }

  get #moment() {
    return this.context.content.moments[this.at];
  }

  /** @param {any[]} nodes */
  #prose(nodes) {
    return build(nodes, { words: this.context.content.words, onNumber: this.context.onNumber });
  }

  /** @param {number} at
   *  @param {boolean} isFirst the page was just opened: nobody's focus is moved */
  show(at, isFirst) {
    this.at = at;
    const { content } = this.context;
    this.task = el("section", { class: "learn-task", hidden: true });
    this.done = el("div", { class: "learn-done", role: "status" });
    this.question = el("section", { class: "learn-question", hidden: true });
    const isEnd = at === content.moments.length;
    this.title = el("h2", { class: "learn-title", tabindex: "-1", text: isEnd ? filled(this.words.end_title, content) : this.#moment.title });
    const scroll = el("div", { class: "learn-scroll" }, ...(isEnd ? this.#end() : this.#middle()));
    this.host.replaceChildren(this.#head(), scroll, this.#foot(isEnd));
    if (!isEnd) {
      if (this.#moment.do) this.task.replaceChildren(el("h3", { text: this.words.task }), ...this.#prose(this.#moment.do.text), this.done);
      this.drawTask();
      this.drawQuestion();
    }
    if (isFirst) return;
    this.title.focus({ preventScroll: true });
    this.#toText();
  }

  /** To the beginning of the text, which on a phone stands above the scan. */
  #toText() {
    this.host.firstElementChild?.scrollIntoView({ block: "nearest" });
  }

  /** Which lesson, which page, and the way to any other page. */
  #head() {
    const { content, progress, go } = this.context;
    const { seen } = progress.of(content.id);
    const dots = content.moments.map((/** @type {any} */ moment, /** @type {number} */ i) => {
      const classes = [i === this.at && "is-here", seen.includes(moment.id) && "is-seen", moment.check && "is-check", moment.optional && "is-optional"];
      const name = `${i + 1}. ${moment.title}`;
      const attributes = { class: classes.filter(Boolean).join(" "), title: name, "aria-label": name, "aria-current": i === this.at ? "page" : null };
      const dot = button(() => go(i), attributes);
      return el("li", {}, dot);
    });
    const lesson = el("span", { text: `${filled(this.words.lesson, content)} · ${content.title}` });
    const where = el("div", { class: "learn-where" }, el("a", { href: "/learn", text: this.words.all }), lesson);
    return el("header", { class: "learn-head" }, where, el("ol", { class: "learn-dots", "aria-label": this.words.pages }, ...dots));
  }

  #middle() {
    const { optional, check, body, target } = this.#moment;
    const tags = [optional && [this.words.optional, this.words.optional_says], check && [this.words.check, this.words.check_says]].filter(Boolean);
    const chips = tags.map(([tag, title]) => el("span", { class: "mri-kind", tabindex: 0, title, text: tag }));
    const titles = el("div", { class: "learn-titles" }, this.title, ...chips);
    const { name, what } = this.context.about(target ?? ""); // the ringed part of the screen
    const note = name && what ? el("p", { class: "learn-note" }, el("b", { text: name }), ` ${what}`) : "";
    this.stay = el("div", { class: "learn-stay" }, this.task, this.way); // in view on a phone, where the scan is below the text
    this.turn();
    return [titles, el("div", { class: "learn-prose" }, ...this.#prose(body)), note, this.question, this.stay];
  }

  /** The text was scrolled away. */
  get #isAtScan() {
    return this.stay.isConnected && this.stay.getBoundingClientRect().top <= 0;
  }

  /** The way there, or back. */
  turn() {
    say(this.way, this.#isAtScan ? this.words.back_to_text : this.words.there);
  }

  /** @param {boolean} isEnd */
  #foot(isEnd) {
    const { content, go } = this.context;
    const back = button(() => go(this.at - 1), { text: this.words.back, title: this.words.back_title, disabled: this.at === 0 });
    const page = el("span", { class: "learn-page", text: isEnd ? "" : filled(this.words.page, { at: this.at + 1, all: content.moments.length }) });
    return el("footer", { class: "learn-foot" }, back, page, ...(isEnd ? [] : [this.next]));
  }

  #end() {
    const { content, progress, restart, print } = this.context;
    const { end_score, end_says, next_lesson, print: paper, again } = this.words;
    const right = filled(end_score, score(content.moments, progress.of(content.id).answers));
    const can = content.can.map((/** @type {string} */ text) => el("li", { text }));
    const next = content.next && el("a", { class: "mri-button learn-go", href: `/learn?lesson=${content.next.id}`, text: filled(next_lesson, content.next) });
    const ends = el("div", { class: "learn-ends" }, next ?? "", button(print, { text: paper }), button(restart, { text: again }));
    const says = el("p", { class: "learn-score", role: "status", text: right });
    return [this.title, says, el("p", { text: end_says }), el("ul", { class: "learn-can" }, ...can), ends];
  }

  /** The task, done or not. */
  drawTask() {
    const { do: task, id, ask, check } = this.#moment;
    const { done, answers } = this.context.progress.of(this.context.content.id);
    const isDone = done.includes(id);
    this.task.hidden = !task;
    this.task.classList.toggle("is-done", isDone);
    this.done.replaceChildren(...(task && isDone ? this.#prose(task.done) : []));
    const isOpen = (task && !isDone) || (ask && !answers[id]?.length);
    const isLast = this.at === this.context.content.moments.length - 1;
    this.next.textContent = isLast ? this.words.finish : isOpen && !check ? this.words.skip : this.words.next;
    this.next.classList.toggle("is-ready", !isOpen);
  }

  /** The question; every answer tried shows its own reply. */
  drawQuestion() {
    const { ask, id } = this.#moment;
    this.question.hidden = !ask;
    if (!ask) return;
    const given = this.context.progress.of(this.context.content.id).answers[id] ?? [];
    const answers = ask.answers.map((/** @type {any} */ answer, /** @type {number} */ i) => {
      const wasGiven = given.includes(i);
      const state = wasGiven ? (answer.right ? "is-right" : "is-wrong") : "";
      const attributes = { class: `learn-answer ${state}`, "aria-pressed": String(wasGiven) };
      const choice = button(() => wasGiven || this.context.answer(i), attributes, ...answerText(answer.text));
      const verdict = el("b", { text: `${answer.right ? this.words.right : this.words.wrong} ` });
      return el("li", {}, choice, wasGiven ? el("div", { class: "learn-reply" }, verdict, ...inline(this.#prose(answer.reply))) : "");
    });
    const asked = el("div", { class: "learn-asked" }, ...this.#prose(ask.question));
    const list = el("ol", { class: "learn-answers", "aria-live": "polite" }, ...answers);
    refill(this.question, el("h3", { text: this.words.question }), asked, list);
    this.drawTask();
  }
}

/** Inside a button nothing may be pressed: words only.
 *  @param {any[]} nodes
 *  @returns {(Node|string)[]} */
function answerText(nodes) {
  return nodes.flatMap((node) => {
    const words = typeof node === "string" ? node : node.text;
    if (words !== undefined) return [words];
    const children = answerText(node.children ?? []);
    return /^(code|em|strong)$/.test(node.tag) ? [el(node.tag, {}, ...children)] : children;
  });
}

/** A single paragraph goes on in the line.
 *  @param {(Node|string)[]} nodes */
function inline(nodes) {
  const [only] = nodes;
  return nodes.length === 1 && only instanceof HTMLParagraphElement ? [...only.childNodes] : nodes;
}
