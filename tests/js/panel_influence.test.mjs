import { find, fire, freshPage, placed, served, settled } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { el } from "../../assets/js/shell/dom.mjs";
import { Influence } from "../../assets/js/panels/influence.mjs";
import { SCALES } from "./recording.mjs";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

const FOUND = { weights: [0.1, 0.7, 0.2], exact: true, most_off: 0, note: "" };

function setting(answer = () => FOUND) {
  freshPage();
  const asked = served(answer);
  const list = placed(el("ol"), 0, 0, 300, 60);
  const buttons = ["a", "b", "c", "d"].map((text, i) => placed(el("button", { text }), 50 * i, 10, 40, 20));
  const chosen = [];
  const influence = new Influence({
    list,
    buttons,
    titleOf: (position) => `position ${position}`,
    session: "s",
    version: "v",
    scales: SCALES,
    onChoose: (measure) => chosen.push(measure),
  });
  document.body.append(list, influence.control, influence.svg);
  return { influence, asked, buttons, chosen };
}

/** The clock rests, and the server answers. */
async function rest() {
  mock.timers.tick(250);
  for (let i = 0; i < 4; i++) await settled();
}
const says = () => find(".mri-influence-says").textContent;

test("when the clock rests the server is asked once, and each token has its share as its ground", async () => {
  const { influence, asked, buttons } = setting();
  const draw = () => influence.draw(2, 3, "attention", false, false);
  draw();
  assert.equal(asked.length, 0);
  await rest();
  draw();
  await rest();
  assert.equal(asked.length, 1);
  assert.match(asked[0], /saliency\?step=2/);
  assert.deepEqual(
    buttons.map((button) => button.classList.contains("has-influence")),
    [true, true, true, false],
  );
  assert.match(buttons[1].title, /0\.7.*position 1/);
  assert.match(says(), /^strongest: b 0\.700, c 0\.200/);
  assert.ok(find("path").getAttribute("d").length, "an arc where both ends are in sight");
});

test("while the clock moves nothing is shown or asked for; what was found stays known", async () => {
  const { influence, asked, buttons } = setting();
  influence.draw(2, 3, "attention", true, false);
  await rest();
  assert.deepEqual([asked.length, says()], [0, "shown when the clock rests"]);
  influence.draw(2, 3, "attention", false, false);
  await rest();
  influence.draw(3, 3, "attention", true, false);
  assert.deepEqual([buttons[1].title, find("path")], ["position 1", null]);
  influence.draw(2, 3, "attention", false, false);
  assert.ok(buttons[1].classList.contains("has-influence"));
  assert.equal(asked.length, 1);
});

test("a late answer of another step is not shown, and closing asks no more", async () => {
  const waiting = [];
  const { influence, buttons, asked } = setting(() => new Promise((done) => waiting.push(() => done(FOUND))));
  influence.draw(2, 3, "attention", false, false);
  await rest();
  influence.draw(1, 2, "attention", false, false);
  for (const answer of waiting) answer();
  await settled();
  assert.ok(!buttons[1].classList.contains("has-influence"));
  influence.close();
  await rest();
  assert.equal(asked.length, 1);
});

test("why there is none is said, and not asked again until the step changes", async () => {
  const { influence, asked } = setting(() => Response.json({ error: "Record with attention." }, { status: 409 }));
  for (let i = 0; i < 2; i++) {
    influence.draw(2, 3, "attention", false, false);
    await rest();
  }
  assert.deepEqual([asked.length, says()], [1, "Record with attention."]);
});

test("the choice of a measure, and none", () => {
  const { influence, chosen } = setting();
  influence.draw(2, 3, "attention", true, false);
  assert.deepEqual([find("select").value, find(".mri-kind").hidden], ["attention", false]);
  for (const value of ["gradient", ""]) {
    find("select").value = value;
    fire(find("select"), "change");
  }
  assert.deepEqual(chosen, ["gradient", null]);
  influence.draw(2, 3, null, false, false);
  assert.deepEqual([says(), find(".mri-kind").hidden], ["", true]);
});
