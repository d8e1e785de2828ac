/**
 * The player of a lesson: shows its moments one after the other, on the one Scanner, and notices what is done.
 *
 * Composition of text, overlay, locks, formulas, widget and progress. Knows the answer of /lessons/<id>.json.
 */

import { IDS } from "../core/names.mjs";
import { pushEntry, replaceEntry } from "../desk/history.mjs";
import { keys } from "../desk/keys.mjs";
import { EMPTY_VIEW, urlFromView, viewFromUrl } from "../core/address.mjs";
import { openRun } from "../run/served.mjs";
import { shownUntilAnswered } from "../shell/failed.mjs";
import { showToast } from "../shell/shell.mjs";
import { holds, nothing } from "./conditions.mjs";
import { Formula } from "./formula.mjs";
import { Locks } from "./locks.mjs";
import { Overlay } from "./overlay.mjs";
import { Page } from "./page.mjs";
import { printed } from "./print.mjs";
import { Progress, score } from "./progress.mjs";
import { termIn } from "./text.mjs";
import { WidgetHost } from "./widget.mjs";

export class Lesson {
  /** @type {import("../pages/scanner.mjs").Scanner|null} */
  scanner = null;
  at = -1;
  /** What happened since the moment began. */
  happened = nothing();
  #abort = new AbortController();
  #showing = new AbortController(); // a moment that was left meanwhile is not finished
  #isMounted = false;
  #hasBegun = false; // until then the Scanner still stands where the moment before left it
  /** @type {number|null} step where playing is to end */
  #playTo = null;

  /** @param {any} content of the lesson
   *  @param {Record<string, any>} scales assets/scales.json */
  constructor(content, scales) {
    this.content = content;
    this.scales = scales;
    this.moments = content.moments;
    this.words = content.words;
    this.progress = new Progress();
    const host = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
    this.host = host(IDS.learn);
    const text = host(IDS.learnText);
    this.overlay = new Overlay({ host: this.host, text, targets: content.targets, words: this.words, scanner: () => this.scanner });
    this.locks = new Locks({
      host: this.host,
      targets: content.targets,
      reason: (name) => this.overlay.reason(name),
      refuse: (element, reason) => this.overlay.say(element, reason),
    });
    this.formula = new Formula(content.numbers, this.words);
    this.widget = new WidgetHost(host(IDS.learnWidget), { lesson: this });
    this.page = new Page(text, {
      content,
      progress: this.progress,
      go: (at) => this.go(at),
      answer: (answer) => this.#answer(answer),
      restart: () => this.#restart(),
      print: () => print(),
      about: (name) => this.overlay.words(name),
      lead: () => this.overlay.lead(this.#place()),
      onNumber: (name, at, button) => this.#explain(name, at, button),
    });
    const { signal } = this.#abort;
    this.forget = keys.know(["turnPage"], (command) => this.go(this.at + /** @type {any} */ (command).pages));
    addEventListener("popstate", () => this.#restore(), { signal });
    addEventListener("scroll", () => this.page.turn(), { signal, passive: true });
    addEventListener("beforeprint", () => printed(this.content, true), { signal });
    addEventListener("afterprint", () => printed(this.content, false), { signal });
    const asked = viewFromUrl(location.search);
    const known = this.moments.findIndex((/** @type {any} */ moment) => moment.id === this.progress.of(content.id).at);
    const at = asked.moment !== null ? Math.min(Math.max(asked.moment, 1), this.moments.length + 1) - 1 : Math.max(0, known);
    this.ready = this.#show(at, asked, replaceEntry);
  }

  close() {
    this.forget();
    this.#abort.abort();
    this.#showing.abort();
    for (const each of [this.scanner, this.widget, this.overlay, this.formula, this.locks]) each?.close();
    printed(this.content, false);
  }

  /** @param {number} at of the moment; their number: the end */
  go(at) {
    if (at >= 0 && at <= this.moments.length && at !== this.at) this.#show(at, null, pushEntry);
  }

  /** What is shown now; null at the end. */
  get moment() {
    return this.moments[this.at] ?? null;
  }

  /** @param {number} at
   *  @param {any} asked what the address says of the Scanner, for a moment that is opened by its address
   *  @param {(address: string) => unknown} enter what writes the address */
  async #show(at, asked, enter) {
    const isFirst = this.at < 0;
    this.at = at;
    this.#playTo = null;
    this.happened = nothing();
    this.#hasBegun = false;
    this.#showing.abort();
    const { signal } = (this.#showing = new AbortController());
    const { moment } = this;
    const seen = moment ?? this.moments.at(-1); // at the end the last picture stays
    delete this.host.dataset.ready;
    this.formula.hide(false);
    this.overlay.point(null);
    if (moment) this.progress.visit(this.content.id, moment.id);
    else if (this.progress.of(this.content.id).seen.includes(this.moments.at(-1).id))
      this.progress.finish(this.content.id, score(this.moments, this.progress.of(this.content.id).answers));
    const { session } = seen;
    this.#open(session, seen);
    enter(this.#address(session, asked));
    this.page.show(at, isFirst);
    await this.#showSession(session, asked, signal);
    if (signal.aborted) return;
    await this.widget.show(seen.widget);
    if (signal.aborted) return;
    this.locks.set(moment ? moment.unlocked : ["all"]);
    if (this.scanner && moment) this.#begin(moment, asked?.session === session ? asked : null);
    this.overlay.point(moment?.target ?? null);
    this.#hasBegun = true;
    this.#look();
    this.host.dataset.ready = moment?.id ?? "end"; // everything stands: whoever drives the page may go on
  }

  /** What the moment is about, by name: what its task names first, what it points at, or the picture beside the text. */
  #place() {
    const named = this.moment?.do && termIn(this.moment.do.text);
    return named || this.moment?.target || (this.moment?.widget ? "widget" : "stage");
  }

  /** Which parts of the page are seen.
   *  @param {string|null} session
   *  @param {any} moment */
  #open(session, moment) {
    const shows = (/** @type {string} */ panel) => moment.panels.includes(panel);
    const has = { scanner: session !== null, widget: Boolean(moment.widget), layers: shows("layers"), inspector: shows("inspector") };
    for (const [part, isSeen] of Object.entries(has)) this.host.classList.toggle(`has-${part}`, isSeen);
  }

  /** @param {string|null} session
   *  @param {any} asked
   *  @returns {string} search part of the address of this page */
  #address(session, asked) {
    const view = this.scanner && this.scanner.session === session ? this.scanner.desk.view : (asked ?? EMPTY_VIEW);
    return urlFromView({ ...(asked ?? view), lesson: this.content.id, moment: this.at + 1, session });
  }

