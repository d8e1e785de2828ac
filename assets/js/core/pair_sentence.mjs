/**
 * Two recordings at one moment in plain sentences: by which words they differ, up to which block they are alike, what each
 * answers, and where one head looks in each. By fixed rules, from the page's own numbers; what was not captured is left out.
 *
 * Knows frames, tokens and the alignment. Refuses to know the page. Pure.
 */

import { formatPercent } from "./format.mjs";
import { attentionSummary, logits } from "./layout.mjs";
import { columnsOf } from "./moments.mjs";
import { nextName, numKeys, positionNames } from "./token_names.mjs";

/** Relative difference from which plates have parted; from here on the map writes its numbers. */
export const PARTED = 0.6;

/** Plain text, what belongs to A or B, or what the selection can show.
 *  @typedef {string | {text: string, side: "a"|"b"} | {text: string, of: Record<string, any>}} Part */

/** @typedef {object} Moment
 *  @property {import("./moments.mjs").Alignment} alignment
 *  @property {number} moment
 *  @property {readonly {run: {tokens: import("./types.mjs").Tokens, layout: import("./layout.mjs").Layout, numPrompt: number}, frame: import("./wire.mjs").Frame|null}[]} sides A and B
 *  @property {Record<string, number>|null} between relative difference of each plate; null: not known
 *  @property {{layer: number, head: number}} look the head that is told */

/** @param {Moment} at
 *  @returns {Part[]} texts put together are sentences with their full stops */
export function pairSentence(at) {
  const apart = apartInPrompts(at);
  return [...wordsPart(at, apart), ...momentPart(at, apart), ...lookPart(at)];
}

/** By which words of their prompts, or where behind them, the two differ.
 *  @param {Moment} at
 *  @param {number[][]} apart
 *  @returns {Part[]} */
function wordsPart({ alignment, sides }, apart) {
  const [a, b] = sides.map(({ run }) => run);
  if (!a.tokens.sequence.length || !b.tokens.sequence.length) return ["At least one of the two reads no words."];
  const { divergence, strategy } = alignment;
  if (!alignment.positions.length) return [strategy === "pooled" ? "Only means over all words are compared." : "No word of A stands for one of B."];
  const numSame = Math.min(a.tokens.sequence.length, b.tokens.sequence.length);
  if (divergence >= numSame)
    return [a.tokens.sequence.length === b.tokens.sequence.length ? "Both have the same words." : "One has the same words as the other, and more."];
  const parting = [said(a, divergence, "a"), " / ", said(b, divergence, "b")];
  if (divergence >= Math.max(a.numPrompt, b.numPrompt)) return ["The same prompt; then one goes on otherwise: ", ...parting, "."];
  if (isOneWord(apart)) return ["One word: ", said(a, apart[0][0], "a"), " / ", said(b, apart[1][0], "b"), "."];
  if (strategy === "prefix") return [`The same up to “${word(a, divergence - 1)}”, then `, ...parting, "."];
  const count = (/** @type {number} */ number) => (number === 1 ? "1 word" : `${number} words`);
  return [
    { text: `${count(apart[0].length)} of A`, side: "a" },
    " and ",
    { text: `${count(apart[1].length)} of B`, side: "b" },
    " stand for no word of the other.",
  ];
}

/** @param {Moment} at
 *  @returns {number[][]} of A and of B: positions of their prompts that stand for nothing in the other */
function apartInPrompts({ alignment, sides }) {
  const inPrompt = (/** @type {number} */ side, /** @type {number} */ position) => position >= 0 && position < sides[side].run.numPrompt;
  const columns = columnsOf(
    alignment,
    sides.map(({ run }) => run.tokens),
  ).filter(({ isMatched }) => !isMatched);
  return [columns.map(({ a }) => a).filter((a) => inPrompt(0, a)), columns.map(({ b }) => b).filter((b) => inPrompt(1, b))];
}

/** @param {number[][]} apart */
function isOneWord([a, b]) {
  return a.length === 1 && b.length === 1;
}

/** How alike the plates are at the moment, and what each answers.
 *  @param {Moment} at
 *  @param {number[][]} apart
 *  @returns {Part[]} */
function momentPart({ alignment, moment, sides, between }, apart) {
  const [a, b] = sides;
  if (!a.frame || !b.frame) return [];
  const [readA, readB] = sides.map(({ run, frame }) => word(run, numKeys(/** @type {any} */ (frame)) - 1));
  const isMatched = alignment.matched[moment];
  const plates = isMatched ? platesPart(between) : [];
  const changed = isOneWord(apart) ? apart.map(([position], i) => word(sides[i].run, position)) : [];
  const answers = answersPart(answerOf(a), answerOf(b), changed);
  /** @type {Part[]} */
  const where = readA === readB ? [` At “${readA}” `] : [" At ", { text: readA, side: "a" }, " / ", { text: readB, side: "b" }, " "];
  if (!isMatched) where[where.length - 1] += "nothing is subtracted";
  if (isMatched && !plates.length) return answers.length ? [...where, ...answers, "."] : [];
  return [...where, ...plates, ...(answers.length ? [", and ", ...answers] : []), "."];
}

