import { find, fire, freshPage } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { Chosen, chooser } from "../../assets/js/pages/sessions_chosen.mjs";

function setting(ids = ["a", "b", "c"]) {
  const page = freshPage("<table><tbody id='body'></tbody></table>", "/sessions");
  const body = find("#body");
  body.append(...ids.map((id) => chooser({ id, title: `Recording ${id}` })));
  const chosen = new Chosen(body);
  document.body.append(chosen.host, chosen.undo);
  const box = (id) => find(`[data-choose="${id}"]`);
  const tick = (id, is = true) => fire(Object.assign(box(id), { checked: is }), "change");
  const press = (text) =>
    fire(
      [...document.querySelectorAll("button")].find((each) => each.textContent === text),
      "click",
    );
  const asked = () => page.props.map(([id, { data }]) => [id, data.what, data.ids]);
  return { chosen, body, box, tick, press, asked };
}

test("a box says whose it is; the bar says how many, and only two can be compared", () => {
  const { chosen, box, tick, press } = setting();
  assert.equal(box("a").getAttribute("aria-label"), "Choose Recording a");
  assert.ok(chosen.host.hidden);
  tick("a");
  assert.deepEqual([chosen.host.hidden, chosen.compare.hidden, chosen.says.textContent], [false, true, "1 chosen"]);
  tick("c");
  assert.equal(chosen.compare.hidden, false);
  press("Compare them");
  assert.equal(location.pathname + location.search, "/compare?a=a&b=c");
  tick("b");
  assert.ok(chosen.compare.hidden);
  tick("b", false);
  press("Choose none");
  assert.deepEqual([chosen.host.hidden, box("a").checked], [true, false]);
});

test("a list that is drawn anew keeps what is chosen", () => {
  const { chosen, body, box, tick } = setting();
  tick("b");
  body.replaceChildren(...["b", "d"].map((id) => chooser({ id, title: id })));
  chosen.mark();
  assert.deepEqual([box("b").checked, box("d").checked], [true, false]);
});

test("what was deleted is no longer chosen, and can come back until that is put away", () => {
  const { chosen, tick, press, asked } = setting();
  tick("a");
  tick("b");
  press("Delete them");
  chosen.deleted(["a", "b"]);
  assert.deepEqual([chosen.host.hidden, chosen.undo.hidden], [true, false]);
  assert.equal(chosen.deletedSays.textContent, "2 recordings are deleted.");
  press("Undo");
  assert.deepEqual(asked(), [
    ["sessions-asked", "delete", ["a", "b"]],
    ["sessions-asked", "restore", ["a", "b"]],
  ]);
  chosen.deleted(["c"]);
  assert.equal(chosen.deletedSays.textContent, "One recording is deleted.");
  press("Dismiss");
  assert.ok(chosen.undo.hidden);
});
