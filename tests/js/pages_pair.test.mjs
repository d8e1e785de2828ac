import { allShown, find, fire, freshPage, inkOnCanvases, placed, served, settled, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { keys } from "../../assets/js/desk/keys.mjs";
import { Pair } from "../../assets/js/pages/pair.mjs";
import { Scanner } from "../../assets/js/pages/scanner.mjs";
import { SCALES, runOf } from "./recording.mjs";

let scanner = null;
beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => {
  scanner?.close();
  mock.timers.reset();
});

const alignment = (more = {}) => ({
  strategy: "prefix",
  positions: [0, 1, 2, 3, 4, 5].map((at) => [at, at]),
  divergence: 6,
  steps: [
    [0, 0],
    [1, 1],
    [-1, 2],
    [2, -1],
  ],
  matched: [true, true, false, false],
  whole: [true, true, false, false],
  keys: ["block.0.resid_post", "block.1.mlp_out"],
  notes: [],
  ...more,
});
const BOOT = { a: "A", b: "B", align: "prefix", full_scale: {}, limit: 10 };
const MAP = { by: "difference", keys: ["block.0.resid_post"], values: [[0, 0.7, null, null]], low: null, high: null, missing: "" };
const IDS =
  "compare-words compare-map-says mri-timeline compare-transport mri-layers compare-list compare-says compare-headline compare-notes mri-stage compare-tools mri-toasts".split(
    " ",
  );
const choice = (id, values) => `<select id="compare-${id}">${values.map((value) => `<option>${value}</option>`).join("")}</select>`;

async function setting(address = "/compare?a=A&b=B&align=prefix", answer = () => alignment()) {
  const page = freshPage(
    `<div id="compare"><div class="compare-panels"></div>${IDS.map((id) => `<div id="${id}"></div>`).join("")}<button id="compare-swap"></button><button id="compare-parting"></button>
      ${choice("a", ["A", "C"])}${choice("b", ["B"])}${choice("third", ["", "C"])}${choice("align", ["prefix", "pooled"])}${choice("by", ["difference", "cosine"])}</div>`,
    address,
  );
  inkOnCanvases();
  const asked = served((address) => (address.startsWith("/compare/map") ? MAP : answer(address)));
  placed(find("#mri-stage"), 0, 0, 800, 500);
  const pair = new Pair(BOOT, alignment(), runOf("A"), runOf("B"));
  scanner = new Scanner(pair.runs[0], SCALES, { pair });
  const shown = () => allShown(page);
  await shown();
  return { page, asked, pair, shown, scanner };
}
const posted = (page, store) => page.props.filter(([name]) => name === store).map(([, { data }]) => data);

function choose(name, value) {
  find(`#compare-${name}`).value = value;
  fire(find(`#compare-${name}`), "change");
}

test("it opens at the first moment worth looking at, on the last residual stream that both keep", async () => {
  const { scanner, page } = await setting();
  assert.deepEqual([scanner.player.step, scanner.player.numSteps, scanner.desk.view.point], [1, 4, "block.0.resid_post"]);
  assert.deepEqual(posted(page, "compare-pair"), [{ a: "A", b: "B", align: "prefix", theme: "dark" }]);
  assert.equal(new URLSearchParams(location.search).get("session"), null);
});

test("another pair, and the two the other way round, are other pages", async () => {
  await setting();
  choose("a", "C");
  assert.match(location.search, /^\?a=C&b=B/);
  await setting();
  fire(find("#compare-swap"), "click");
  assert.match(location.search, /^\?a=B&b=A/);
});

test("a third one stands beside the two in the Scanner, at the step of A", async () => {
  const { scanner } = await setting();
  scanner.player.seek(2); // a moment that A lacks
  choose("third", "C");
  assert.equal(location.pathname + location.search, "/?session=A&lanes=B%2CC&step=0&view=full");
});

test("the next parting is a press or a key away, where the map shows differences", async () => {
  const { scanner, shown } = await setting("/compare?a=A&b=B&align=prefix&step=0");
  assert.equal(find("#compare-parting").disabled, false);
  fire(find("#compare-parting"), "click");
  await shown();
  assert.equal(scanner.player.step, 1);
  scanner.player.seek(3);
  document.addEventListener("keydown", (event) => keys.hear(event));
  fire(document.body, "keydown", { key: "b", shiftKey: false });
  assert.equal(scanner.player.step, 1);
  scanner.close();
  fire(document.body, "keydown", { key: "n", shiftKey: false });
  assert.equal(scanner.player.step, 1, "a page that is left hears no key");
});

test("aligned otherwise, the clock stays at the same step; what it is coloured by is asked for anew", async () => {
  const other = alignment({
    strategy: "pooled",
    steps: [
      [0, 0],
      [-1, 1],
      [1, -1],
    ],
    matched: [true, false, false],
    whole: [true, false, false],
  });
  const { scanner, page, asked, shown } = await setting(undefined, () => other);
  choose("align", "pooled");
  await shown();
  assert.deepEqual(
    [asked.filter((address) => address.includes("alignment")), scanner.player.step, scanner.player.numSteps],
    [["/compare/alignment?a=A&b=B&align=pooled"], 2, 3],
  );
  assert.deepEqual(posted(page, "compare-pair").at(-1), { a: "A", b: "B", align: "pooled", theme: "dark" });
  choose("by", "cosine");
  await shown();
  const query = new URL(asked.at(-1), "http://localhost").searchParams;
  assert.deepEqual([query.get("align"), query.get("by")], ["pooled", "cosine"]);
  assert.ok(query.get("points").split(",").includes("block.0.resid_post"));
});

test("an alignment that is refused is told of, and the choice goes back; one that is not wanted any more is silent", async () => {
  const { scanner, shown } = await setting(undefined, () => Response.json({ error: "Too long to align." }, { status: 400 }));
  choose("align", "pooled");
  await shown();
  assert.deepEqual([texts(".mri-toast p"), find("#compare-align").value, scanner.desk.view.align], [["Too long to align."], "prefix", "prefix"]);
  let answer = () => {};
  const late = await setting(undefined, () => new Promise((done) => (answer = () => done(alignment({ steps: [[0, 0]] })))));
  choose("align", "pooled");
  await settled();
  late.scanner.close();
  answer();
  await late.shown();
  assert.equal(late.scanner.player.numSteps, 4);
});

test("what can be taken away is of this moment and both recordings", async () => {
  const { pair, scanner } = await setting();
  const taken = pair.taken(scanner);
  assert.equal(taken.nameOf("compare-map", "csv"), "compare_A_B_moment-1_map.csv");
  const address = new URL(taken.csvOf("compare-map"), "http://localhost");
  assert.deepEqual(
    [address.pathname, address.searchParams.get("moment"), address.searchParams.get("point")],
    ["/compare/panels/map.csv", "1", "block.0.resid_post"],
  );
  assert.equal(taken.captionOf(true), "A and B · moment 1 · block.0.resid_post");
});
