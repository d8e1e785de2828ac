/**
 * The reader's own text, cut by the embedded model's tokenizer, and one piece merged pair by pair.
 */

import { untilAnswered } from "../../run/again.mjs";
import { fetchJson } from "../../run/http.mjs";
import { button, el, refill } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { part, shownToken } from "./cells.mjs";

const LONG_WORD = 8;

/** @typedef {{text: string, tokens: {id: number, text: string}[], merges: string[][]}} Piece `merges`: its parts before and after each merge */

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { words, announce }) {
  const say = words["byte-pairs"];
  const count = el("p", { class: "lw-readout", role: "status" });
  const pieces = el("div", { class: "lw-pieces" });
  const parts = el("div", { class: "lw-merging", "aria-live": "polite" });
  const merge = button(() => step(1), { text: say.merge });
  const again = button(() => step(-Infinity), { text: say.again });
  const attributes = { type: "text", class: "form-control", maxlength: 160, value: say.example, spellcheck: "false", autocomplete: "off" };
  const input = el("input", { ...attributes, on: { input: () => read(true) } });
  /** @type {Piece[]} */
  let found = [];
  let chosen = 0;
  let at = 0;
  let asked = new AbortController();

  /** @param {boolean} isTyped */
  async function read(isTyped) {
    asked.abort();
    const { signal } = (asked = new AbortController());
    const tell = (/** @type {Error} */ error) => (count.textContent = filled(say.failed, { why: error.message }));
    const ask = () => fetchJson(`/lessons/tokens?text=${encodeURIComponent(input.value)}`, signal);
    const answer = await untilAnswered(ask, signal, tell).catch((error) => signal.aborted || tell(error));
    if (signal.aborted || !answer.pieces) return;
    found = answer.pieces;
    const tokens = found.flatMap((piece) => piece.tokens);
    count.textContent = filled(say.count, { letters: [...input.value].length, tokens: tokens.length });
    choose(longest(found));
    if (isTyped && tokens.length > 2) announce("typed");
    if (isTyped && tokens.some((token) => isLongWord(token.text))) announce("long-word");
  }

  function drawPieces() {
    const buttons = found.map((piece, i) => {
      const tokens = piece.tokens.map(({ id, text }) =>
        el("span", { class: "lw-piece-token" }, el("b", { text: shownToken(text) }), el("small", { text: id })),
      );
      const label = filled(say.piece, { piece: piece.text, tokens: piece.tokens.length });
      return button(() => choose(i), { class: "lw-piece", "aria-pressed": String(i === chosen), "aria-label": label }, ...tokens);
    });
    refill(pieces, ...buttons);
  }

  /** @param {number} index */
  function choose(index) {
    chosen = index;
    at = 0;
    drawPieces();
    drawParts();
  }

  function drawParts() {
    const piece = found[chosen];
    merge.disabled = !piece || at >= piece.merges.length - 1;
    again.disabled = at === 0;
    if (!piece) return parts.replaceChildren(el("span", { class: "mri-muted", text: say.nothing }));
    const now = piece.merges[at];
    const joined = at ? joinedAt(piece.merges[at - 1], now) : -1;
    const chips = now.map((text, i) => el("span", { class: `lw-part-chip${i === joined ? " is-new" : ""}`, text: shownToken(text) }));
    const words = at < piece.merges.length - 1 ? say.step : say.done;
    parts.replaceChildren(
      el("div", { class: "lw-chips" }, ...chips),
      el("p", { class: "mri-muted", text: filled(words, { step: at, steps: piece.merges.length - 1, parts: now.length }) }),
    );
  }

  /** @param {number} by */
  function step(by) {
    const last = found[chosen].merges.length - 1;
    at = Math.max(0, Math.min(last, at + by));
    drawParts();
    if (document.activeElement === document.body) (merge.disabled ? again : merge).focus({ preventScroll: true }); // a disabled button loses it
    if (at === last && last > 1) announce("merged");
  }

  host.append(
    part("text", "", el("label", { class: "lw-field" }, el("span", { text: say.text }), input), count),
    part("pieces", say.pieces, pieces),
    part("merge", say.merging, parts, el("div", { class: "lw-buttons" }, merge, again)),
  );
  read(false);
  return { close: () => asked.abort(), set() {} };
}

/** @param {readonly Piece[]} pieces
 *  @returns {number} the one with the most merges: it is the most interesting to watch */
export function longest(pieces) {
  return pieces.reduce((best, piece, i) => (piece.merges.length > pieces[best].merges.length ? i : best), 0);
}

/** Where two neighbours became one.
 *  @param {readonly string[]} before
 *  @param {readonly string[]} after */
export function joinedAt(before, after) {
  return after.findIndex((text, i) => text !== before[i]);
}

/** @param {string} text of a token */
export function isLongWord(text) {
  return new RegExp(`^ ?\\p{L}{${LONG_WORD},}$`, "u").test(text);
}
