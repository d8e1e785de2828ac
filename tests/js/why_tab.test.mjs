import { find, fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { WhyTab } from "../../assets/js/panels/why_tab.mjs";
import { whyOf } from "../../assets/js/core/why.mjs";
import { LAYOUT, TOKENS, answer, frame, sweep } from "./why_data.mjs";

const NOTHING = { text: "", isRefused: false };
const VIEW = { token: null, against: null, part: null };

/** The tab over one step, with what it asks for, and what a person chose in it. */
function setting({ words = {}, run = {}, more = {}, has = {} } = {}) {
  freshPage("<div id='mri-why'></div>");
  const [selected, sought] = [[], []];
  let [numAgain, numMade] = [0, 0];
  const known = { answer: null, sweep: null, ...more };
  let made = null;
  const whys = {
    run: { session: "s", isGrowing: false, ...run },
    at: (of, asked) => {
      const name = JSON.stringify(asked);
      if (made?.name !== name || made.of !== of) made = { name, of, why: (numMade++, whyOf({ frame: of, layout: LAYOUT, asked, ...known })) };
      return made.why;
    },
    words: () => ({ lost: NOTHING, more: NOTHING, ...words }),
    again: () => numAgain++,
    ...has,
  };
  const tab = new WhyTab({ whys, onSelect: (fields) => selected.push(fields), onSeek: (step) => sought.push(step) });
  const draw = (of = frame(), view = {}) => tab.draw(of, { layout: LAYOUT, tokens: TOKENS, stepOf: [10, 11, 12, 13] }, { ...VIEW, ...view });
  return { draw, selected, sought, numAgain: () => numAgain };
}

const input = (field) => find(`.mri-why-word.is-${field} input`);

test("two words, their lead, and six cards", () => {
  const { draw } = setting({ more: { answer: answer(), sweep: sweep() } });
  draw();
  assert.deepEqual([input("token").value, input("against").value, find(".mri-why-equals b").textContent], ["e", "g", "10.0"]);
  assert.deepEqual(texts("#mri-why h3"), ["What each part wrote", "By block and head", "Where they look", "Neurons", "On the way up", "Wrote against lost"]);
  assert.deepEqual(texts(".mri-why-word > span"), ["chosen ▾", "strongest other ▾"]);
});

test("a word is chosen by a part of its name; the usual one is not said, and what is no word changes nothing", () => {
  const { draw, selected } = setting();
  draw();
  const type = (field, value) => fire(Object.assign(input(field), { value }), "change");
  type("against", "i");
  type("against", "zzz");
  type("token", "G"); // of the rival, which is no choice here
  assert.deepEqual(selected, [{ against: 9 }, { against: null }, { token: null }]);
});

test("nothing is drawn under somebody who types; leaving the field without a word puts back what stood there", () => {
  const { draw } = setting();
  const first = frame();
  draw(first);
  const field = input("token");
  field.focus();
  fire(field, "focus");
  assert.equal(field.value, "");
  fire(field, "input");
  draw(frame());
  assert.equal(input("token"), field);
  fire(field, "blur");
  assert.equal(field.value, "e");
});

test("a part that is pressed is selected everywhere; the same step is not drawn twice", () => {
  const { draw, selected } = setting();
  const step = frame();
  draw(step);
  const row = find(".mri-why-rows button[aria-label^='head 1.0']");
  draw(step);
  assert.equal(find(".mri-why-rows button[aria-label^='head 1.0']"), row);
  fire(row, "click");
  assert.deepEqual(selected, [{ part: "1.0", layer: 1, head: 0 }]);
  draw(step, { part: "1.0" });
  assert.ok(find(".mri-why-rows .is-selected").getAttribute("aria-label").startsWith("head 1.0"));
});

test("what is not there says why, and how to get it", () => {
  const bare = frame({}, { without: "ledger" });
  const asks = setting();
  asks.draw(bare);
  assert.deepEqual(texts("#mri-why button"), ["Compute it"]);
  fire(find("#mri-why button"), "click");
  assert.equal(asks.numAgain(), 1);
  setting({ has: { isComputed: true } }).draw(bare);
  assert.deepEqual(texts("#mri-why p"), ["…"]);
  setting().draw({ ...bare, header: { ...bare.header, chosen_id: -1 }, arrays: {} });
  assert.match(texts("#mri-why p")[0], /^No predictions were captured/);
});

test("a refusal stands in its place with a button; of a recording under way without one", () => {
  const refused = { more: { text: "No model is at hand.", isRefused: true } };
  const { draw, numAgain } = setting({ words: refused });
  draw(frame({}, { without: "ledger" }));
  assert.equal(texts(".mri-why-refused")[0], "No model is at hand. Ask again");
  fire(find(".mri-why-refused button"), "click");
  assert.equal(numAgain(), 1);
  setting({ words: refused, run: { isGrowing: true } }).draw();
  assert.deepEqual([texts(".mri-why-refused")[0], find(".mri-why-refused button")], ["No model is at hand.", null]);
});
