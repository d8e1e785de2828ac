/**
 * Why a step says what it says, in words: the sentence by its rules, the closing line, and numbers as they are printed.
 *
 * The sentence: “{chosen}” beat “{rival}” by {d}: {writers} wrote it[, looking at “{token}”]. [With {part} off, {nothing | x} of it
 * is left.] Writers: the fewest parts, at most three, that wrote two thirds. Looking at: where one source token gave at least half of
 * what each writing head wrote. The last part: that with the largest loss, where that is half the difference or more and it is no
 * writer. Never "because", "knows", "decides", "thinks".
 * Knows a Why and tokens. Refuses to know the page. Pure.
 */

import { formatPercent, trueMinus } from "./format.mjs";
import { textOfHex } from "./token_names.mjs";
import { guessesAt } from "./why.mjs";
import { DIM_SHARE } from "./why_rows.mjs";

/** @typedef {import("./why.mjs").Why} Why */
/** @typedef {import("./sentence.mjs").Part} Said */
/** @typedef {import("./types.mjs").Tokens} Tokens */

const WRITERS_SHARE = 2 / 3;
const MOST_WRITERS = 3;
const NOTHING_SHARE = 0.05;
const NO_POSITION = 0xffffffff;

/** @param {number} x logits
 *  @returns {string} like +9.0, −1.2, 0.0 */
export function signed(x) {
  return signedTenths(Math.round(10 * x));
}

/** @param {number} tenths
 *  @returns {string} "–": no number */
export function signedTenths(tenths) {
  if (Number.isNaN(tenths)) return "–";
  return tenths === 0 ? "0.0" : `${tenths > 0 ? "+" : "−"}${(Math.abs(tenths) / 10).toFixed(1)}`;
}

/** @param {number} x logits
 *  @returns {string} like 14.7, −8.8; "–": no number */
export function plain(x) {
  if (Number.isNaN(x)) return "–";
  return Math.round(10 * x) === 0 ? "0.0" : trueMinus(x.toFixed(1));
}

/** @param {number} x
 *  @returns {string} four significant digits, for hovers */
export function fourDigits(x) {
  return trueMinus(x.toPrecision(4));
}

/** @param {Tokens} tokens
 *  @param {number} id
 *  @param {Record<string, string>} [texts] hex bytes of tokens that the recording does not know
 *  @returns {string} without the space before it; what is nothing but spaces and signs as it is */
export function wordOf(tokens, id, texts = {}) {
  const text = tokens.text[id] ?? (texts[id] === undefined ? `#${id}` : textOfHex(texts[id]));
  return text.trim() ? text.replace(/^ /, "") : text.replace(/ /g, "␣");
}

/** What a selection of a part is, everywhere on the page.
 *  @param {Why["parts"][number]} part
 *  @returns {{part: string, layer?: number, head?: number, point?: string}} */
export function selectionOf({ block, head }) {
  return head >= 0 ? { part: `${block}.${head}`, layer: block, head } : { part: `${block}.mlp`, point: `block.${block}.mlp_out` };
}

/** @param {Why} why
 *  @param {string|null} text as `selectionOf` writes it
 *  @returns {number} −1: none */
export function partNamed({ parts }, text) {
  const [block, head] = (text ?? "").split(".");
  return parts.findIndex((part) => part.block >= 0 && part.block === Number(block) && (head === "mlp" ? part.head < 0 : part.head === Number(head)));
}

/** @typedef {object} Source what a head took from one position
 *  @property {number} position
 *  @property {number} stream through `c_v`
 *  @property {number} value through the value embedding */

/** Those that gave most, as far as they were computed.
 *  @param {Why} why
 *  @param {number} part a head
 *  @param {number} numHeads
 *  @returns {Source[]} */
