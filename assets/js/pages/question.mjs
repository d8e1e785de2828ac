/**
 * What the Neurons page asks for, and the address that says so.
 *
 * Knows the fields and how they look in an address. Refuses to know the page and what there is to find. Pure.
 */

import { fieldsFromUrl, number, oneOf, text } from "../core/address.mjs";

/** @typedef {object} Boot what the page says once
 *  @property {string} session
 *  @property {string} point
 *  @property {Record<string, number>} widths neurons of each hook point with captured values
 *  @property {string[]} blocks hook points that are in several blocks
 *  @property {boolean} comparable whether the session says its weights */

const DEFAULTS = Object.freeze({ neuron: 0, span: "point", scope: "session", method: "kmeans", groups: "auto", seed: 0, tab: "groups" });

const READERS = {
  point: (/** @type {string} */ asked) => asked, // hook point: whether the session has it, its widths say
  neuron: number(/^\d{1,9}$/),
  span: oneOf("point", "blocks"), // neurons of the hook point, or of the same place in every block
  scope: oneOf("session", "weights"), // steps of the session, or of all sessions with its weights
  method: oneOf("kmeans", "ward"),
  groups: text(/^(auto|[2-9]|1[0-2])$/),
  seed: number(/^\d{1,6}$/),
  tab: oneOf("groups", "neuron"),
};

/** @typedef {{[Name in keyof typeof READERS]: NonNullable<ReturnType<(typeof READERS)[Name]>>} & {session: string}} Question */

/** What an address asks for; what it does not say, or says wrongly, is as usual. A neuron means its dossier.
 *  @param {string} search
 *  @param {Boot} boot */
export function questionFromUrl(search, boot) {
  const asked = fieldsFromUrl(search, READERS);
  if (asked.neuron !== undefined) asked.tab ??= "neuron";
  const point = asked.point in boot.widths ? asked.point : boot.point;
  return valid({ ...DEFAULTS, ...asked, session: boot.session, point }, boot);
}

/** @param {any} question
 *  @param {Boot} boot
 *  @returns {Question} one that this session can answer */
export function valid(question, boot) {
  const { point, span, scope, neuron } = question;
  return {
    ...question,
    neuron: Math.min(neuron, boot.widths[point] - 1),
    span: boot.blocks.includes(point) ? span : "point",
    scope: boot.comparable ? scope : "session",
  };
}

/** @param {Question} question
 *  @returns {string} like "?session=demo&point=block.3.mlp_act"; what is as usual is left out. Inverse of questionFromUrl */
export function urlFromQuestion(question) {
  const { session, point, ...rest } = question;
  const params = new URLSearchParams({ session, point });
  for (const [name, value] of Object.entries(rest)) {
    const isUsual = DEFAULTS[/** @type {keyof typeof DEFAULTS} */ (name)] === value;
    if (name === "neuron" ? question.tab === "neuron" || !isUsual : !isUsual) params.set(name, String(value));
  }
  if (params.has("neuron")) params.set("tab", question.tab); // a neuron alone means its dossier
  return `?${params}`;
}

/** @param {string} kind a panel
 *  @param {Question} question
 *  @returns {string} address of its numbers */
export function csvAddress(kind, { session, point, neuron, span, scope, method, groups, seed }) {
  if (kind === "dossier-history")
    return `/sessions/${encodeURIComponent(session)}/panels/history.csv?${new URLSearchParams({ step: "0", point, neuron: String(neuron) })}`;
  const fields = { session, point, neuron: String(neuron), span, scope, method, groups, seed: String(seed) };
  return `/neurons/${kind}.csv?${new URLSearchParams(fields)}`;
}

/** @param {string} name as a point of a figure says it: "block.3.mlp_act · 17", perhaps with more behind it */
export function neuronFromName(name) {
  const [, point, neuron] = /^(\S+) · (\d+)/.exec(name) ?? [];
  return point === undefined ? null : { point, neuron: Number(neuron) };
}