  /** The Scanner of a session, built anew where another one was shown.
   *  @param {string|null} session
   *  @param {any} asked
   *  @param {AbortSignal} signal */
  async #showSession(session, asked, signal) {
    const place = { lesson: this.content.id, moment: this.at + 1 };
    if (this.scanner?.session === session) return this.scanner.desk.select(place);
    this.scanner?.close();
    this.scanner = null;
    window.mri = undefined;
    if (session === null) return;
    try {
      const { Scanner } = await import("../pages/scanner.mjs"); // after the text
      const stage = /** @type {HTMLElement} */ (document.getElementById("mri-stage"));
      const ask = () => openRun({ ...this.content.sessions[session], session }, signal, false);
      const run = await shownUntilAnswered(stage, "This session did not come", ask, signal);
      const own = asked?.session === session ? asked : { ...EMPTY_VIEW, session };
      this.host.classList.toggle("is-training", run.meta.session.kind === "training");
      this.#adopt(new Scanner(run, this.scales, { asked: { ...own, ...place, step: own.step ?? 0 } }));
    } catch (error) {
      if (!signal.aborted) showToast(/** @type {Error} */ (error).message, "error");
    }
  }

  /** @param {import("../pages/scanner.mjs").Scanner} scanner shown from now on */
  #adopt(scanner) {
    this.scanner = window.mri = scanner;
    scanner.player.subscribe(() => this.#look());
    scanner.desk.subscribe(() => this.#look());
    scanner.firstPaint.then(() => this.#mount(scanner.session));
  }

  /** A widget had something recorded: the one Scanner follows it, beside the widget, with all that is unlocked.
   *  @param {string} session
   *  @param {import("../pages/live_bar.mjs").LiveBar} bar
   *  @param {(endReason: string) => void} onEnd
   *  @returns {{close: () => void}} to be closed by the widget */
  follow(session, bar, onEnd) {
    const asked = { ...EMPTY_VIEW, session, lesson: this.content.id, moment: this.at + 1 };
    const boot = { session, num_steps: 0, is_steerable: true, limit: 0, asked };
    const makeRoom = () => this.host.classList.add("has-scanner", "has-inspector");
    const context = { scales: this.scales, bar, makeRoom, onEnd, isHere: () => this.host.isConnected };
    /** @type {import("../pages/following.mjs").Following|null} */
    let following = null;
    let isClosed = false;
    import("../pages/following.mjs").then(({ Following }) => {
      if (!isClosed) following = new Following(boot, { ...context, onScanner: (scanner) => this.#adopt(scanner) });
    });
    const close = () => {
      isClosed = true;
      following?.close();
      if (!following || this.scanner !== following.scanner) return; // another page shows another one by now
      this.scanner = null;
      this.host.classList.remove("has-scanner", "has-inspector");
    };
    return { close };
  }

  /** The inspector's charts come after the first picture, once. @param {string} session */
  #mount(session) {
    if (!this.#isMounted) window.dash_clientside.set_props(IDS.mounted, { data: session });
    this.#isMounted = true;
    this.locks.apply();
  }

  /** Set selection and clock as the moment says, or as the address did.
   *  @param {any} moment
   *  @param {any} asked */
  #begin(moment, asked) {
    const { player, desk, layout } = /** @type {import("../pages/scanner.mjs").Scanner} */ (this.scanner);
    if (!asked && Object.keys(moment.view).length) {
      const fields = { ...moment.view };
      if (fields.point && fields.neuron === undefined && fields.point !== desk.view.point) fields.neuron = null;
      if (layout.rows.has(fields.point ?? desk.view.point)) desk.select(fields);
    }
    const { seek, play_to: playTo, loop, play, speed } = moment.player;
    player.setLoop(loop ?? null);
    if (speed !== undefined) player.setSpeed(speed);
    if (asked?.step !== null && asked?.step !== undefined) return player.pause();
    if (seek !== undefined) player.seek(seek);
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (playTo !== undefined && isCalm) player.seek(playTo);
    else if (playTo !== undefined) this.#playTo = playTo;
    if ((play || loop || playTo !== undefined) && !isCalm) player.play();
    else player.pause();
    this.happened = { ...nothing(), step: player.step, visited: new Set([player.step]) };
  }

  /** Something moved or was chosen: is what was asked for done? */
  #look() {
    const { scanner, moment, happened } = this;
    if (!moment || !this.#hasBegun) return;
    if (scanner) {
      const { player, desk } = scanner;
      if (this.#playTo !== null && player.mode === "playing" && player.step >= this.#playTo) {
        this.#playTo = null;
        return player.pause();
      }
      happened.step = player.step;
      happened.visited.add(player.step);
      happened.played ||= player.mode === "playing";
      happened.view = desk.view;
      const { stepOf } = scanner.run;
      happened.token = stepOf.length ? Array.prototype.lastIndexOf.call(stepOf, player.step) : -1;
    }
    if (!moment.do || this.progress.of(this.content.id).done.includes(moment.id) || !holds(moment.do.when, happened)) return;
    this.progress.finishTask(this.content.id, moment.id);
    this.page.drawTask();
  }

  /** @param {string} name that a widget says happened */
  announce(name) {
    this.happened.announced.add(name);
    this.#look();
  }

  /** @param {string} name
   *  @param {number} at
   *  @param {HTMLElement} button */
  #explain(name, at, button) {
    this.formula.toggle(at, button);
    this.happened.opened.add(name);
    this.#look();
  }

  /** @param {number} answer */
  #answer(answer) {
    this.progress.answer(this.content.id, this.moment.id, answer);
    this.page.drawQuestion();
  }

  #restart() {
    this.progress.forget(this.content.id);
    this.at = -1;
    this.#show(0, null, pushEntry);
  }

  /** Back or forward within the lesson. */
  #restore() {
    const asked = viewFromUrl(location.search);
    if (!this.host.isConnected || location.pathname !== "/learn" || asked.lesson !== this.content.id) return this.close();
    const at = Math.min(Math.max(asked.moment ?? 1, 1), this.moments.length + 1) - 1;
    if (at !== this.at) this.#show(at, asked, replaceEntry);
  }
}
