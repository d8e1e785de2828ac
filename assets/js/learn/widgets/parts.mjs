/**
 * Pieces that widgets are made of: labelled sliders, SVG elements, numbers as text. Knows the DOM and nothing else.
 */

import { el } from "../../views/dom.mjs";

/** @param {number} value
 *  @param {number} [digits]
 *  @returns {string} with a true minus, and without trailing zeros */
export function numberText(value, digits = 2) {
  const text = String(Number(value.toFixed(digits)));
  return (text === "-0" ? "0" : text).replace("-", "−");
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
 *  @param {{label: string, part?: string, min: number, max: number, step: number, value: number, onInput: (value: number) => void, words?: (value: number) => string}} options
 *  @returns {{node: HTMLElement, set: (value: number) => void}} */
export function slider({ label, part, min, max, step, value, onInput, words = numberText }) {
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
  return el("span", { class: `mri-kind mri-kind-${kind}`, title, text: kind });
}
