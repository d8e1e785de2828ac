/**
 * Pieces that widgets are made of: labelled sliders, SVG elements, numbers as text. Knows the DOM and nothing else.
 */

import { trueMinus } from "../../core/format.mjs";
import { el } from "../../shell/dom.mjs";

/** @param {number} value
 *  @param {number} [digits]
 *  @returns {string} with a true minus, and without trailing zeros */
export function numberText(value, digits = 2) {
  const text = String(Number(value.toFixed(digits)));
  return text === "-0" ? "0" : trueMinus(text);
}

/** @param {string} tag
 *  @param {Record<string, any>} [attributes] null and false leave one out; `text`
 *  @param {...Element} children
 *  @returns {any} */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    if (name === "text") node.textContent = value;
    else node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

/** A range input with its name and value. `data-part` makes it a place that the text can glow.
 *  @param {{label: string, part?: string, min: number, max: number, step?: number, value: number, onInput: (value: number) => void, words?: (value: number) => string}} options
 *    `words`: the value in words
 *  @returns {{node: HTMLElement, value: () => number, set: (value: number) => void}} */
export function slider({ label, part, min, max, step = 1, value, onInput, words = numberText }) {
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
