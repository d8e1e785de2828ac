/**
 * A lesson's prose: nodes (mri/lessons/lesson.py) -> elements. Text only ever becomes text.
 *
 * Knows the kinds of nodes. Refuses to know what a click on a number or a term does.
 */

import { el } from "../shell/dom.mjs";

/** @typedef {string | {tag?: string, href?: string, term?: string, number?: string, at?: number, text?: string, children?: LessonNode[]}} LessonNode */

const TAGS = /^(p|em|strong|code|ul|ol|li|h3|br|blockquote|pre|table|thead|tbody|tr|th|td)$/;

/** @param {string} words with {names}
 *  @param {Record<string, any>} values */
export function filled(words, values) {
  return words.replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name]) : all));
}

/** @param {LessonNode[]} nodes
 *  @param {object} context
 *  @param {any} context.words of the machinery
 *  @param {(name: string, at: number, button: HTMLElement) => void} context.onNumber
 *  @returns {(Node|string)[]} */
export function build(nodes, context) {
  return nodes.map((node) => {
    if (typeof node === "string") return node;
    const children = () => build(node.children ?? [], context);
    if (node.number !== undefined) return numberButton(node, context);
    if (node.term !== undefined) return pressable({ class: "learn-term", "data-term": node.term }, ...children());
    if (node.tag === "a") return el("a", { href: node.href }, ...children());
    return TAGS.test(node.tag ?? "") ? el(/** @type {string} */ (node.tag), {}, ...children()) : el("span", {}, ...children());
  });
}

/** A button that breaks over lines as words do, and keeps the full stop behind it.
 *  @param {Record<string, any>} attributes
 *  @param {...(Node|string)} children
 *  @returns {HTMLElement} */
function pressable(attributes, ...children) {
  const span = el("span", { role: "button", tabindex: 0, ...attributes }, ...children);
  span.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    span.click();
  });
  return span;
}

/** @param {any} node
 *  @param {Parameters<typeof build>[1]} context */
function numberButton({ number, at, text }, { words, onNumber }) {
  const says = { title: words.number.title, "aria-label": filled(words.number.label, { text }), "aria-expanded": "false" };
  const button = pressable({ class: "learn-number", "data-number": number, "data-at": at, text, ...says });
  button.addEventListener("click", () => onNumber(number, at, button));
  return button;
}

/** @param {LessonNode[]} nodes
 *  @returns {string} the first place that they name, or "" */
export function termIn(nodes) {
  for (const node of nodes) {
    const found = typeof node === "string" ? "" : (node.term ?? termIn(node.children ?? []));
    if (found) return found;
  }
  return "";
}
