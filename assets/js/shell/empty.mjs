/**
 * An empty place of a page, as of `state` in mri/web/parts/states.py: what there is not, what to do now, and the ways on.
 */

import { button, el } from "./dom.mjs";

/** @typedef {{text: string, act: () => void}} Way */

export class Empty {
  #shown = "";

  constructor() {
    this.host = el("div", { class: "mri-state mri-state-empty", role: "status", hidden: true });
  }

  hide() {
    this.host.hidden = true;
  }

  /** @param {string} title
   *  @param {string} what to do now
   *  @param {Way} way the best one
   *  @param {...Way} others */
  show(title, what, way, ...others) {
    this.host.hidden = false;
    if (this.#shown === title + what) return; // nobody's focus is moved
    this.#shown = title + what;
    const ways = el("div", { class: "mri-ways" }, ...[way, ...others].map(({ text, act }) => button(act, { text })));
    this.host.replaceChildren(el("div", { class: "mri-state-mark" }), el("h2", { text: title }), el("p", { text: what }), ways);
  }
}
