/**
 * One plain sentence for a step, by fixed rules from what the step measured.
 *
 * Rules, in this order; a clause whose numbers were not captured is left out:
 * 0. Where values hold NaN or ∞: the first hook point of the step that does, how many more, and, where it is known, in which
 *    step and where it began. All that follows from such numbers is left out, and predictions are said to be no numbers.
 * 1. A step that read several tokens begins with “After reading several tokens in one pass”.
 * 2. Attention of the step's last token. A head's look back is its strongest kept key that is neither the token itself
 *    nor the first position (where heads rest that have nothing to do). How strong it is, its two strongest such keys of
 *    10 % or more say together. Of looks of 30 % at least, the two strongest of different blocks are told, the lower block
 *    first; without any, the strongest, if that is 10 % at least; else how many heads look most at the first token, or at
 *    the token itself. Ties: the lower block, the lower head. Keys come by falling weight and no other key weighs more
 *    than the last of them, so the strongest kept key is the strongest there is.
 * 3. Prediction at temperature 1: “sure of” from 50 % on, “leans to” from 20 % on, below it is “undecided”; equal top
 *    logits are told as equal. Then what was taken instead, if it was another: by the prompt, the calculator, or drawn.
 * 4. Where 2 or 3 was not captured: the captured neuron furthest from its hook point's mean, in standard deviations; of
 *    what attention and MLPs write where there is such a thing, else of every hook point.
 * 5. Where all of that is missing: the largest l2 of the step, and whether values were kept beside it; where no statistics
 *    were kept either, that.
 *
 * Knows frames and tokens. Refuses to know the page and other steps. Pure.
 */

import { formatPercent, formatShare, formatValue } from "./format.mjs";
import { attentionSummary, captured, logits, oddPoints, stats } from "./layout.mjs";
import { numKeys, positionNames } from "./token_names.mjs";

/** Strength from which a look back is a look, and from which a second one is told beside the strongest. */
const LEAST_WEIGHT = 0.1;
const FIRM_WEIGHT = 0.3;
const [MOST_LOOKS, MOST_KEYS] = [2, 2];

/** Probability of the top prediction. */
const SURE = 0.5;
const LEANS = 0.2;

/** Plain text, a number with the selection that shows where it comes from, or a token.
 *  @typedef {string | {text: string, of: Record<string, any>} | {text: string, id: number}} Part */

/** @typedef {object} Source
 *  @property {import("./layout.mjs").Layout} layout
 *  @property {{sequence: number[], text: Record<string, string>}} tokens
 *  @property {number} numPrompt tokens of the prompt
 *  @property {{step: number, point: string}|null} [firstOdd] where NaN or ±∞ began; null: nowhere, or not known yet */

/** @param {import("./wire.mjs").Frame} frame
 *  @param {Source} source
 *  @returns {Part[]} texts put together are a sentence with its full stop */
export function sentence(frame, source) {
  const odd = oddClause(frame, source);
  const attention = attentionClause(frame, source);
  const prediction = predictionClause(frame, source);
  const isAttentionTold = hasNumber(attention) || (numKeys(frame) === 1 && "attention/keys" in frame.arrays); // one token has nothing to look back to
  const neuron = odd || (isAttentionTold && hasNumber(prediction)) ? null : neuronClause(frame, source.layout);
  const clauses = [odd, attention, prediction, neuron].filter((clause) => clause !== null);
  if (!clauses.some(hasNumber)) clauses.push(lastResort(frame, source.layout, clauses.length > 0));
  const start = frame.header.t_add > 1 ? "after reading several tokens in one pass, " : "";
  const told = clauses.flatMap((clause, i) => (i ? ["; ", ...clause] : clause));
  return capitalized(merged(parts`${start}${told}.`));
}

/** @param {TemplateStringsArray} texts
 *  @param {...(Part|Part[])} between
 *  @returns {Part[]} the texts with what stands between them */
function parts(texts, ...between) {
  return texts.flatMap((text, i) => (i ? [between[i - 1], text].flat() : text));
}

/** @param {Part[]|null} clause */
function hasNumber(clause) {
  return clause?.some((part) => typeof part !== "string" && "of" in part) ?? false;
}

/** @param {import("./wire.mjs").Frame} frame
 *  @param {Source} source */
function oddClause(frame, { layout, firstOdd = null }) {
  const [first, ...more] = oddPoints(frame, layout);
  if (first === undefined) return null;
  const at = (/** @type {string} */ point) => ({ text: point, of: { tab: "statistics", point } });
  const others = more.length ? ` and ${more.length} more hook point${more.length === 1 ? "" : "s"}` : "";
  const odd = parts`NaN or ∞ is in ${at(first)}${others}`;
  if (!firstOdd || firstOdd.step > frame.header.step) return odd;
  if (firstOdd.step === frame.header.step) return parts`${odd}, for the first time in this recording`;
  return parts`${odd}, since step ${String(firstOdd.step)}, where it began in ${at(firstOdd.point)}`;
}

