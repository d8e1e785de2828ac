import assert from "node:assert/strict";
import { test } from "node:test";

import { keepDataMarked, markData } from "../../assets/js/shell/data.mjs";
import { el } from "../../assets/js/shell/dom.mjs";
import { find, freshPage, settled } from "./page.mjs";

const marked = (node) => [node.getAttribute("translate"), node.getAttribute("lang"), node.getAttribute("spellcheck")];

test("what a model wrote is not translated, what is typed for it not put right, the interface is both", () => {
  freshPage('<code></code><code lang="fr"></code><textarea></textarea><p>words</p>');
  markData(document.body);
  const [code, french] = document.querySelectorAll("code");
  assert.deepEqual(marked(code), ["no", "und", null]);
  assert.deepEqual(marked(french), ["no", "fr", null]);
  assert.deepEqual(marked(find("textarea")), ["no", "und", "false"]);
  assert.deepEqual(marked(find("p")), [null, null, null]);
});

test("what comes later is marked, too, but not again within what is marked", async () => {
  freshPage('<pre></pre><div id="place"></div>');
  keepDataMarked();
  find("#place").append(el("p", {}, el("kbd", { text: "Q" })));
  find("pre").append(el("code"));
  await settled();
  assert.deepEqual(marked(find("kbd")), ["no", "und", null]);
  assert.deepEqual(marked(find("pre code")), [null, null, null]);
});
