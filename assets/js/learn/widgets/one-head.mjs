/**
 * One real head over a short sentence: query, keys, scores, shares, values and what is fetched, with the actual numbers.
 */

import { formatPercent, formatValue } from "../../core/format.mjs";
import { button, el } from "../../shell/dom.mjs";
import { softmax } from "../head_maths.mjs";
import { filled } from "../text.mjs";
import { bar, cellRow, part, scrolling, shownToken, tokenChoice } from "./cells.mjs";
import { row, tableParts } from "./parts.mjs";

const FIRST = 3; // numbers written out
const ASKED = 3;

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { data, words, announce }) {
  const say = words["one-head"];
  /** @type {{tokens: string[], q: number[][], k: number[][], v: number[][], scores: number[][], out: number[][]}} */
  const { tokens, q, k, v, scores, out } = data["one-head"];
  let query = tokens.length - 1;
  /** @type {number|null} */
  let opened = null;
  const asked = new Set();
  const limits = { q: most(q), k: most(k), v: most(v), out: most(out) };
  const choice = tokenChoice(say.asks, tokens, (index) => {
    query = index;
    opened = null;
    asked.add(index);
    if (asked.size >= ASKED) announce("asked");
    announce(`asked-${index}`);
    draw();
  });
  const queryRow = cellRow(say.query);
  const queryWords = el("span", { class: "lw-figure" });
  const product = el("div", { class: "lw-product", role: "status" });
  const outRow = cellRow(say.out);
  const outWords = el("p", { class: "lw-readout" });
  const rows = tokens.map(tokenRow);

  /** @param {string} token
   *  @param {number} key */
  function tokenRow(token, key) {
    const named = { token: token.trim() };
    const [keyCells, valueCells] = [cellRow(filled(say.key_of, named)), cellRow(filled(say.value_of, named))];
    const score = button(() => open(key), { class: "lw-score" });
    const share = el("span", { class: "lw-figure" });
    const barHost = el("span");
    keyCells.show(k[key], limits.k);
    valueCells.show(v[key], limits.v);
    const node = row(shownToken(token), [keyCells.node, score, el("td", {}, barHost, share), valueCells.node]);
    return { node, score, share, barHost };
  }

  /** @param {number} key */
  function open(key) {
    opened = key;
    announce("opened-score");
    draw();
  }

  function draw() {
    const shares = softmax(scores[query], (key) => key <= query);
    choice.choose(query);
    queryRow.show(q[query], limits.q);
    queryWords.textContent = firstOf(q[query]);
    rows.forEach(({ node, score, share, barHost }, key) => {
      const isLater = key > query;
      const says = isLater ? say.later : formatValue(scores[query][key]);
      node.classList.toggle("is-later", isLater);
      score.disabled = isLater;
      score.textContent = says;
      score.setAttribute("aria-expanded", String(key === opened));
      score.setAttribute("aria-label", isLater ? says : filled(say.score_of, { token: tokens[key].trim(), score: says }));
      barHost.replaceChildren(bar(shares[key]));
      share.textContent = isLater ? "" : formatPercent(shares[key]);
    });
    outRow.show(out[query], limits.out);
    outWords.textContent = filled(say.out_words, { values: firstOf(out[query]) });
    drawProduct();
  }

  function drawProduct() {
    if (opened === null || opened > query) return product.replaceChildren(el("p", { class: "mri-muted", text: say.open }));
    const key = k[opened];
    const terms = q[query].map((x, i) => x * key[i]);
    const sum = terms.reduce((a, b) => a + b, 0);
    const title = filled(say.products, { asker: tokens[query].trim(), token: tokens[opened].trim() });
    const cells = cellRow(title);
    cells.show(terms);
    const first = key.slice(0, FIRST).map((x, i) => `${formatValue(q[query][i])}·${formatValue(x)}`);
    const numbers = { sum: formatValue(sum), n: terms.length, score: formatValue(sum / Math.sqrt(terms.length)) };
    const line = filled(say.product_words, { terms: first.join(" + "), ...numbers });
    product.replaceChildren(el("p", { text: title }), cells.node, el("p", { class: "lw-readout", text: line }));
  }

  const columns = [null, "keys", "scores", "weights", null].map((name) => el("col", { "data-part": name }));
  const nodes = rows.map(({ node }) => node);
  const parts = tableParts([say.token, say.key, say.score, say.share, say.value], nodes);
  const asking = el("div", { class: "lw-row" }, el("span", { class: "lw-label", text: say.query }), queryWords);
  const table = el("table", { class: "lw-head" }, el("colgroup", {}, ...columns), ...parts);
  host.append(part("query", "", choice.node, asking, queryRow.node), scrolling(say.table, table), product, part("out", say.out, outRow.node, outWords));
  draw();
  return { set() {} };
}

/** @param {readonly number[]} values
 *  @returns {string} the first of them */
function firstOf(values) {
  return `${values.slice(0, FIRST).map(formatValue).join(", ")}, …`;
}

/** @param {readonly (readonly number[])[]} rows
 *  @returns {number} largest magnitude */
function most(rows) {
  return Math.max(...rows.flat().map(Math.abs));
}
