import assert from "node:assert/strict";
import { test } from "node:test";

import { Empty } from "../../assets/js/shell/empty.mjs";
import { fire, freshPage, texts } from "./page.mjs";

test("what there is not, what to do, and each way does what it says", () => {
  freshPage();
  const taken = [];
  const empty = new Empty();
  assert.ok(empty.host.hidden);
  empty.show("None", "Do this.", { text: "A", act: () => taken.push("a") }, { text: "B", act: () => taken.push("b") });
  assert.deepEqual([empty.host.hidden, ...texts("h2, p, button", empty.host)], [false, "None", "Do this.", "A", "B"]);
  for (const button of empty.host.querySelectorAll("button")) fire(button, "click");
  assert.deepEqual(taken, ["a", "b"]);
  empty.hide();
  assert.ok(empty.host.hidden);
});

test("the same words are not built anew: the focus stays", () => {
  freshPage();
  const empty = new Empty();
  document.body.append(empty.host);
  const show = (title) => empty.show(title, "Do this.", { text: "A", act: () => {} });
  show("None");
  empty.host.querySelector("button").focus();
  empty.hide();
  show("None");
  assert.equal(document.activeElement.textContent, "A");
  show("Other");
  assert.equal(empty.host.querySelector("h2").textContent, "Other");
});
