/**
 * The list of the Sessions page: lines are drawn when they come near, one listener hears all buttons, and while
 * something is recorded only lines that are seen and have changed are drawn anew.
 *
 * Knows GET /library/rows. What a button does is Dash's: it hears of it through the store `sessions-asked`.
 */

import { changedPlaces, orderAfter, PAGE, ranges } from "../core/session_list.mjs";
import { Again } from "../run/again.mjs";
import { fetchJson } from "../run/http.mjs";
import { button, el, refill, say } from "../shell/dom.mjs";
import { Empty } from "../shell/empty.mjs";
import { goTo } from "../desk/history.mjs";
import { Told } from "../shell/failed.mjs";
import { Chosen, chooser } from "./sessions_chosen.mjs";

/** @typedef {import("../core/session_list.mjs").Line} Line
 *  @typedef {{total: number, unread: number, found: number, recording: boolean, rows: Line[]}} Answer */

const REFRESH_MS = 2000;
const GO_ON_MS = 100;
const TYPING_MS = 150;
const COLUMNS = [
  ["session", "Recording"],
  ["model", "Model"],
  ["how", "Temperature, seed, capture"],
  ["steps", "Steps"],
  ["size", "Size"],
  ["recorded", "Recorded"],
  ["state", "State"],
];

const RECORD = { text: "Record a prompt", act: () => document.getElementById("record-open")?.click() };
const LEARN = { text: "Learn how it works", act: () => goTo("/learn") };

/** @type {SessionList|null} */
let list = null;

/** Called by Dash on every visit of the page, and whenever a recording was renamed, deleted, brought back or imported.
 *  @param {any} [_boot]
 *  @param {{deleted?: string[]}|null} [changed]
 *  @returns {Promise<void>} when the list stands */
export async function mountSessions(_boot, changed) {
  const host = document.getElementById("sessions-list");
  const search = /** @type {HTMLInputElement|null} */ (document.getElementById("sessions-search"));
  if (!host || !search) return;
  if (list?.host !== host) {
    list?.again.close();
    list = new SessionList(host, search);
    document.getElementById("sessions-check")?.addEventListener("click", async () => (await import("./check.mjs")).openCheck());
  }
  if (changed?.deleted) list.chosen.deleted(changed.deleted);
  else list.chosen.forgetDeleted();
  await list.load();
}