export function sourcesOf({ parts, answer }, part, numHeads) {
  const { block, head } = parts[part];
  if (!answer || head < 0) return [];
  const { source_at: at, source_stream: stream, source_value: value } = answer.arrays;
  const each = at.length / (answer.arrays.source_rest.length || 1);
  const first = (block * numHeads + head) * each;
  const rows = Array.from({ length: each }, (_, i) => ({ position: at[first + i], stream: stream[first + i], value: value[first + i] }));
  return rows.filter(({ position }) => position !== NO_POSITION);
}

/** @param {Why} why
 *  @returns {number[]} the fewest parts, at most three, that wrote two thirds of the difference; all three where they wrote less */
export function writersOf({ parts, wrote, difference }) {
  const side = Math.sign(difference) || 1;
  const order = parts.slice(0, -1).map(({ index }) => index);
  order.sort((a, b) => side * (wrote[b] - wrote[a]));
  const found = [];
  let total = 0;
  for (const part of order.slice(0, MOST_WRITERS)) {
    if (side * wrote[part] <= 0) break;
    found.push(part);
    total += side * wrote[part];
    if (total >= WRITERS_SHARE * Math.abs(difference)) break;
  }
  return found;
}

/** @param {Why} why
 *  @param {number[]} writers
 *  @param {number} numHeads
 *  @returns {number} position of the one token that gave at least half of what each writing head wrote; −1: there is none */
function lookedAt(why, writers, numHeads) {
  const heads = writers.filter((part) => why.parts[part].head >= 0);
  const places = heads.map((part) => {
    const [most] = sourcesOf(why, part, numHeads).sort((a, b) => given(b) / why.wrote[part] - given(a) / why.wrote[part]);
    return most && given(most) / why.wrote[part] >= 0.5 ? most.position : -1;
  });
  return places.length && places.every((place) => place === places[0]) ? places[0] : -1;
}

/** @param {Source} source
 *  @returns {number} */
export function given({ stream, value }) {
  return stream + value;
}

/** @param {Why} why
 *  @returns {number} of heads and MLPs that with the largest loss; −1: not measured */
export function costliest({ lost, difference }) {
  if (!lost) return -1;
  const side = Math.sign(difference) || 1;
  let best = -1;
  lost.amounts.forEach((amount, part) => {
    if (!Number.isNaN(amount) && (best < 0 || side * amount > side * lost.amounts[best])) best = part;
  });
  return best;
}

/** @param {Why} why
 *  @param {Tokens} tokens
 *  @param {number} numHeads
 *  @returns {Said[]} with its full stop */
export function whySentence(why, tokens, numHeads) {
  const { token, against, difference, parts, wrote, lost } = why;
  const quoted = (/** @type {number} */ id) => ["“", { text: wordOf(tokens, id), id }, "”"];
  if (!Number.isFinite(difference)) return ["The lead of ", ...quoted(token), " over ", ...quoted(against), " is no number in this step."];
  const [ahead, behind] = difference < 0 ? [against, token] : [token, against];
  const verb = difference < 0 ? " was ahead of " : " beat ";
  const by = plain(Math.abs(difference));
  const start = [...quoted(ahead), verb, ...quoted(behind), ` by ${by}`];
  const writers = writersOf(why);
  if (!writers.length) return [...start, "."];
  const total = writers.reduce((sum, part) => sum + wrote[part], 0);
  const isMost = Math.abs(total) >= WRITERS_SHARE * Math.abs(difference);
  const named = writers.map((part) => [linkTo(parts[part]), ` (${signed(wrote[part])})`]);
  const list = named.flatMap((each, i) => (i === 0 ? each : [i === named.length - 1 ? " and " : ", ", ...each]));
  const at = lookedAt(why, writers, numHeads);
  const looking = at < 0 ? [] : [", looking at ", ...quoted(tokens.sequence[at])];
  const middle = [": ", ...list, isMost ? " wrote it" : ` wrote ${signed(total)} of it`, ...looking, "."];
  const worst = costliest(why);
  const cost = worst < 0 || !lost ? 0 : lost.amounts[worst] / difference;
  if (worst < 0 || cost < 0.5 || writers.includes(worst)) return [...start, ...middle];
  const left = 1 - cost;
  const leaves = left < NOTHING_SHARE ? "nothing" : plain(left * Math.abs(difference));
  return [...start, ...middle, " With ", linkTo(parts[worst]), ` off, ${leaves} of it is left.`];
}

