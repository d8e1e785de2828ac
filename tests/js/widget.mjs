/** A widget of a lesson on a page in memory, for tests. */

import { find, fire, freshPage, served } from "./page.mjs";
import { SCALES } from "./recording.mjs";

/** @param {(host: HTMLElement, context: any) => any} mount of the widget
 *  @param {object} [context] what it is given, as of learn/widget.mjs, where a test has something of its own
 *  @returns what it announced, in order, and what moves the Scanner's clock */
export function mounted(mount, context = {}) {
  freshPage('<div id="host"></div><div id="mri-toasts"></div>');
  served(() => SCALES);
  const announced = [];
  let hear = () => {};
  const onStep = (heard) => (hear = heard)(0);
  const usual = { data: {}, numbers: {}, words: {}, state: {}, scanner: () => null, onStep, onView: () => {}, announce: (name) => announced.push(name) };
  const widget = mount(find("#host"), { ...usual, ...context });
  return { widget, announced, stepTo: (step) => hear(step) };
}

/** @param {string} part whose slider is moved
 *  @param {number} value */
export function slide(part, value) {
  const input = find(`${part} input`);
  input.value = String(value);
  fire(input, "input");
}

/** @param {string} selector
 *  @returns {string} what is written there */
export const written = (selector) => find(selector).textContent;