class SessionList {
  /** @param {HTMLElement} host
   *  @param {HTMLInputElement} search */
  constructor(host, search) {
    this.host = host;
    this.search = search;
    this.by = "-recorded";
    /** @type {Line[]} */
    this.lines = [];
    this.found = 0;
    this.turn = 0; // of the newest question: answers to older ones come too late
    this.isFetching = false;
    this.timer = 0;
    this.again = new Again();
    this.loadAgain = () => this.host.isConnected && this.load();
    this.told = new Told();
    this.heads = COLUMNS.map(([column, text]) =>
      el(
        "th",
        { scope: "col" },
        button(() => this.#order(column), { class: "sessions-order", text }),
      ),
    );
    this.body = el("tbody");
    /** @type {{id: string, title: string}|null} the first of two to compare */
    this.first = null;
    this.pairSays = el("span");
    const leave = button(() => this.#compare(null), { text: "Do not compare" });
    this.pair = el("div", { class: "sessions-compare-bar", role: "status", hidden: true }, this.pairSays, leave);
    const actions = el("th", { scope: "col" }, el("span", { class: "visually-hidden", text: "Actions" }));
    const head = el("thead", {}, el("tr", {}, ...this.heads, actions));
    this.table = el("table", { class: "table table-hover align-middle sessions-table", hidden: true }, head, this.body);
    this.empty = new Empty();
    this.count = el("p", { class: "mri-muted sessions-count", role: "status" });
    this.moreButton = button(() => this.more(), { text: "Show more", hidden: true });
    this.chosen = new Chosen(this.body);
    host.replaceChildren(this.table, this.empty.host, this.count, this.moreButton, this.pair, this.chosen.host, this.chosen.undo);
    host.addEventListener("click", (event) => this.#click(event));
    search.addEventListener("input", () => this.#later(() => this.load(PAGE), TYPING_MS));
    this.nearEnd = new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && this.more(), { rootMargin: "600px" });
  }

  /** Fetch so many lines from the first on, as many as there were if it is left out.
   *  @param {number} [number] */
  async load(number = Math.max(PAGE, this.lines.length)) {
    const turn = ++this.turn;
    /** @type {Line[]} */
    const lines = [];
    /** @type {Answer|null} */
    let answer = null;
    for (const [start, stop] of ranges(number)) {
      answer = await this.#ask(start, stop);
      if (!answer || turn !== this.turn) return;
      lines.push(...answer.rows);
      if (lines.length >= answer.found) break;
    }
    const known = new Map(this.lines.map((line, i) => [JSON.stringify(line), this.body.children[i]]));
    this.body.replaceChildren(...lines.map((line) => known.get(JSON.stringify(line)) ?? rowOf(line)));
    this.lines = lines;
    this.#markFirst();
    this.chosen.mark();
    this.#says(/** @type {Answer} */ (answer));
  }

  /** The next lines, below those that are there. */
  async more() {
    if (this.isFetching || this.lines.length >= this.found || !this.host.isConnected) return;
    this.isFetching = true;
    const turn = this.turn;
    const answer = await this.#ask(this.lines.length, this.lines.length + PAGE);
    this.isFetching = false;
    if (!answer || turn !== this.turn) return;
    this.lines.push(...answer.rows);
    this.body.append(...answer.rows.map(rowOf));
    this.#markFirst();
    this.chosen.mark();
    this.#says(answer);
  }

  /** News of the lines that are seen. */
  async #refresh() {
    const [start, stop] = this.#seen();
    const turn = this.turn;
    const answer = await this.#ask(start, stop);
    if (!answer || turn !== this.turn) return;
    const changed = answer.found === this.found ? changedPlaces(this.lines, answer.rows, start) : null;
    if (!changed) return this.load();
    for (const place of changed) {
      this.lines[place] = answer.rows[place - start];
      refill(this.body.children[place], ...cellsOf(this.lines[place]));
    }
    this.#markFirst();
    this.chosen.mark();
    this.#says(answer);
  }

  /** @returns {[number, number]} places of the lines in the window */
  #seen() {
    const places = [...this.body.children].flatMap((row, i) => {
      const { top, bottom } = row.getBoundingClientRect();
      return bottom >= 0 && top <= innerHeight ? [i] : [];
    });
    return places.length ? [places[0], Math.min(places[0] + 200, places[places.length - 1] + 1)] : [0, Math.min(PAGE, this.lines.length)];
  }

  /** @param {number} start
   *  @param {number} stop
   *  @returns {Promise<Answer|null>} null where there is none: why, was said */
  async #ask(start, stop) {
    const query = new URLSearchParams({ search: this.search.value, by: this.by, start: String(start), stop: String(stop) });
    try {
      const answer = await fetchJson(`/library/rows?${query}`);
      this.again.answered();
      this.told.show(null);
      return answer;
    } catch (error) {
      if (this.host.isConnected) {
        this.told.show(/** @type {Error} */ (error), { text: "Try again", act: () => this.again.now() });
        this.again.wait(this.loadAgain);
      }
      return null;
    }
  }

