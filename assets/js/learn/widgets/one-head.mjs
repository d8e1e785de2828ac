/**
 * One real head over a short sentence: query, keys, scores, shares, values and what is fetched, with the actual numbers.
 */

import { formatPercent, formatValue } from "../../core/format.mjs";
import { el } from "../../shell/dom.mjs";
import { softmax } from "../head_maths.mjs";
import { filled } from "../text.mjs";
import { bar, cellRow, part, shownToken, tokenChoice } from "./cells.mjs";

const FIRST = 3; // numbers written out
const ASKED = 3;

/** @param {HTMLElement} host
 *  @param {import("../widget.mjs").WidgetContext} context */
export default function mount(host, { data, words, announce }) {
  const say = words["one-head"];
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
  const body = el("tbody");
  const product = el("div", { class: "lw-product", role: "status" });
  const outRow = cellRow(say.out);
  const outWords = el("p", { class: "lw-readout" });
  const rows = tokens.map((/** @type {string} */ token, /** @type {number} */ key) => tokenRow(token, key));
  body.append(...rows.map((/** @type {any} */ row) => row.node));

  /** @param {string} token
   *  @param {number} key */
  function tokenRow(token, key) {
    const [keyCells, valueCells] = [cellRow(filled(say.key_of, { token: token.trim() })), cellRow(filled(say.value_of, { token: token.trim() }))];
    const score = el("button", { type: "button", class: "lw-score", on: { click: () => open(key) } });
    const share = el("span", { class: "lw-figure" });
    const barHost = el("span");
    keyCells.show(k[key], limits.k);
    valueCells.show(v[key], limits.v);
    const node = el(
      "tr",
      {},
      el("th", { scope: "row", text: shownToken(token) }),
      el("td", {}, keyCells.node),
      el("td", {}, score),
      el("td", {}, barHost, share),
      el("td", {}, valueCells.node),
    );
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
    queryWords.textContent = `${q[query].slice(0, FIRST).map(formatValue).join(", ")}, …`;
    rows.forEach((/** @type {any} */ row, /** @type {number} */ key) => {
      const isLater = key > query;
      row.node.classList.toggle("is-later", isLater);
      row.score.disabled = isLater;
      row.score.textContent = isLater ? say.later : formatValue(scores[query][key]);
      row.score.setAttribute("aria-expanded", String(key === opened));
      row.score.setAttribute("aria-label", isLater ? say.later : filled(say.score_of, { token: tokens[key].trim(), score: formatValue(scores[query][key]) }));
      row.barHost.replaceChildren(bar(shares[key]));
      row.share.textContent = isLater ? "" : formatPercent(shares[key]);
    });
    outRow.show(out[query], limits.out);
    outWords.textContent = filled(say.out_words, { values: `${out[query].slice(0, FIRST).map(formatValue).join(", ")}, …` });
    drawProduct();
  }

  function drawProduct() {
    if (opened === null || opened > query) return product.replaceChildren(el("p", { class: "mri-muted", text: say.open }));
    const terms = q[query].map((/** @type {number} */ x, /** @type {number} */ i) => x * k[/** @type {number} */ (opened)][i]);
    const sum = terms.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0);
    const cells = cellRow(filled(say.products, { asker: tokens[query].trim(), token: tokens[opened].trim() }));
    cells.show(terms);
    const first = terms
      .slice(0, FIRST)
      .map((/** @type {number} */ term, /** @type {number} */ i) => `${formatValue(q[query][i])}·${formatValue(k[/** @type {number} */ (opened)][i])}`);
    const line = filled(say.product_words, {
      terms: first.join(" + "),
      sum: formatValue(sum),
      n: terms.length,
      score: formatValue(sum / Math.sqrt(terms.length)),
    });
    product.replaceChildren(
      el("p", { text: filled(say.products, { asker: tokens[query].trim(), token: tokens[opened].trim() }) }),
      cells.node,
      el("p", { class: "lw-readout", text: line }),
    );
  }

  const columns = [null, "keys", "scores", "weights", null].map((name) => el("col", { "data-part": name }));
  const heads = [say.token, say.key, say.score, say.share, say.value].map((text) => el("th", { scope: "col", text }));
  host.append(
    part("query", "", choice.node, el("div", { class: "lw-row" }, el("span", { class: "lw-label", text: say.query }), queryWords), queryRow.node),
    el(
      "div",
      { class: "lw-scroll", tabindex: 0, role: "region", "aria-label": say.table },
      el("table", { class: "lw-head" }, el("colgroup", {}, ...columns), el("thead", {}, el("tr", {}, ...heads)), body),
    ),
    product,
    part("out", say.out, outRow.node, outWords),
  );
  draw();
  return { close() {}, set() {} };
}

/** @param {readonly (readonly number[])[]} rows
 *  @returns {number} largest magnitude */
function most(rows) {
  return Math.max(...rows.flat().map(Math.abs));
}