/** @param {import("./wire.mjs").Frame} frame
 *  @param {Source} source */
function attentionClause(frame, { layout, tokens }) {
  const own = numKeys(frame) - 1;
  if (own < 1) return null;
  const { looks, atFirst, atOwn, numHeads } = looksOf(frame, layout, own);
  if (!numHeads) return null;
  const strongest = looks.filter(({ strength }) => strength >= LEAST_WEIGHT).sort((a, b) => b.strength - a.strength); // equals stay by block and head
  const ofBlocks = strongest.filter(({ layer }, i) => strongest.findIndex((other) => other.layer === layer) === i);
  const firm = ofBlocks.filter(({ strength }) => strength >= FIRM_WEIGHT).slice(0, MOST_LOOKS);
  const told = firm.length ? firm.sort((a, b) => a.layer - b.layer) : ofBlocks.slice(0, 1);
  if (told.length) return told.flatMap((look, i) => (i ? [", ", ...lookWords(look, own, tokens, "")] : lookWords(look, own, tokens, "looked back ")));
  const of = { tab: "attention" };
  const count = (/** @type {number} */ n) => ({ text: `${n} of ${numHeads}`, of });
  if (Math.max(atFirst, atOwn) === 0) return null;
  if (atOwn > atFirst) return parts`${count(atOwn)} attention heads looked most at the token itself, ${token(tokens, tokens.sequence[own], own)}`;
  return parts`${count(atFirst)} attention heads looked most at the first token, ${token(tokens, tokens.sequence[0])}`;
}

/** @typedef {{layer: number, head: number, key: number, weight: number, strength: number}} Look */

/** @param {Look} look
 *  @param {number} own position of the token that looks
 *  @param {Source["tokens"]} tokens
 *  @param {string} does "" where it was said before
 *  @returns {Part[]} */
function lookWords({ layer, head, key, weight }, own, tokens, does) {
  const back = own - key;
  const at = (/** @type {string} */ text) => ({ text, of: { tab: "attention", layer, head } });
  const [block, count, name, share] = [`block ${layer}`, `${back} token${back === 1 ? "" : "s"}`, `head ${head}`, formatPercent(weight)].map(at);
  return parts`${block} ${does}${count} to ${token(tokens, tokens.sequence[key], key)} (${name}, ${share})`;
}

/** @param {import("./wire.mjs").Frame} frame
 *  @param {import("./layout.mjs").Layout} layout
 *  @param {number} own position of the token that looks */
function looksOf(frame, layout, own) {
  const found = { looks: /** @type {Look[]} */ ([]), atFirst: 0, atOwn: 0, numHeads: 0 };
  for (let layer = 0; layer < layout.n_layer; layer++) {
    for (let head = 0; head < layout.n_head; head++) {
      const summary = attentionSummary(frame, layout, layer, head);
      if (!summary || !summary.keys.length || Number.isNaN(summary.weights[0])) continue;
      found.numHeads++;
      if (summary.keys[0] === 0) found.atFirst++;
      if (summary.keys[0] === own) found.atOwn++;
      const back = Array.from(summary.keys, (key, i) => ({ key, weight: summary.weights[i] })).filter(({ key }) => key !== 0 && key !== own);
      const strength = back.slice(0, MOST_KEYS).reduce((sum, { weight }) => sum + (weight >= LEAST_WEIGHT ? weight : 0), 0);
      if (back.length) found.looks.push({ layer, head, ...back[0], strength });
    }
  }
  return found;
}

/** @param {import("./wire.mjs").Frame} frame
 *  @param {Source} source */
function predictionClause(frame, source) {
  const taken = takenToken(frame, source);
  const found = logits(frame);
  const of = { tab: "predictions" };
  if (!found || !found.ids.length) return taken && [`${taken.by} `, token(source.tokens, taken.id)];
  if (!Number.isFinite(found.logits[0]) || Number.isNaN(found.probs[0])) {
    const none = parts`${{ text: "the predictions", of }} are no numbers`;
    return taken ? parts`${none}, though ${taken.by} ${token(source.tokens, taken.id)}` : none;
  }
  const top = [...found.ids].filter((_, i) => found.logits[i] === found.logits[0]);
  const p = { text: formatShare(found.probs[0]), of };
  const name = token(source.tokens, top[0]);
  const all = { text: `${top.length === found.ids.length ? "at least " : ""}${top.length} tokens`, of };
  let said = parts`the model is undecided: ${name} leads with ${p}`;
  if (top.length > 2) said = parts`${all} are equally likely, at ${p} each`;
  else if (top.length === 2) said = parts`${name} and ${token(source.tokens, top[1])} are equally likely, at ${p} each`;
  else if (found.probs[0] >= SURE) said = parts`the model is ${p} sure of ${name}`;
  else if (found.probs[0] >= LEANS) said = parts`the model leans to ${name}, at ${p}`;
  if (!taken || (top.length === 1 && taken.id === top[0])) return said;
  const likely = howLikely(found, taken.id, frame.header.chosen_id);
  return parts`${said}${top.includes(taken.id) ? "; " : ", but "}${taken.by} ${token(source.tokens, taken.id)}${likely}`;
}