  /** Search for nothing. */
  #clear() {
    this.search.value = "";
    this.search.dispatchEvent(new Event("input", { bubbles: true })); // as if by hand: Dash hears it, too
    this.search.focus();
  }

  /** What is said around the lines, and when they are asked for again.
   *  @param {Omit<Answer, "rows">} answer */
  #says({ total, unread, found, recording }) {
    this.found = found;
    const isEmpty = !found && !unread;
    this.table.hidden = isEmpty || !this.lines.length;
    if (!isEmpty) this.empty.hide();
    else if (total) {
      const all = { text: "Show all of them", act: () => this.#clear() };
      this.empty.show(`Nothing matches “${this.search.value}”`, `Search for less: there are ${total.toLocaleString("en")} recordings.`, all);
    } else this.empty.show("No recordings yet", "Record a prompt, and it appears here; or drop a file of one on this page.", RECORD, LEARN);
    const shown = this.lines.length < found ? `${this.lines.length.toLocaleString("en")} of ${found.toLocaleString("en")} shown. ` : "";
    say(this.count, shown + (unread ? `Looking at ${unread.toLocaleString("en")} more …` : ""));
    this.heads.forEach((head, i) => {
      const isBy = this.by.replace("-", "") === COLUMNS[i][0];
      head.setAttribute("aria-sort", isBy ? (this.by.startsWith("-") ? "descending" : "ascending") : "none");
    });
    this.moreButton.hidden = this.lines.length >= found;
    this.nearEnd.unobserve(this.moreButton);
    if (!this.moreButton.hidden) this.nearEnd.observe(this.moreButton); // anew: it says at once whether the end is near
    if (unread) this.#later(() => this.load(), GO_ON_MS);
    else if (recording) this.#later(() => (document.hidden ? this.#says({ total, unread, found, recording }) : this.#refresh()), REFRESH_MS);
  }

  /** @param {() => void} act if the list is still there then
   *  @param {number} ms */
  #later(act, ms) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.host.isConnected && act(), ms);
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const link = target.closest("a");
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (link && isPlain) {
      event.preventDefault();
      goTo(/** @type {string} */ (link.getAttribute("href")));
    }
    const { do: what, id } = /** @type {HTMLElement|null} */ (target.closest("[data-do]"))?.dataset ?? {};
    if (what === "compare") this.#compare(/** @type {string} */ (id));
    else if (what) window.dash_clientside.set_props("sessions-asked", { data: { what, id, at: Date.now() } });
  }

  /** @param {string} column whose head was pressed */
  #order(column) {
    this.by = orderAfter(this.by, column);
    this.load(PAGE);
  }

  /** The first that is chosen is A, and says so where it was pressed; the second is B: then their comparison opens.
   *  @param {string|null} id null, or the first once more: none is chosen any longer */
  #compare(id) {
    if (this.first && id && id !== this.first.id) return goTo(`/compare?${new URLSearchParams({ a: this.first.id, b: id })}`);
    const line = this.first ? null : this.lines.find((each) => each.id === id);
    this.first = line ? { id: line.id, title: line.title } : null;
    this.#markFirst();
  }

  #markFirst() {
    this.pair.hidden = !this.first;
    say(this.pairSays, this.first ? `“${this.first.title}” is A. Press Compare at another one: it becomes B.` : "");
    for (const button of this.body.querySelectorAll("[data-do=compare]")) {
      const isFirst = /** @type {HTMLElement} */ (button).dataset.id === this.first?.id;
      button.classList.toggle("is-first", isFirst);
      button.setAttribute("aria-pressed", String(isFirst));
    }
  }
}

/** @param {string} word */
function capitalized(word) {
  return word[0].toUpperCase() + word.slice(1);
}

/** @param {Line} line
 *  @returns {HTMLTableRowElement} */
function rowOf(line) {
  return el("tr", { id: `row-${line.id}` }, ...cellsOf(line));
}

/** @param {Line} line */
function cellsOf(line) {
  const isLive = line.state === "recording";
  const address = `${isLive ? "/live" : "/"}?session=${encodeURIComponent(line.id)}`;
  const name = line.state === "broken" ? el("span", { text: line.title }) : el("a", { href: address, class: "sessions-name", text: line.title });
  const words = isLive ? el("a", { href: address, text: "recording · watch" }) : line.words;
  const state = el("span", { class: `sessions-state sessions-${line.state}`, title: line.meaning }, words);
  const buttons = line.can.map((what) => {
    const text = capitalized(what);
    const label = `${text} ${line.title}${line.apart && ` · ${line.apart}`}`;
    return el("button", { type: "button", class: "mri-button sessions-button", "aria-label": label, "data-do": what, "data-id": line.id, text });
  });
  const contents = [
    [chooser(line), name, line.apart && el("span", { class: "sessions-apart", text: line.apart }), el("div", { class: "sessions-prompt", text: line.prompt })],
    ...[line.model, line.how, line.steps, line.size, line.recorded, state].map((content) => [content]),
    [el("div", { class: "sessions-buttons" }, ...buttons)],
  ];
  return contents.map((content) => el("td", {}, ...content.filter(Boolean)));
}
