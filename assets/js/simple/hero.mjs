/**
 * The sentence, large, with its blank: the page's clock. Looks back stand over it as curves, or on its words where it wraps.
 *
 * Knows the DOM and a step in plain words. Refuses to know frames and the clock: it says which word was clicked.
 */

import { el, say } from "../shell/dom.mjs";
import { placeCurves } from "./curves.mjs";
import { percentOf } from "./numbers.mjs";

/** @typedef {import("./words.mjs").Sentence} Sentence */
/** @typedef {import("./looks.mjs").Look} Look */
/** @typedef {{sentence: Sentence, looks: Look[]}} Shown */

const ROOM_PX = 74; // over the words, for curves
const SVG = "http://www.w3.org/2000/svg";

export class Hero {
  #of = "";
  /** @type {Shown|null} */
  #shown = null;
  /** Of the curves, in the field's words.
   *  @type {string[]} */
  #names = [];

  /** @param {object} context
   *  @param {(step: number) => void} context.onSeek
   *  @param {(position: number) => string} context.wordAt
   *  @param {(step: number) => string} context.howLikely the word that this step chose, in words; "" while it is not known */
  constructor({ onSeek, wordAt, howLikely }) {
    this.wordAt = wordAt;
    this.howLikely = howLikely;
    this.asked = el("p", { class: "simple-asked", hidden: true });
    this.words = el("p", { class: "simple-words", translate: "no", lang: "und" });
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("aria-hidden", "true");
    this.labels = el("div", { class: "simple-curve-labels" });
    this.line = el("div", { class: "simple-line" }, this.svg, this.labels, this.words);
    this.told = el("p", { class: "simple-told" });
    this.words.addEventListener("click", (/** @type {any} */ event) => {
      const step = event.target.closest?.("[data-step]")?.getAttribute("data-step");
      if (step) onSeek(Number(step));
    });
    this.words.addEventListener("pointerover", (/** @type {any} */ event) => this.#tell(event.target.closest?.("[data-step]")));
    this.observer = new ResizeObserver(() => this.#shown && this.#place());
    this.observer.observe(this.line);
  }

  close() {
    this.observer.disconnect();
  }

  /** @param {HTMLElement|null} word under the pointer */
  #tell(word) {
    if (!word) return;
    const likely = this.howLikely(Number(word.dataset.step));
    word.title = `${likely ? `${likely}. ` : ""}Click: go to where it was chosen`;
  }

  /** @param {Sentence} sentence
   *  @param {Look[]} looks that are told
   *  @param {boolean} isLong the text of the whole recording is: its words are smaller
   *  @param {string} name of the two together, another one where they are others */
  draw(sentence, looks, isLong, name) {
    if (name === this.#of) return;
    this.#of = name;
    this.#shown = { sentence, looks };
    this.asked.hidden = !sentence.asked;
    say(this.asked, sentence.asked ? `Asked: “${sentence.asked}”` : "");
    /** @type {Map<number, string>} */
    const at = new Map();
    for (const { position, weight } of looks.flatMap((look) => look.at)) at.set(position, [at.get(position), percentOf(weight)].filter(Boolean).join(" · "));
    const last = sentence.words.findLast(({ isAside }) => !isAside);
    const parts = sentence.words.flatMap((word) => {
      const looked = at.has(word.position) ? " is-looked" : "";
      const kind = word.isAside ? "simple-aside" : `simple-word${looked}${word === last ? " is-last" : ""}`;
      const attributes = { class: kind, "data-position": word.position, "data-weight": at.get(word.position) ?? null, text: word.text };
      const node =
        word.chosenBy >= 0 && !word.isAside
          ? el("button", { type: "button", tabindex: -1, "data-step": word.chosenBy, ...attributes })
          : el("span", attributes);
      return word.hasSpace ? [" ", node] : [node];
    });
    const { blank } = sentence;
    const says = { model: "the model chooses", prompt: "the sentence goes on with", calculator: "the calculator puts in", none: "nothing follows" }[blank.by];
    if (blank.by !== "none") {
      const box = el("span", { class: `simple-blank is-${blank.by}${blank.isEnd ? " is-end" : ""}`, title: says, text: blank.text });
      parts.push(...(blank.hasSpace || blank.by === "model" ? [" "] : []), box);
    }
    this.line.classList.toggle("is-long", isLong);
    this.words.replaceChildren(...(sentence.isCut ? [el("span", { class: "simple-aside", text: "…" })] : []), ...parts);
    this.#place();
  }

  /** Curves where they fit, else the words say it themselves. */
  #place() {
    const { looks } = /** @type {Shown} */ (this.#shown);
    this.line.classList.remove("is-plain");
    this.line.classList.toggle("has-looks", looks.length > 0);
    const curves = this.#isOneLine() ? this.#curves(looks) : null;
    this.line.classList.toggle("is-plain", !curves);
    this.svg.replaceChildren();
    if (!curves) this.labels.replaceChildren();
    for (const { path, width, label } of curves ?? []) {
      const line = document.createElementNS(SVG, "path");
      line.append(title(this.#names[Number(label)]));
      line.setAttribute("d", path);
      line.style.strokeWidth = `${width}px`;
      this.svg.append(line);
    }
    const told = curves
      ? []
      : looks.flatMap((look, i) => [i ? " · " : "", lookName(look, i > 0), `: ${look.at.map(({ position }) => `“${this.wordAt(position)}”`).join(", ")}`]);
    this.told.replaceChildren(...told);
  }

  #isOneLine() {
    const nodes = [...this.words.children];
    return nodes.length > 0 && nodes.every((node) => Math.abs(node.getBoundingClientRect().bottom - nodes[0].getBoundingClientRect().bottom) < 18);
  }

  /** @param {Look[]} looks
   *  @returns {import("./curves.mjs").Curve[]|null} null: no room */
  #curves(looks) {
    const frame = this.line.getBoundingClientRect();
    const boxOf = (/** @type {Element|null} */ node) => {
      const box = node?.getBoundingClientRect();
      return box ? { left: box.left - frame.left, right: box.right - frame.left, top: box.top - frame.top } : null;
    };
    const to = boxOf(this.words.querySelector(".is-last") ?? this.words.querySelector(".simple-blank"));
    if (!to) return null;
    /** @type {import("./curves.mjs").Asked[]} */
    const asked = [];
    /** @type {HTMLElement[]} */
    const labels = [];
    this.#names = [];
    for (const look of looks) {
      for (const [i, { position, weight }] of byPosition(look).entries()) {
        const from = boxOf(this.words.querySelector(`[data-position="${position}"]`));
        if (!from) return null;
        const label = el("span", { class: "simple-curve-label" }, el("i", { text: `gets ${percentOf(weight)}${i ? "" : " of "}` }), i ? "" : lookName(look));
        labels.push(label);
        this.#names.push(fieldName(look));
        asked.push({ from, weight, label: String(labels.length - 1), labelPx: 0 });
      }
    }
    this.labels.replaceChildren(...labels);
    asked.forEach((each, i) => (each.labelPx = labels[i].offsetWidth));
    const curves = placeCurves(asked, to, ROOM_PX);
    for (const { label, x, y } of curves ?? []) labels[Number(label)].style.translate = `${Math.round(x)}px calc(${Math.round(y)}px - 50%)`;
    return curves;
  }
}

/** @param {Look} look
 *  @param {boolean} [isNext] behind another one, with which it shares its first words
 *  @returns {HTMLElement} */
function lookName(look, isNext = false) {
  return el("span", { class: "simple-look", text: `${isNext ? "" : "one look back of "}layer ${look.layer}`, title: fieldName(look) });
}

/** @param {Look} look
 *  @returns {string} */
function fieldName({ layer, head }) {
  return `Layer ${layer}, look ${head}: attention of block ${layer}, head ${head}, measured`;
}

/** @param {string} text
 *  @returns {SVGElement} what the browser says under the pointer */
function title(text) {
  const node = document.createElementNS(SVG, "title");
  node.textContent = text;
  return node;
}

/** @param {Look} look
 *  @returns {Look["at"]} its words as they stand: the first one bears its name */
function byPosition({ at }) {
  return [...at].sort((a, b) => a.position - b.position);
}
