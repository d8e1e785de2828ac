import { fire, freshPage } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { LayerRows } from "../../assets/js/panels/layer_rows.mjs";

const KEYS = ["final.ln_f", "block.0.ln1", "embed.resid0"];

test("a hook point's row selects it, a block's row says whether it is open", () => {
  freshPage();
  const heard = [];
  const rows = new LayerRows(KEYS, true, { onSelect: (key) => heard.push(key), onFold: ({ block, isOpen }) => heard.push([block, isOpen]) });
  const block = { key: "block.0.ln1", block: "block 0", isOpen: false };
  fire(rows.of({ key: "block.0.ln1", block: "", isOpen: false }), "click");
  const closed = rows.of(block);
  assert.equal(closed.getAttribute("aria-label"), "block 0, closed");
  assert.equal(rows.of({ ...block, isOpen: true }), closed, "the same element");
  fire(closed, "click");
  assert.deepEqual(heard, ["block.0.ln1", ["block 0", true]]);
  assert.deepEqual(
    KEYS.map((key) => rows.points.get(key)?.textContent),
    ["finalfinal norm", "block 0ln1", "embedembedding"],
  );
});
