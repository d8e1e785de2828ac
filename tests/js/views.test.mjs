import { freshPage } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { chosenView, rememberView } from "../../assets/js/desk/views.mjs";

const shown = () => document.documentElement.dataset.mriView;

test("a newcomer gets Simple; who chose gets what was chosen, also next time", () => {
  freshPage("", "/");
  assert.deepEqual([chosenView(), shown()], ["simple", "simple"]);
  rememberView("full");
  assert.deepEqual([chosenView(), shown()], ["full", "full"]);
});

test("the address has the last word", () => {
  freshPage("", "/?session=s&view=simple");
  rememberView("full");
  assert.equal(chosenView(), "simple");
});

test("without words there is Full, whatever is asked for", () => {
  freshPage("", "/?view=simple");
  assert.deepEqual([chosenView(false), shown()], ["full", "full"]);
});
