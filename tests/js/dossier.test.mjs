import assert from "node:assert/strict";
import { test } from "node:test";

import { dossierLink } from "../../assets/js/shell/dossier.mjs";
import { fire, freshPage } from "./page.mjs";

test("a click goes to the neuron's page within this one", () => {
  freshPage();
  let numPops = 0;
  addEventListener("popstate", () => numPops++);
  const link = dossierLink("s 1", "block.0.mlp_out", 7, "↗", "x");
  assert.ok(fire(link, "click").defaultPrevented);
  assert.equal(location.pathname + location.search, "/neurons?session=s+1&point=block.0.mlp_out&neuron=7");
  assert.equal(numPops, 1, "Dash's router is told");
  assert.match(link.getAttribute("aria-label"), /block\.0\.mlp_out · 7/);
});

test("a tab of its own is the browser's business", () => {
  freshPage();
  const link = dossierLink("s", "p", 7, "↗", "x");
  for (const key of ["ctrlKey", "metaKey", "shiftKey"]) {
    link.addEventListener("click", (event) => (event.wasLeft = !event.defaultPrevented));
    assert.ok(fire(link, "click", { [key]: true }).wasLeft);
  }
  assert.equal(location.pathname, "/");
});
