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
 *  @property {1|null} difference of two lanes, in one picture
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
 *  @property {"difference"|"cosine"|"length"|null} by what its map shows
 *  @property {0|1|null} sign whether the stage colours by sign; null: as its kind of model does
 *  @property {1|null} single only the selected hook point stands on the stage
 *  @property {1|null} numbers statistics stand beside the plates
 *  @property {import("./flow.mjs").FlowKind|null} flow what the particles carry
 *  @property {string|null} camera "yaw,pitch,zoom" of the tower, see stage/camera.mjs
 *  @property {string|null} stat statistic over all hook points
 *  @property {"entropy"|"distance"|null} heads by what the heads are coloured
 *  @property {1|null} overlay the rows of all heads over each other
 *  @property {number|null} temperature of the predictions, 0.1 to 2
 *  @property {string|null} filter words that the list of hook points is narrowed to
 *  @property {Exclude<import("./hook_list.mjs").Sort, "model">|null} sort of the list
 *  @property {"linear"|"own"|null} scale of its bars */

/** @typedef {(text: string) => any} Reader value of a field, null where the text cannot be one and is taken as not there */

/** @param {RegExp} pattern
 *  @returns {Reader} */
export const text = (pattern) => (asked) => (pattern.test(asked) ? asked : null);

/** @param {RegExp} pattern
 *  @returns {Reader} */
export const number = (pattern) => (asked) => (pattern.test(asked) ? Number(asked) : null);

const SESSION = text(/^[A-Za-z0-9_-]{1,64}$/);
const COUNT = number(/^\d{1,9}$/);
const SWITCH = number(/^1$/);
const WATCHED = /^[\w.-]{1,200}:\d{1,9}(,[\w.-]{1,200}:\d{1,9}){0,5}$/;

/** @type {Record<keyof View, Reader>} */
const READERS = {
  lesson: text(/^[a-z0-9-]{1,64}$/),
  moment: COUNT,
  session: SESSION,
  lanes: text(/^[A-Za-z0-9_-]{1,64}(,[A-Za-z0-9_-]{1,64}){0,7}$/),
  difference: SWITCH,
  step: COUNT,
  point: text(/^[\w.-]{1,200}$/),
  layer: COUNT,
  head: COUNT,
  neuron: COUNT,
  tab: text(/^[\w-]{1,40}$/),
  loop: text(/^\d{1,9}-\d{1,9}$/),
  picture: text(/^(tower|flat)$/),
  influence: text(/^(attention|gradient)$/),
  groups: text(GROUPS_PATTERN),
  watched: (asked) => (WATCHED.test(asked) ? [...new Set(asked.split(","))] : null),
  a: SESSION,
  b: SESSION,
  align: text(/^(prefix|mapping|pooled)$/),
  by: text(/^(difference|cosine|length)$/),
  sign: number(/^[01]$/),
  single: SWITCH,
  numbers: SWITCH,
  flow: text(/^(attention|mlp|tokens|none)$/),
  camera: text(/^(-?\d{1,3}(\.\d{1,3})?,){2}\d(\.\d{1,3})?$/),
  stat: text(/^(mean|std|min|max|l2|sparsity|p99)$/),
  heads: text(/^(entropy|distance)$/),
  overlay: SWITCH,
  temperature: number(/^(0\.[1-9]\d?|1(\.\d{1,2})?|2)$/),
  filter: text(/^[^\p{C}]{1,80}$/u),
  sort: text(/^(l2|sparsity|p99|change)$/),
  scale: text(/^(linear|own)$/),
};

/** Nothing chosen yet.
 *  @type {Readonly<View>} */
export const EMPTY_VIEW = Object.freeze(/** @type {View} */ (Object.fromEntries(Object.keys(READERS).map((name) => [name, null]))));

/** @param {string} search like "?session=demo&step=12"
 *  @param {Record<string, Reader>} readers by the names of the fields
 *  @returns {Record<string, any>} the fields that the address says, and says rightly */
export function fieldsFromUrl(search, readers) {
  const params = new URLSearchParams(search);
  const fields = Object.entries(readers).map(([name, read]) => [name, params.has(name) ? read(params.get(name) ?? "") : null]);
  return Object.fromEntries(fields.filter(([, value]) => value !== null));
}

/** @param {string} search
 *  @returns {View} */
export function viewFromUrl(search) {
  return { ...EMPTY_VIEW, ...fieldsFromUrl(search, READERS) };
}

/** @param {View} view
 *  @returns {string} like "?session=demo&step=12", "" where nothing is chosen; inverse of viewFromUrl */
export function urlFromView(view) {
  const texts = Object.keys(READERS).map((name) => [name, String(/** @type {any} */ (view)[name] ?? "")]);
  const params = new URLSearchParams(texts.filter(([, text]) => text !== ""));
  return params.size ? `?${params}`.replaceAll("%3A", ":").replaceAll("%2C", ",") : ""; // both may stand in a query as they are
}
