/**
 * Whether what a page asks for was done: the closed set of conditions, against what is and what happened.
 *
 * mri/lessons/conditions.py has the same names. Pure: knows no page and no Scanner.
 */

/** @typedef {object} Happened since the moment began, and what is now
 *  @property {number|null} step null: no scan is shown
 *  @property {boolean} played
 *  @property {Set<number>} visited steps that the clock stood at
 *  @property {Record<string, any>} view the Scanner's selection
 *  @property {number} token position of the token that this step read last, −1: none
 *  @property {Set<string>} opened names of numbers
 *  @property {Set<string>} announced by the widget */

/** @type {Readonly<Record<string, (value: any, happened: Happened) => boolean>>} */
export const CONDITIONS = Object.freeze({
  step_at: (value, { step }) => step === value,
  step_at_least: (value, { step }) => step !== null && step >= value,
  played: (_, { played }) => played,
  visited: (value, { visited }) => visited.size >= value,
  selected: (value, { view, token }) => Object.entries(value).every(([name, wanted]) => (name === "token" ? token : view[name]) === wanted),
  watched: (value, { view }) => (view.watched ?? []).includes(value),
  tab: (value, { view }) => view.tab === value,
  picture: (value, { view }) => (view.picture ?? "tower") === value,
  opened: (value, { opened }) => opened.has(value),
  widget: (value, { announced }) => announced.has(value),
});

/** @param {Record<string, any>} condition all of it must hold
 *  @param {Happened} happened */
export function holds(condition, happened) {
  return Object.entries(condition).every(([name, value]) => CONDITIONS[name](value, happened));
}

/** @returns {Happened} nothing yet */
export function nothing() {
  return { step: null, played: false, visited: new Set(), view: {}, token: -1, opened: new Set(), announced: new Set() };
}
