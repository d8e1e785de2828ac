/**
 * What tokens are called on charts, as mri/panels/names.py says it. Pure.
 */

/** @typedef {import("./types.mjs").Tokens} Tokens */
/** @typedef {import("./wire.mjs").Frame} Frame */

/** A token with visible spaces.
 *  @param {Tokens} tokens
 *  @param {number} id */
export function tokenName(tokens, id) {
  return (tokens.text[id] ?? `#${id}`).replace(/ /g, "␣");
}

/** Plotly reads a little HTML in labels.
 *  @param {string} text */
export function escaped(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

const UNIT = /\\\\|\\x([89a-f][0-9a-f])|[^]/gu;

/** Names of displayed tokens in a row: bytes of one character that are spread over several of them become that character
 *  and which piece of it this is, “🙂(1/2)”. As with_characters of mri/format/token_text.py.
 *  @param {string[]} shown
 *  @returns {string[]} */
export function withCharacters(shown) {
  const units = shown.flatMap((text, place) => [...text.matchAll(UNIT)].map(([own, hex]) => ({ place, own, byte: hex ? parseInt(hex, 16) : -1 })));
  const names = shown.map(() => "");
  for (let at = 0; at < units.length;) {
    const run = units.slice(at, at + lengthOf(units[at].byte));
    const character = characterOf(run.map(({ byte }) => byte));
    const places = [...new Set(run.map(({ place }) => place))];
    if (character) places.forEach((place, part) => (names[place] += `${character}(${part + 1}/${places.length})`));
    else names[units[at].place] += units[at].own;
    at += character ? run.length : 1;
  }
  return names;
}

/** @param {number} byte with which a character's UTF-8 begins */
function lengthOf(byte) {
  return byte < 0xc2 || byte > 0xf4 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/** @param {number[]} run
 *  @returns {string|null} the one character of these bytes; null where they are none that is seen */
function characterOf(run) {
  if (run.length < 2 || run.includes(-1)) return null;
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(run));
  return /^[^\p{C}\p{Z}\ufffd]$/u.test(text) ? text : null;
}

/** @type {WeakMap<Tokens, string[]>} */
const namesOf = new WeakMap();

/** The name of the token at every position.
 *  @param {Tokens} tokens
 *  @returns {readonly string[]} */
export function positionNames(tokens) {
  let all = namesOf.get(tokens);
  if (all?.length !== tokens.sequence.length) namesOf.set(tokens, (all = withCharacters(tokens.sequence.map((id) => tokenName(tokens, id)))));
  return all;
}

/** Tokens that a character may be spread over beside one of them. */
const MOST_BESIDE = 3;

/** What may come next by its name: bytes with which the text has a character are named by it, as in the text; others stay as they are.
 *  As next_name of mri/panels/names.py.
 *  @param {Tokens} tokens
 *  @param {Frame} frame
 *  @param {number} id
 *  @returns {string} */
export function nextName(tokens, frame, id) {
  const [end, own] = [numKeys(frame), tokenName(tokens, id)];
  if (!own.includes("\\x")) return own;
  const nameAll = (/** @type {number[]} */ ids) => ids.map((each) => tokenName(tokens, each));
  const before = nameAll(tokens.sequence.slice(Math.max(0, end - MOST_BESIDE), end));
  const after = tokens.sequence[end] === id ? nameAll(tokens.sequence.slice(end + 1, end + 1 + MOST_BESIDE)) : [];
  return withCharacters([...before, own, ...after])[before.length];
}

/** Of the axis of tokens, up to the step's last key, as chart.axis_labels.
 *  @param {Tokens} tokens
 *  @param {Frame} frame */
export function keyNames(tokens, frame) {
  return positionNames(tokens)
    .slice(0, numKeys(frame))
    .map((name, position) => `${position} ${escaped(name)}`);
}

/** @param {Frame} frame
 *  @returns {number} keys that the step's last token can look at */
export function numKeys({ header: { pos0, t_add: added } }) {
  return pos0 + added;
}

/** @param {Tokens} tokens
 *  @returns {number} positions that some step read */
export function numRead({ steps: { pos0, t_add: added } }) {
  return pos0.reduce((most, first, step) => Math.max(most, first + added[step]), 0);
}

/** Why the token after this step stands there.
 *  @param {Frame} frame
 *  @param {number} numPrompt
 *  @returns {string} */
export function howChosen(frame, numPrompt) {
  return numKeys(frame) < numPrompt ? "prompt" : frame.header.forced ? "calculator" : "chosen";
}

/** @param {string} hex the bytes of a token, as the server writes them
 *  @returns {string} */
export function textOfHex(hex) {
  return new TextDecoder().decode(Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16)));
}