/** @param {NonNullable<ReturnType<typeof logits>>} found
 *  @param {number} id
 *  @param {number} chosenId whose log probability the step has
 *  @returns {Part[]} its probability and place, as far as they were captured */
function howLikely(found, id, chosenId) {
  const of = { tab: "predictions" };
  const at = found.ids.indexOf(id);
  const isChosen = id === chosenId && !Number.isNaN(found.chosenLogprob);
  if (at < 0 && !isChosen) return [];
  const p = isChosen ? Math.exp(found.chosenLogprob) : found.probs[at];
  const place = isChosen ? found.chosenRank : found.logits.indexOf(found.logits[at]);
  return parts` (${{ text: formatPercent(p), of }}, ${{ text: `place ${place + 1}`, of }})`;
}

/** The token after this step, and who put it there.
 *  @param {import("./wire.mjs").Frame} frame
 *  @param {Source} source */
function takenToken(frame, { tokens, numPrompt }) {
  const { header } = frame;
  const next = numKeys(frame);
  if (next < numPrompt) return next in tokens.sequence ? { id: tokens.sequence[next], by: "the prompt goes on with" } : null; // not read yet
  if (header.chosen_id < 0) return null;
  return { id: header.chosen_id, by: header.forced ? "the calculator put in" : "the model took" };
}

/** @param {import("./wire.mjs").Frame} frame
 *  @param {import("./layout.mjs").Layout} layout */
function neuronClause(frame, layout) {
  const writers = layout.points.filter(({ layer_type }) => layer_type === "attn" || layer_type === "mlp");
  let best = { score: 0, key: "", neuron: 0, value: 0 };
  for (const { key } of writers.length ? writers : layout.points) {
    const { mean, std } = stats(frame, layout, key);
    const found = std > 0 ? captured(frame, layout, key) : null;
    found?.values.forEach((value, i) => {
      const score = Math.abs(value - mean) / std;
      if (score > best.score && score < Infinity) best = { score, key, neuron: found.indices ? found.indices[i] : i, value };
    });
  }
  if (!best.score) return null;
  const of = { tab: "neurons", point: best.key, neuron: best.neuron };
  const point = { text: best.key, of: { tab: "neurons", point: best.key } };
  const [neuron, value, score] = [
    { text: `neuron ${best.neuron}`, of },
    { text: formatValue(best.value), of },
    { text: formatValue(best.score), of: { ...of, tab: "statistics" } },
  ];
  return parts`${neuron} of ${point} stands out at ${value}, ${score} standard deviations from the mean`;
}

/** @param {import("./wire.mjs").Frame} frame
 *  @param {import("./layout.mjs").Layout} layout
 *  @param {boolean} isFollowing something was said before */
function lastResort(frame, layout, isFollowing) {
  let best = { key: "", l2: -1 };
  for (const { key } of layout.points) {
    const { l2 } = stats(frame, layout, key);
    if (l2 > best.l2) best = { key, l2 };
  }
  if (best.l2 < 0 && frame.header.phase === "train") return ["nothing was captured in this step"];
  if (best.l2 < 0) return [`nothing ${isFollowing ? "else" : "but its token"} was kept of this step`];
  const of = { tab: "statistics", point: best.key };
  const hasValues = layout.points.some(({ key }) => captured(frame, layout, key) !== null);
  const why = hasValues ? "no neuron stands out" : "of the values only statistics were kept";
  return parts`${why}: the largest l2 is ${{ text: formatValue(best.l2), of }}, at ${{ text: best.key, of }}`;
}

/** @param {{text: Record<string, string>}} tokens
 *  @param {number} id
 *  @param {number} [position] where it stands, if it does
 *  @returns {Part} in quotes, spaces around it left out unless it is nothing else */
function token(tokens, id, position = -1) {
  const text = positionNames(/** @type {any} */ (tokens))[position]?.replace(/␣/g, " ") ?? tokens.text[id] ?? `#${id}`;
  return { text: `“${text.trim() || text.replace(/ /g, "␣")}”`, id };
}

/** @param {Part[]} said
 *  @returns {Part[]} with strings in a row made one, and without empty ones */
function merged(said) {
  /** @type {Part[]} */
  const out = [];
  for (const part of said) {
    const last = out.length - 1;
    if (typeof part === "string" && typeof out[last] === "string") out[last] += part;
    else if (part !== "") out.push(part);
  }
  return out;
}

/** @param {Part[]} parts */
function capitalized([first, ...rest]) {
  const upper = (/** @type {string} */ text) => text.charAt(0).toUpperCase() + text.slice(1);
  if (typeof first === "string") return [upper(first), ...rest];
  return ["id" in first ? first : { ...first, text: upper(first.text) }, ...rest];
}
