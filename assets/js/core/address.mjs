/**
 * The address bar as a selection, and back.
 *
 * Knows the selection's fields and how each is written. Refuses to know sessions: whether a step or a hook point exists is for
 * those who hold the session.
 */

import { GROUPS_PATTERN } from "./groups.mjs";

/** @typedef {object} View null: nothing chosen, the page takes its default
 *  @property {string|null} lesson
 *  @property {number|null} moment of the lesson, from 1
 *  @property {string|null} session
 *  @property {string|null} lanes sessions that stand beside it, separated by commas
 *  @property {"1"|null} difference of two lanes, in one picture
 *  @property {number|null} step
 *  @property {string|null} point hook point key
 *  @property {number|null} layer
 *  @property {number|null} head
 *  @property {number|null} neuron
 *  @property {string|null} tab
 *  @property {"tower"|"flat"|null} picture of the stage
 *  @property {"attention"|"gradient"|null} influence measure over the token ribbon
 *  @property {string|null} loop "first-last", the steps that playing stays in
 *  @property {string|null} groups of neurons that colour the stage, see core/groups.mjs
 *  @property {readonly string[]|null} watched neurons to keep an eye on, "<hook point>:<neuron>", see core/watched.mjs
 *  @property {string|null} a of the Compare page: one session
 *  @property {string|null} b the other one
 *  @property {"prefix"|"mapping"|"pooled"|null} align how their tokens stand for each other
 *  @property {"difference"|"cosine"|"length"|null} by what its map shows */

/** What a value in the address must look like; anything else is taken as not there. */
const NUMBER = /^\d{1,9}$/;
const PATTERNS = {
  lesson: /^[a-z0-9-]{1,64}$/,
  moment: NUMBER,
  session: /^[A-Za-z0-9_-]{1,64}$/,
  lanes: /^[A-Za-z0-9_-]{1,64}(,[A-Za-z0-9_-]{1,64}){0,7}$/,
  difference: /^1$/,
  step: NUMBER,
  point: /^[\w.-]{1,200}$/,
  layer: NUMBER,
  head: NUMBER,
  neuron: NUMBER,
  tab: /^[\w-]{1,40}$/,
  loop: /^\d{1,9}-\d{1,9}$/,
  picture: /^(tower|flat)$/,
  influence: /^(attention|gradient)$/,
  groups: GROUPS_PATTERN,
  watched: /^[\w.-]{1,200}:\d{1,9}(,[\w.-]{1,200}:\d{1,9}){0,5}$/,
  a: /^[A-Za-z0-9_-]{1,64}$/,
  b: /^[A-Za-z0-9_-]{1,64}$/,
  align: /^(prefix|mapping|pooled)$/,
  by: /^(difference|cosine|length)$/,
};

/** Nothing chosen yet.
 *  @type {Readonly<View>} */
export const EMPTY_VIEW = Object.freeze(/** @type {View} */ (Object.fromEntries(Object.keys(PATTERNS).map((name) => [name, null]))));

/** @param {string} search like "?session=demo&step=12"
 *  @returns {View} */
export function viewFromUrl(search) {
  const params = new URLSearchParams(search);
  const view = { ...EMPTY_VIEW };
  for (const [name, pattern] of Object.entries(PATTERNS)) {
    const text = params.get(name);
    if (text === null || !pattern.test(text)) continue;
    /** @type {any} */ (view)[name] = pattern === NUMBER ? Number(text) : name === "watched" ? [...new Set(text.split(","))] : text;
  }
  return view;
}

/** @param {View} view
 *  @returns {string} like "?session=demo&step=12", "" where nothing is chosen; inverse of viewFromUrl */
export function urlFromView(view) {
  const texts = Object.keys(PATTERNS).map((name) => [name, String(/** @type {any} */ (view)[name] ?? "")]);
  const params = new URLSearchParams(texts.filter(([, text]) => text !== ""));
  return params.size ? `?${params}`.replaceAll("%3A", ":").replaceAll("%2C", ",") : ""; // both may stand in a query as they are
}
