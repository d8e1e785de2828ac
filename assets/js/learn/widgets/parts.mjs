/**
 * Pieces that widgets are made of: sliders, shapes, rows of tables, titles, small print, numbers as text. Knows the DOM and nothing else.
 */

import { trueMinus } from "../../core/format.mjs";
import { el, svg } from "../../shell/dom.mjs";

/** @param {number} value
 *  @param {number} [digits]
 *  @returns {string} with a true minus, and without trailing zeros */
export function numberText(value, digits = 2) {
  const text = String(Number(value.toFixed(digits)));
  return text === "-0" ? "0" : trueMinus(text);
}

/** @param {number} width in units of the picture
 *  @param {number} height
 *  @param {Record<string, any>} attributes
 *  @param {...Element} children
 *  @returns {any} a picture of its own; `aria-label` says what is to be seen */
export function picture(width, height, attributes, ...children) {
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", ...attributes }, ...children);
}

/** @param {readonly number[]} from x, y
 *  @param {readonly number[]} to x, y
 *  @param {string} kind class
 *  @param {Record<string, any>} [attributes]
 *  @returns {SVGLineElement} */
export function line([x1, y1], [x2, y2], kind, attributes = {}) {
  return svg("line", { x1, y1, x2, y2, class: kind, ...attributes });
}

/** @param {readonly number[]} at x, y of the middle
 *  @param {number} r
 *  @param {string} kind class
 *  @returns {SVGCircleElement} */
export function dot([cx, cy], r, kind) {
  return svg("circle", { cx, cy, r, class: kind });
}

/** @param {number} x
 *  @param {number} y of the line of writing
 *  @param {string|number} text
 *  @param {Record<string, any>} [attributes]
 *  @returns {SVGTextElement} */
export function label(x, y, text, attributes = {}) {
  return svg("text", { x, y, text, ...attributes });
}

/** @param {readonly (readonly number[])[]} places x, y
 *  @returns {string} for a polyline or polygon */
export function points(places) {
  return places.map((place) => place.join()).join(" ");
}

/** A range input with its name and value. `data-part` makes it a place that the text can glow.
 *  @param {{label: string, part?: string, min?: number, max: number, step?: number, value: number, onInput: (value: number) => void, words?: (value: number) => string}} options
 *    `words`: the value in words
 *  @returns {{node: HTMLElement, value: () => number, set: (value: number) => void}} */
export function slider({ label, part, min = 0, max, step = 1, value, onInput, words = numberText }) {
  const input = el("input", { type: "range", min, max, step, value, "data-mri-keys": "own", "aria-label": label });
  const out = el("output", { text: words(value) });
  const show = (/** @type {number} */ now) => {
    out.textContent = words(now);
    input.setAttribute("aria-valuetext", `${label} ${words(now)}`);
  };
  input.addEventListener("input", () => {
    show(Number(input.value));
    onInput(Number(input.value));
  });
  show(value);
  const node = el("label", { class: "widget-slider", "data-part": part }, el("span", { text: label }), input, out);
  return {
    node,
    value: () => Number(input.value),
    set: (now) => {
      input.value = String(now);
      show(now);
    },
  };
}

/** What kind of numbers a picture shows.
 *  @param {string} kind "measured", "derived" or "picture"
 *  @param {string} title
 *  @returns {HTMLElement} */
export function kindChip(kind, title) {
  return el("span", { class: `mri-kind mri-kind-${kind}`, tabindex: 0, title, text: kind });
}

/** A widget's title with what its numbers are.
 *  @param {string} title
 *  @param {"measured"|"derived"|"picture"} kind
 *  @param {Record<string, string>} words `<kind>_says`: how they came about */
export function heading(title, kind, words) {
  return el("div", { class: "widget-head" }, el("h3", { text: title }), kindChip(kind, words[`${kind}_says`]));
}

/** @param {number} share 0…1
 *  @returns {string} a length for CSS, never so short that it cannot be seen where there is something */
export function widthOf(share) {
  return share > 0 ? `max(2px, ${(100 * share).toFixed(2)}%)` : "0";
}

/** A wide widget: its title and, below, its pieces.
 *  @param {HTMLElement} host
 *  @param {...(Node|string)} children its `heading` first */
export function fill(host, ...children) {
  host.replaceChildren(el("div", { class: "learn-wide" }, ...children));
}

/** At which word of a sentence one looks.
 *  @param {any} words of the lesson
 *  @param {readonly string[]} tokens
 *  @param {readonly unknown[]} steps what there is at each word
 *  @param {number} value
 *  @param {() => void} onInput */
export function wordSlider(words, tokens, steps, value, onInput) {
  return slider({ label: words.word, part: "word", max: steps.length - 1, value, words: (now) => tokens[now], onInput });
}

/** @param {string} text
 *  @returns {HTMLElement} small print */
export function note(text) {
  return el("p", { class: "mri-note", text });
}

/** Small print that begins with what kind of numbers it speaks of.
 *  @param {"measured"|"derived"} kind
 *  @param {string} name of the kind, in the lesson's words
 *  @param {string} text
 *  @param {string} [tag]
 *  @returns {HTMLElement} */
export function kindNote(kind, name, text, tag = "p") {
  return el(tag, { class: "mri-note" }, el("span", { class: `mri-kind mri-kind-${kind}`, text: name }), ` ${text}`);
}

/** @param {readonly string[]} heads of the columns; "": none
 *  @param {readonly HTMLElement[]} rows
 *  @returns {HTMLElement[]} head and body of a table */
export function tableParts(heads, rows) {
  const cells = heads.map((text) => (text ? el("th", { scope: "col", text }) : el("td")));
  return [el("thead", {}, el("tr", {}, ...cells)), el("tbody", {}, ...rows)];
}

/** @param {string} name of the row
 *  @param {readonly (Node|string)[]} cells a td is taken as it is
 *  @param {Record<string, any>} [attributes]
 *  @returns {HTMLElement} row of a table */
export function row(name, cells, attributes = {}) {
  const all = cells.map((cell) => (cell instanceof HTMLTableCellElement ? cell : el("td", {}, cell)));
  return el("tr", attributes, el("th", { scope: "row", text: name }), ...all);
}

/** A figure in a table.
 *  @param {string} text */
export function figure(text) {
  return el("td", { class: "lw-figure", text });
}
