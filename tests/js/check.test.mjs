import assert from "node:assert/strict";
import { test } from "node:test";

import { rowsOf } from "../../assets/js/pages/check.mjs";
import { freshPage } from "./page.mjs";

const LINE = { name: "cached", compared: "one and the other", figure: 2e-7, tolerance: 1e-4, state: "right", cause: "", found: "2.0e-07" };

test("a line of a check is a row: name, result, worst, at most, what was compared", () => {
  freshPage();
  const [row, ...rest] = rowsOf(LINE);
  assert.deepEqual(
    [...row.children].map((cell) => cell.textContent),
    ["cached", "right", "2.0e-07", "0.0001", "one and the other"],
  );
  assert.equal(row.children[0].getAttribute("scope"), "row");
  assert.deepEqual(rest, []);
  assert.equal(rowsOf({ ...LINE, tolerance: 2 ** -22 * 512 })[0].children[3].textContent, "0.00012");
});

test("what is wrong says why below, and what has no limit has none", () => {
  freshPage();
  const [row, why] = rowsOf({ ...LINE, state: "not judged", tolerance: null, cause: "It is nanoGPT: nothing to compare with." });
  assert.equal(row.children[3].textContent, "");
  assert.equal(row.querySelector(".check-state").className, "check-state is-not-judged");
  assert.equal(why.textContent, "It is nanoGPT: nothing to compare with.");
});
