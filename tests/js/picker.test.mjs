import assert from "node:assert/strict";
import { test } from "node:test";

import { fillPickers, openPair, showInPicker } from "../../assets/js/shell/picker.mjs";
import { find, freshPage, served, settled } from "./page.mjs";

const options = (select) => [...select.options].map(({ value, text }) => [value, text]);

test("a session newer than the page is put first, by its prompt, else by its name; one that is there is chosen", () => {
  freshPage('<select><option value="a">A</option></select>');
  const picker = find("select");
  showInPicker(picker, "b", `a\nb${"x".repeat(100)}`);
  showInPicker(picker, "c", "");
  assert.deepEqual(
    options(picker).map(([value, text]) => [value, text.slice(0, 4), text.length]),
    [
      ["c", "c", 1],
      ["b", "a·bx", 70],
      ["a", "A", 1],
    ],
  );
  showInPicker(picker, "a", "");
  assert.deepEqual([picker.value, picker.options.length], ["a", 3]);
});

test("all sessions come into every picker, the rest as they are looked into, and the choice stays", async () => {
  freshPage('<select data-mri-sessions><option value="b">B</option></select><select data-mri-sessions></select><select id="other"></select>');
  const answers = [
    { titles: [["a", "first"]], unread: 1 },
    {
      titles: [
        ["a", "first"],
        ["b", "second"],
      ],
      unread: 0,
    },
  ];
  const asked = served(() => answers[asked.length - 1]);
  await fillPickers();
  const [one, two] = document.querySelectorAll("select[data-mri-sessions]");
  const all = answers[1].titles;
  assert.deepEqual([asked.length, one.value, options(one), options(two)], [2, "b", all, all]);
  assert.equal(find("#other").options.length, 0);
});

test("a picker that is gone asks no more, and a server that cannot say leaves what is there", async () => {
  freshPage("<select data-mri-sessions></select>");
  let answer = () => {};
  const asked = served(() => new Promise((done) => (answer = () => done({ titles: [], unread: 5 }))));
  const filled = fillPickers();
  await settled();
  find("select").remove();
  answer();
  await filled;
  assert.equal(asked.length, 1);
  freshPage('<select data-mri-sessions><option value="b">B</option></select>');
  served(() => Response.json({ error: "no" }, { status: 404 }));
  await fillPickers();
  assert.deepEqual(options(find("select")), [["b", "B"]]);
});

test("where the choices lead", () => {
  freshPage('<select id="compare-first"><option>x y</option></select><select id="compare-second"><option>z</option></select>');
  openPair();
  assert.equal(location.pathname + location.search, "/compare?a=x+y&b=z");
});
