/**
 * The address bar as a selection, and back.
 *
 * Knows the selection's fields and how each is written. Refuses to know sessions: whether a step or a hook point exists is for
 * those who hold the session.
 */

import { GROUPS_PATTERN } from "./groups.mjs";

/** @typedef {(text: string) => any} Reader value of a field, null where the text cannot be one and is taken as not there */

/** @param {RegExp} pattern
 *  @returns {(text: string) => string|null} */
export const text = (pattern) => (asked) => (pattern.test(asked) ? asked : null);

/** @param {RegExp} pattern
 *  @returns {(text: string) => number|null} */
export const number = (pattern) => (asked) => (pattern.test(asked) ? Number(asked) : null);

/** @template {string} T
 *  @param {...T} words
 *  @returns {(text: string) => T|null} */
export const oneOf =
  (...words) =>
  (asked) =>
    words.find((word) => word === asked) ?? null;

const SESSION = text(/^[A-Za-z0-9_-]{1,64}$/);
const COUNT = number(/^\d{1,9}$/);
const SWITCH = (/** @type {string} */ asked) => (asked === "1" ? /** @type {const} */ (1) : null);
const WATCHED = /^[\w.-]{1,200}:\d{1,9}(,[\w.-]{1,200}:\d{1,9}){0,5}$/;

const READERS = {
  lesson: text(/^[a-z0-9-]{1,64}$/),
  moment: COUNT, // of the lesson, from 1
  session: SESSION,
  view: oneOf("simple", "full"), // of the Scanner's page
  look: COUNT, // the layer whose strongest look back Simple shows; null: the two strongest of all
  lanes: text(/^[A-Za-z0-9_-]{1,64}(,[A-Za-z0-9_-]{1,64}){0,7}$/), // sessions that stand beside it
  difference: SWITCH, // of two lanes, in one picture
  step: COUNT,
  point: text(/^[\w.-]{1,200}$/), // hook point key
  layer: COUNT,
  head: COUNT,
  neuron: COUNT,
  tab: text(/^[\w-]{1,40}$/),
  loop: text(/^\d{1,9}-\d{1,9}$/), // "first-last", the steps that playing stays in
  token: COUNT, // whose lead Why explains; null: the one that the step chose
  against: COUNT, // its rival there; null: the strongest other one
  part: text(/^\d{1,4}\.(\d{1,4}|mlp)$/), // a head or an MLP that is selected there, "3.1" or "4.mlp"
  picture: oneOf("tower", "flat", "why"), // of the stage
  influence: oneOf("attention", "gradient"), // measure over the token ribbon
  groups: text(GROUPS_PATTERN), // of neurons that colour the stage, see core/groups.mjs
  /** Neurons to keep an eye on, "<hook point>:<neuron>", see core/watched.mjs.
   *  @returns {readonly string[]|null} */
  watched: (/** @type {string} */ asked) => (WATCHED.test(asked) ? [...new Set(asked.split(","))] : null),
  a: SESSION, // of the Compare page: one session
  b: SESSION, // the other one
  align: oneOf("prefix", "mapping", "pooled"), // how their tokens stand for each other
  by: oneOf("difference", "cosine", "length"), // what its map shows
  sign: (/** @type {string} */ asked) => (asked === "0" ? /** @type {const} */ (0) : SWITCH(asked)), // whether it colours the stage; null: as its model does
  single: SWITCH, // only the selected hook point stands on the stage
  numbers: SWITCH, // statistics stand beside the plates
  lines: text(/^[\w.-]{1,200}(,[\w.-]{1,200}){0,3}$/), // added under the words: "entropy", or hook points whose l2 stays
  amount: oneOf("lost"), // what the picture of parts shows; null: what they wrote
  flow: oneOf("attention", "mlp", "tokens", "none"), // what the particles carry
  camera: text(/^(-?\d{1,3}(\.\d{1,3})?,){2}\d(\.\d{1,3})?$/), // "yaw,pitch,zoom" of the tower, see stage/camera.mjs
  stat: oneOf("mean", "std", "min", "max", "l2", "sparsity", "p99"), // over all hook points
  odds: oneOf("linear"), // scale of what comes next; null: log-odds
  heads: oneOf("entropy", "distance"), // by what they are coloured
  overlay: SWITCH, // the rows of all heads over each other
  temperature: number(/^(0\.[1-9]\d?|1(\.\d{1,2})?|2)$/), // of the predictions
  filter: text(/^[^\p{C}]{1,80}$/u), // words that the list of hook points is narrowed to
  sort: oneOf("l2", "sparsity", "p99", "change"), // of the list
  scale: oneOf("linear", "own"), // of its bars
  marks: oneOf("spread", "ends", "p99", "sparsity", "all"), // what stands in its rows; null: l2
};

/** What a person has chosen; null: nothing, the page takes its default.
 *  @typedef {{[Name in keyof typeof READERS]: ReturnType<(typeof READERS)[Name]>}} View */

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
