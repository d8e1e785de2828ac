/**
 * The place of a moment's own picture: fetches the module of a widget, mounts it, hands it what it needs.
 *
 * Refuses to know what any widget shows.
 */

import { button, el } from "../shell/dom.mjs";

/** @typedef {object} WidgetContext what `mount(host, context)` of assets/js/learn/widgets/<name>.mjs is given
 *  @property {any} data plain lists for its pictures: `widget_data` of the level's code
 *  @property {Record<string, import("./formula.mjs").LessonNumber>} numbers by name
 *  @property {any} words of the lesson (words.<language>.yaml beside its text)
 *  @property {Record<string, any>} state the moment's `widget` fields
 *  @property {(name: string) => void} announce something was done
 *  @property {() => any} scanner the Scanner that is shown, or null
 *  @property {(session: string, bar: import("../pages/live_bar.mjs").LiveBar, onEnd: (endReason: string) => void) => {close: () => void}} follow
 *    have the Scanner follow a recording under way
 *  @property {(heard: (step: number) => void) => void} onStep called now and whenever the clock moves
 *  @property {(heard: (view: any) => void) => void} onView called now and whenever something else is selected */

/** @typedef {{close?: () => void, set?: (state: any) => void}} Widget `set`: the next moment's state; without it, it is mounted anew */
/** @typedef {(host: HTMLElement, context: WidgetContext) => Widget|void} Mount */

export class WidgetHost {
  #name = "";
  #turn = {}; // of the widget that is wanted: its module may come when another one is
  /** @type {Widget|null} */
  #widget = null;
  /** @type {(() => void)[]} */
  #unsubscribe = [];

  /** @param {HTMLElement} host
   *  @param {{lesson: import("./lesson.mjs").Lesson}} context */
  constructor(host, { lesson }) {
    this.host = host;
    this.lesson = lesson;
  }

  close() {
    for (const each of this.#unsubscribe.splice(0)) each();
    this.#widget?.close?.();
    this.#widget = null;
    this.#name = "";
    this.#turn = {};
    this.host.replaceChildren();
  }

  /** The widget that a moment names; the same one as before goes on with a new state.
   *  @param {Record<string, any>|null} wanted */
  async show(wanted) {
    const { lesson } = this;
    if (!wanted) return this.close();
    const name = `${wanted.name} ${lesson.scanner?.session ?? ""}`;
    if (name === this.#name && this.#widget?.set) return this.#widget.set(wanted);
    this.close();
    this.#name = name;
    const turn = this.#turn;
    try {
      const { default: mount } = await import(`./widgets/${wanted.name}.mjs`);
      if (this.#turn !== turn) return; // another page by now
      this.#widget = mount(this.host, this.#context(wanted)) ?? null;
    } catch (error) {
      if (this.#turn !== turn) return;
      console.warn(error);
      const reload = button(() => location.reload(), { text: lesson.words.lesson.reload });
      this.host.replaceChildren(el("div", { class: "mri-loading", role: "alert" }, el("p", { text: lesson.words.lesson.widget_failed }), reload));
    }
  }

  /** @param {{subscribe: (heard: () => void) => () => void}} source
   *  @param {() => void} heard called now and whenever it changes */
  #hear(source, heard) {
    this.#unsubscribe.push(source.subscribe(heard));
    heard();
  }

  /** @param {Record<string, any>} state
   *  @returns {WidgetContext} */
  #context(state) {
    const { lesson } = this;
    const { data, named, numbers, own_words: words } = lesson.content;
    return {
      data,
      numbers: Object.fromEntries(Object.entries(named).map(([name, at]) => [name, numbers[/** @type {number} */ (at)]])),
      words,
      state,
      announce: (name) => lesson.announce(name),
      scanner: () => lesson.scanner,
      follow: (session, bar, onEnd) => lesson.follow(session, bar, onEnd),
      onStep: (heard) => {
        const player = lesson.scanner?.player;
        if (player) this.#hear(player, () => heard(player.step));
      },
      onView: (heard) => {
        const desk = lesson.scanner?.desk;
        if (desk) this.#hear(desk, () => heard(desk.view));
      },
    };
  }
}