/** @param {Moment["sides"][number]} side
 *  @returns {{text: string, p: number}|null} its likeliest next word */
function answerOf({ run, frame }) {
  const found = frame && logits(frame);
  if (!found?.ids.length || !Number.isFinite(found.probs[0])) return null;
  return { text: nextName(run.tokens, /** @type {any} */ (frame), found.ids[0]).replace(/^␣(?=.)/, ""), p: found.probs[0] };
}

/** @param {Record<string, number>|null} between
 *  @returns {Part[]} of the blocks, bottom to top */
function platesPart(between) {
  const plates = Object.entries(between ?? {}).flatMap(([key, value]) => {
    const [, block, kind] = /^block\.(\d+)\.(.+)$/.exec(key) ?? [];
    return block === undefined ? [] : [{ block: Number(block), value, kind, key }];
  });
  if (!plates.length) return [];
  const kind = plates[0].kind === "resid_post" ? "the plates" : `the plates of ${plates[0].kind}`;
  const most = (/** @type {typeof plates} */ some) => some.reduce((best, each) => (each.value > best.value ? each : best));
  const named = (/** @type {typeof plates[0]} */ { block, key }) => ({ text: `block ${block}`, of: { point: key, layer: block } });
  const first = plates.findIndex(({ value }) => value >= PARTED);
  const highest = most(first < 0 ? plates : plates.slice(0, Math.max(1, first)));
  if (first < 0 && highest.value < 0.005) return [`${kind} are the same`];
  if (first < 0) return [`${kind} stay alike (at most ${highest.value.toFixed(2)}, in `, named(highest), ")"];
  const parting = [named(plates[first]), ` (${plates[first].value.toFixed(2)})`];
  if (first === 0) return [`${kind} part at once, in `, ...parting];
  return [`${kind} are alike up to `, named(plates[first - 1]), ` (${highest.value.toFixed(2)}), part in `, ...parting];
}

/** @param {{text: string, p: number}|null} a
 *  @param {{text: string, p: number}|null} b
 *  @param {string[]} changed the one word by which the prompts differ, of A and of B
 *  @returns {Part[]} */
function answersPart(a, b, changed) {
  if (!a || !b) return [];
  const of = (/** @type {{text: string, p: number}} */ { text, p }, /** @type {"a"|"b"} */ side) => ({ text: `${text} ${share(p)}`, side });
  if (a.text === b.text) return [`both answer “${a.text}”: `, { text: share(a.p), side: "a" }, ", ", { text: share(b.p), side: "b" }];
  return [`the answers ${a.text === changed[1] && b.text === changed[0] ? "swap" : "differ"}: `, of(a, "a"), ", ", of(b, "b")];
}

/** Where one head looks most, in A and in B.
 *  @param {Moment} at
 *  @returns {Part[]} */
function lookPart({ sides, look: { layer, head } }) {
  const looks = sides.map(({ run, frame }) => {
    const { n_layer: numLayers, n_head: numHeads } = run.layout;
    const found = frame && layer < numLayers && head < numHeads ? attentionSummary(frame, run.layout, layer, head) : null;
    return found?.keys.length && Number.isFinite(found.weights[0]) ? { key: found.keys[0], word: word(run, found.keys[0]), weight: found.weights[0] } : null;
  });
  const [a, b] = looks;
  if (!a || !b) return [];
  const who = { text: `Block ${layer}, head ${head}`, of: { layer, head } };
  const [ofA, ofB] = [`“${a.word}” (${formatPercent(a.weight)})`, `“${b.word}” (${formatPercent(b.weight)})`];
  if (a.word === b.word && a.key === b.key)
    return [
      " ",
      who,
      ` looks most at “${a.word}” in both: `,
      { text: formatPercent(a.weight), side: "a" },
      ", ",
      { text: formatPercent(b.weight), side: "b" },
      ".",
    ];
  const place = a.key === b.key ? `, both times position ${a.key}` : "";
  return [" ", who, " looks most at ", { text: ofA, side: "a" }, " in A and at ", { text: ofB, side: "b" }, ` in B${place}.`];
}

/** @param {{tokens: import("./types.mjs").Tokens}} run
 *  @param {number} position
 *  @param {"a"|"b"} side
 *  @returns {Part} */
function said(run, position, side) {
  return { text: word(run, position), side };
}

/** @param {{tokens: import("./types.mjs").Tokens}} run
 *  @param {number} position
 *  @returns {string} its name without the space before it */
function word({ tokens }, position) {
  const name = positionNames(tokens)[position] ?? "the end";
  return name.replace(/^␣(?=.)/, "").replace(/^<\|(.+)\|>$/, "$1");
}

/** @param {number} p
 *  @returns {string} with digits enough to tell 99.90 % from 99.97 % */
function share(p) {
  return p > 0.99 && p < 0.9999 ? `${(100 * p).toFixed(2)} %` : formatPercent(p);
}
