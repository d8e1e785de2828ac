/**
 * The sentence of a step in plain words: what was read by then, what is being asked, and the blank that comes next. Pure.
 */

/** @typedef {import("../core/types.mjs").Tokens} Tokens */
/** @typedef {import("../core/wire.mjs").Frame} Frame */

/** A word, or a piece of one.
 *  @typedef {object} Word
 *  @property {number} position
 *  @property {string} text without the space before it
 *  @property {boolean} hasSpace before it
 *  @property {boolean} isAside a mark of the text, not a word of it
 *  @property {number} chosenBy step that chose it, −1: it was read together with others */

/** @typedef {object} Blank
 *  @property {string} text "" where nothing follows
 *  @property {number} id −1 where nothing follows
 *  @property {boolean} isEnd the text ends with it
 *  @property {boolean} hasSpace
 *  @property {"model"|"prompt"|"calculator"|"none"} by who put it there */

/** @typedef {{asked: string, isCut: boolean, words: Word[], blank: Blank, last: string}} Sentence
 *    asked: the message before, of a chat; isCut: earlier words are left out; last: the word read last */

/** What a mark of the text says in plain words: in the sentence, as the next word, and where there is little room.
 *  @type {Record<string, [string, string, string]>} */
const MARKS = Object.freeze({
  "<|bos|>": ["", "the end", "the end"],
  "<|endoftext|>": ["", "the end", "the end"],
  "<|user_start|>": ["", "a question", "question"],
  "<|user_end|>": ["", "end of the question", "its end"],
  "<|assistant_start|>": ["", "an answer", "answer"],
  "<|assistant_end|>": ["", "end of the answer", "its end"],
  "<|python_start|>": ["calculator:", "asks the calculator", "calculator"],
  "<|python_end|>": ["", "sends it", "sends it"],
  "<|output_start|>": ["=", "the result", "the result"],
  "<|output_end|>": ["·", "reads on", "reads on"],
});
const ENDS = Object.freeze(["<|bos|>", "<|endoftext|>", "<|assistant_end|>"]);
const SPACE = "␣";
const TURN = /^<\|(user|assistant)_start\|>$/;
/** Room for what was read: more of it is left out from its beginning on. */
const MOST_CHARS = 360;

/** @param {Tokens} tokens
 *  @param {number} id
 *  @returns {string} a token as a word, as people write it */
export function plainWord({ text, special }, id) {
  const written = text[id];
  if (written === undefined) return `word ${id}`;
  if (special.includes(id)) return MARKS[written]?.[1] ?? written;
  const word = written.replace(/\\n/g, "⏎").trim();
  return word || SPACE;
}

/** @param {Tokens} tokens
 *  @param {number} id
 *  @returns {string} the same for a narrow column */
export function shortWord(tokens, id) {
  const mark = tokens.special.includes(id) ? MARKS[tokens.text[id]] : undefined;
  return mark?.[2] ?? plainWord(tokens, id);
}

/** Which step chose the word at each position: the one that read all before it.
 *  @param {Tokens["steps"]} steps
 *  @returns {Map<number, number>} position -> step */
export function choosers({ pos0, t_add: added }) {
  return new Map(pos0.map((first, step) => [first + added[step], step]));
}

/** @param {Frame} frame
 *  @param {Tokens} tokens
 *  @param {number} numPrompt tokens of the prompt
 *  @param {Map<number, number>} chosenBy as of `choosers`
 *  @returns {Sentence} */
export function sentenceOf({ header }, tokens, numPrompt, chosenBy) {
  const { sequence, text } = tokens;
  const end = header.pos0 + header.t_add;
  const turns = sequence.slice(0, end).flatMap((id, position) => (isTurn(tokens, id) ? [position] : []));
  const start = (turns.at(-1) ?? -1) + 1;
  const all = joined(Array.from({ length: end - start }, (_, i) => wordAt(tokens, start + i, chosenBy)));
  const words = cut(all);
  const asked = turns.length > 1 ? plainText(tokens, turns[turns.length - 2] + 1, turns[turns.length - 1]) : "";
  const lastId = sequence[end - 1];
  const last = all.at(-1)?.text ?? (lastId === undefined ? "" : plainWord(tokens, lastId));
  return { asked, isCut: words.length < all.length, words, blank: blankOf(header, tokens, end, numPrompt, text), last };
}

/** @param {Frame["header"]} header
 *  @param {Tokens} tokens
 *  @param {number} end position that comes next
 *  @param {number} numPrompt
 *  @param {Record<string, string>} text
 *  @returns {Blank} */
function blankOf(header, tokens, end, numPrompt, text) {
  const isPrompt = end < numPrompt;
  const id = isPrompt ? (tokens.sequence[end] ?? -1) : header.chosen_id;
  if (id < 0) return { text: "", id: -1, isEnd: false, hasSpace: true, by: "none" };
  const written = text[id] ?? "";
  const by = isPrompt ? "prompt" : header.forced ? "calculator" : "model";
  return { text: plainWord(tokens, id), id, isEnd: !isPrompt && ENDS.includes(written), hasSpace: /^\s/.test(written) || tokens.special.includes(id), by };
}

/** @param {Tokens} tokens
 *  @param {number} id */
function isTurn({ text, special }, id) {
  return special.includes(id) && TURN.test(text[id] ?? "");
}

/** @param {Tokens} tokens
 *  @param {number} position
 *  @param {Map<number, number>} chosenBy
 *  @returns {Word} */
function wordAt(tokens, position, chosenBy) {
  const id = tokens.sequence[position];
  const written = tokens.text[id] ?? "";
  const isAside = tokens.special.includes(id);
  const text = isAside ? (MARKS[written]?.[0] ?? "") : plainWord(tokens, id);
  return { position, text, hasSpace: isAside || /^\s/.test(written), isAside, chosenBy: chosenBy.get(position) ?? -1 };
}

/** @param {Word[]} words
 *  @returns {Word[]} without those that are nothing but space, which stands before the next one then */
function joined(words) {
  const spaced = words.map((word, i) => (words[i - 1]?.text === SPACE ? { ...word, hasSpace: true } : word));
  return spaced.filter(({ text }) => text && text !== SPACE);
}

/** @param {Word[]} words
 *  @returns {Word[]} as many of the last as there is room for, from the beginning of a word on */
function cut(words) {
  let room = MOST_CHARS;
  let first = words.length;
  while (first > 0 && (room -= words[first - 1].text.length + 1) >= 0) first--;
  while (first > 0 && first < words.length - 1 && !words[first].hasSpace) first++;
  return words.slice(first);
}

/** @param {Tokens} tokens
 *  @param {number} start
 *  @param {number} stop
 *  @returns {string} what stands there, without marks */
function plainText({ sequence, text, special }, start, stop) {
  const written = sequence.slice(start, stop).map((id) => (special.includes(id) ? "" : (text[id] ?? "")));
  return written.join("").replace(/\\n/g, " ").trim();
}
