/**
 * The KV cache while it grows: one column for each token read, one row for each block. Follows the Scanner's clock.
 */

import { el, say } from "../../shell/dom.mjs";
import { filled } from "../text.mjs";
import { fill, heading, note } from "./parts.mjs";

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { data, words, onStep }) {
  const { tokens, reads, n_layer: numLayers, bytes_per_token: bytesPerToken } = data.cache;
  const last = reads.at(-1);
  const blocks = [...Array(numLayers).keys()];
  const columns = [...Array(last[0] + last[1]).keys()].map((i) =>
    el("div", { title: `${i}: ${tokens[i]}` }, ...blocks.map(() => el("i")), el("span", { text: tokens[i].replace("␣", "") })),
  );
  const grid = el("div", { class: "learn-cache", role: "img", "data-part": "grid" }, ...columns);
  const line = el("p", { class: "learn-widget-line", role: "status" });
  const size = el("p", { class: "learn-cache-size" });
  const names = [...blocks].reverse().map((n) => el("span", { text: filled(words.block_n, { n }) }));
  const heads = el("div", { class: "learn-cache-blocks", "aria-hidden": "true" }, ...names);

  /** @param {number} step */
  function draw(step) {
    const [pos0, numNew] = reads[step];
    columns.forEach((column, i) => say(column, null, `learn-cache-column${i < pos0 ? " is-kept" : i < pos0 + numNew ? " is-new" : ""}`));
    const bytes = ((pos0 + numNew) * bytesPerToken).toLocaleString("en");
    const phase = numNew > 1 ? words.cache_prefill : words.cache_decode;
    say(line, filled(phase, { step, new: numNew, kept: pos0, word: tokens[pos0] }));
    say(size, filled(words.cache_size, { bytes, all: pos0 + numNew, blocks: numLayers }));
    grid.setAttribute("aria-label", `${line.textContent} ${size.textContent}`);
  }

  const head = heading(words.cache_title, "derived", { derived_says: words.cache_says });
  fill(host, head, el("div", { class: "learn-cache-area" }, heads, grid), line, size, note(words.cache_note));
  onStep(draw);
}