/** @param {Why["parts"][number]} part
 *  @returns {Said} */
function linkTo(part) {
  return part.block < 0 ? `the ${part.name}` : { text: part.name, of: { tab: "why", ...selectionOf(part) } };
}

/** What the routes show, in a line: who copies the word that it looks at, and who works through others.
 *  @param {Why} why
 *  @param {Tokens} tokens
 *  @param {number} numHeads
 *  @returns {string} "" where they show neither */
export function closingLine(why, tokens, numHeads) {
  const { parts, wrote, lost, difference, token } = why;
  const writers = writersOf(why);
  const copies = writers.filter((part) => {
    const most = sourcesOf(why, part, numHeads).filter((source) => given(source) / wrote[part] >= 0.5);
    return most.some(({ position }) => tokens.sequence[position] === token);
  });
  const through = lost
    ? parts.filter(({ index }) => Math.abs(wrote[index]) < DIM_SHARE * Math.abs(difference) && lost.amounts[index] >= 0.5 * Math.abs(difference))
    : [];
  const names = (/** @type {string[]} */ list) => (list.length > 1 ? `${list.slice(0, -1).join(", ")} and ${list[list.length - 1]}` : list[0]);
  const clauses = [
    copies.length &&
      `${names(copies.map((part) => parts[part].short))} ${copies.length > 1 ? "copy" : "copies"} the word that ${copies.length > 1 ? "they look" : "it looks"} at`,
    through.length &&
      `${names(through.map(({ short }) => short))} ${through.length > 1 ? "write" : "writes"} next to nothing here and ${through.length > 1 ? "work" : "works"} through later parts`,
  ].filter(Boolean);
  return clauses.length ? `${clauses.join("; ")}.` : "";
}

/** Why what is lost is not what was written, where one thing did most of that.
 *  @param {Why} why
 *  @param {number} part
 *  @returns {string} "" where nothing is to be said */
export function answeredBy({ wrote, lost, difference }, part) {
  const off = lost ? lost.amounts[part] - wrote[part] : NaN;
  if (!lost || !(Math.abs(off) >= 0.1 * Math.abs(difference))) return "";
  return lost.byNorm[part] / off >= 0.5 ? "mostly the last norm" : "";
}

/** @param {Why} why
 *  @param {number} part
 *  @returns {string} both numbers of a part with all that is known of them */
export function bothNumbers({ parts, wrote, lost }, part) {
  const { name } = parts[part];
  const lines = [`${name}: wrote ${fourDigits(wrote[part])} logits to the difference`];
  if (!lost || Number.isNaN(lost.amounts[part])) return lines[0];
  const [all, norm] = [lost.amounts[part], lost.byNorm[part]];
  const later = all - wrote[part] - norm;
  return `${lines[0]}. Off at this step: ${fourDigits(all)} lost (${fourDigits(wrote[part])} written, ${fourDigits(norm)} by the last norm, ${fourDigits(later)} by later parts), ${fourDigits(lost.bits[part])} bits more surprise`;
}

/** The token that the stream would say at a plate, for labels of the tower.
 *  @param {string} key hook point
 *  @param {import("./types.mjs").Lane} lane
 *  @returns {{id: number, word: string, share: string}|null} null where the lens is of no such place, or was not recorded */
export function guessBeside(key, { frame, run }) {
  const depth = key === "embed.resid0" ? 0 : Number(/^block\.(\d+)\.resid_post$/.exec(key)?.[1] ?? NaN) + 1;
  if (!frame || Number.isNaN(depth)) return null;
  const [best] = guessesAt(frame, depth).stream ?? [];
  return best ? { id: best.id, word: wordOf(run.tokens, best.id), share: formatPercent(best.prob) } : null;
}
