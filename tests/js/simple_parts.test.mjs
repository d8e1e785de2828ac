import { find, fire, freshPage, served, settled, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Player } from "../../assets/js/desk/player.mjs";
import { Bar } from "../../assets/js/simple/bar.mjs";
import { Callouts } from "../../assets/js/simple/callouts.mjs";
import { Hero } from "../../assets/js/simple/hero.mjs";
import { Own } from "../../assets/js/simple/own.mjs";
import { Scan, layerOf } from "../../assets/js/simple/scan.mjs";
import { Shares } from "../../assets/js/simple/shares.mjs";
import { SCALES, layout } from "./recording.mjs";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

const put = (part) => document.body.append(part.host);
const blank = (fields = {}) => ({ text: "Mia", id: 7, isEnd: false, hasSpace: true, by: "model", ...fields });
const word = (position, text, fields = {}) => ({ position, text, hasSpace: position > 0, isAside: false, chosenBy: position - 1, ...fields });
const sentence = (fields = {}) => ({ asked: "", isCut: false, words: [word(0, "gave"), word(1, "to")], blank: blank(), last: "to", ...fields });

function bar() {
  freshPage();
  const asked = [];
  const player = new Player({ numSteps: 3, now: () => 0, raf: () => {} });
  const made = new Bar({ player, onWhy: () => asked.push("why"), onWrite: () => asked.push("write") });
  put(made);
  return { bar: made, player, asked };
}

test("the bar says who chooses the next word, and whether the model would have said the same", () => {
  const { bar: made } = bar();
  const said = (fields, guess = "Mia", more = {}) => {
    made.draw(sentence({ blank: blank(fields), ...more }), guess, false);
    return find(".simple-says").textContent;
  };
  assert.equal(said({}), "It has read the sentence up to “to”. Now it chooses the next word.");
  assert.equal(said({}, "Tom"), "It has read the sentence up to “to”. Its best guess is “Tom”; the dice say “Mia”.");
  assert.match(said({ by: "prompt" }), /The sentence goes on with “Mia”, as it guessed\.$/);
  assert.match(said({ by: "prompt" }, "Tom"), /goes on with “Mia”; its own guess was “Tom”\.$/);
  assert.match(said({ by: "calculator" }), /The calculator puts in “Mia”\.$/);
  assert.match(said({ by: "none" }), /Nothing follows in this recording\.$/);
  assert.match(said({}, "", { words: [] }), /^It has read nothing yet\. /);
  assert.match(said({}, "", { words: [], asked: "Why?" }), /^It has read the question\. /);
});

test("at the end it offers the beginning, and why only of a word that the model chose", () => {
  const { bar: made, player, asked } = bar();
  made.draw(sentence(), "Mia", false);
  assert.deepEqual([find(".simple-back").disabled, find(".simple-next").disabled, find(".simple-again").hidden], [true, false, true]);
  fire(find(".simple-why"), "click");
  fire(find(".simple-write"), "click");
  assert.deepEqual(asked, ["why", "write"]);
  player.seek(2);
  made.draw(sentence({ blank: blank({ isEnd: true }) }), "", false);
  assert.deepEqual([find(".simple-says").textContent, find(".simple-next").disabled, find(".simple-again").hidden], ["It ends here.", true, false]);
  assert.equal(find(".simple-why").hidden, true);
  fire(find(".simple-again"), "click");
  assert.equal(player.mode, "playing");
  made.draw(sentence(), "Mia", true);
  assert.match(find(".simple-play").textContent, /Pause/);
  assert.equal(find(".simple-says").getAttribute("aria-live"), "off", "a screen reader is not told every step");
});

test("call-outs are counted from below, fold when somebody begins, and stay so", () => {
  freshPage();
  let changes = 0;
  const small = { n_layer: 2, n_head: 1, points: [{ width: 16 }] };
  const callouts = new Callouts(small, () => changes++);
  put(callouts);
  assert.deepEqual(texts(".simple-callout b"), ["Two layers of work, 0 to 1.", "Each dot: a number.", "Words go in here,"]);
  assert.match(find(".simple-callout p").textContent, /Each takes one look back at the words, then/);
  callouts.seen();
  assert.deepEqual(
    [...document.querySelectorAll(".simple-number")].map((each) => each.getAttribute("aria-expanded")),
    ["false", "false", "false"],
  );
  fire(find(".simple-number"), "click");
  assert.equal(find(".simple-number").getAttribute("aria-expanded"), "true");
  assert.equal(document.querySelectorAll(".is-folded").length, 2);
  put(new Callouts({ ...small, n_layer: 40 }, () => {}));
  assert.equal(document.querySelectorAll(".is-folded").length, 5, "another recording has them folded, too");
  assert.ok(texts(".simple-callout b").includes("40 layers of work, 0 to 39."));
  callouts.show();
  assert.equal(changes, 4, "made, begun, one asked for, all asked for");
});

test("shares stand with their bars, odds under the pointer, and all others together", () => {
  freshPage();
  const shares = new Shares();
  put(shares);
  const row = (id, share, more = {}) => ({ id, share, percent: `${100 * share} %`, odds: "", isChosen: false, ...more });
  shares.draw({ rows: [row(7, 0.9, { isChosen: true }), row(-1, 0.1, { odds: "1 in 10" })], numOthers: 2047 }, (id) => `w${id}`);
  assert.deepEqual(texts(".simple-share b"), ["w7", "all 2,047 others together"]);
  assert.deepEqual(texts(".simple-share.is-chosen em"), ["90 %"]);
  assert.equal(find(".is-rest").title, "1 in 10");
  shares.setSwap("If Mia gives the ball, it says Tom: 99.97 %");
  assert.equal(find(".simple-swap").hidden, false);
  shares.setSwap("");
  assert.equal(find(".simple-swap").hidden, true);
  shares.draw(null, String);
  assert.match(find(".simple-shares").textContent, /no numbers for the next word/);
});

function hero() {
  freshPage();
  const sought = [];
  const made = new Hero({ onSeek: (step) => sought.push(step), wordAt: (position) => ["gave", "to"][position], howLikely: (step) => (step ? "likely" : "") });
  document.body.append(made.asked, made.line, made.told);
  return { hero: made, sought };
}

test("a word of the sentence goes to the step that chose it; one that was read with others does not", () => {
  const { hero: made, sought } = hero();
  made.draw(sentence({ words: [word(0, "gave"), word(1, "to", { chosenBy: 3 })], isCut: true, asked: "Who?" }), [], false, "a");
  assert.equal(find(".simple-words").textContent.trim(), "…gave to Mia");
  assert.equal(find(".simple-asked").textContent, "Asked: “Who?”");
  assert.deepEqual(texts("button.simple-word"), ["to"]);
  fire(find("button.simple-word"), "pointerover");
  assert.equal(find("button.simple-word").title, "likely. Click: go to where it was chosen");
  fire(find("button.simple-word"), "click");
  fire(find("span.simple-word"), "click");
  assert.deepEqual(sought, [3]);
  assert.ok(find(".simple-word.is-last").textContent, "to");
});

test("without room for curves the words bear their shares, both of a word that two looks go to", () => {
  const { hero: made } = hero();
  const look = (layer, weight) => ({ layer, head: 0, at: [{ position: 0, weight }], strength: weight });
  made.draw(sentence(), [look(5, 0.51), look(3, 0.98)], false, "a"); // in a document without a layout nothing has room
  assert.ok(find(".simple-line").classList.contains("is-plain"));
  assert.equal(find(".is-looked").dataset.weight, "51 % · 98 %");
  assert.equal(find(".simple-told").textContent, "one look back of layer 5: “gave” · layer 3: “gave”");
  assert.equal(find(".simple-look").title, "Layer 5, look 0: attention of block 5, head 0, measured");
});

test("a blank that nothing fills is not drawn", () => {
  const { hero: made } = hero();
  made.draw(sentence({ blank: blank({ by: "none", text: "" }) }), [], false, "a");
  assert.equal(find(".simple-blank"), null);
  made.draw(sentence({ blank: blank({ by: "calculator", text: "19" }) }), [], false, "b");
  assert.deepEqual([find(".simple-blank").textContent, find(".simple-blank").title], ["19", "the calculator puts in"]);
});

const STAGE = { tower: { canvas: { hidden: true }, camera: null, plates: [] }, view: { getBoundingClientRect: () => new DOMRect() }, selected: {} };

function scan(numLayers = 2) {
  freshPage();
  const asked = [];
  const callouts = { host: document.createElement("div"), parts: [] };
  const made = new Scan({
    stageHost: document.createElement("div"),
    callouts,
    layout: { ...layout, n_layer: numLayers, n_vocab: 2048 },
    scales: SCALES,
    onHover: (layer) => asked.push(["hover", layer]),
    onKeep: (layer) => asked.push(["keep", layer]),
    onAsk: () => asked.push(["ask"]),
  });
  put(made);
  const draw = (guesses, more = {}) =>
    made.draw({ stage: STAGE, guesses, canGuess: true, read: "to", wordOf: (id) => `w${id}`, looking: [], chosen: null, kept: null, ...more });
  return { draw, asked };
}
const guess = (layer, id, share, isOwn = false) => ({ layer, id, share, isOwn });

test("each layer has a row with its guess, the top one first; a click keeps it", () => {
  const { draw, asked } = scan();
  draw([guess(0, 3, 0.25), guess(1, 123456789, 0.999, true)], { looking: [1], kept: 1, chosen: 1 });
  assert.deepEqual(texts(".simple-row"), ["layer 1w12345678999.9 %", "layer 0w325 %", "words into"]);
  const [top, low] = document.querySelectorAll("button.simple-row");
  assert.deepEqual([...top.classList], ["simple-row", "is-looking", "is-chosen", "is-own", "is-wide"]);
  assert.deepEqual([top.getAttribute("aria-pressed"), low.getAttribute("aria-pressed")], ["true", "false"]);
  assert.match(low.title, /^“w3”, likeliest of the 2,048 words that it knows: logit lens after block 0, derived\./);
  fire(low, "pointerenter");
  fire(low, "click");
  assert.deepEqual(asked, [
    ["hover", 0],
    ["keep", 0],
  ]);
  assert.equal(find(".simple-missing").hidden, true);
});

test("a recording without best guesses says so and offers to work them out; its layers still look back", () => {
  const { draw, asked } = scan();
  draw(null);
  assert.equal(find(".simple-missing").hidden, false);
  assert.deepEqual(texts(".simple-row"), ["layer 1", "layer 0", "words into"]);
  fire(find(".simple-missing button"), "click");
  assert.deepEqual(asked, [["ask"]]);
  draw(null, { canGuess: false });
  assert.equal(find(".simple-missing").hidden, true, "nothing to guess, nothing to offer");
});

test("the layer of a hook point", () => {
  assert.deepEqual(["block.3.resid_post", "embed.resid0", "final.ln_f"].map(layerOf), [3, -1, -1]);
});

/** Time goes by until whoever waits has been answered. */
async function later(times = 3) {
  for (let i = 0; i < times; i++) {
    await settled();
    mock.timers.tick(300);
    await settled();
  }
}

function own(answer) {
  freshPage("", "/");
  const asked = served((address, { method = "GET" }) => answer(address, method));
  const made = new Own();
  put(made);
  const write = (text) => {
    made.input.value = text;
    fire(made.input, "input");
  };
  return { own: made, asked, write, submit: () => fire(made.host, "submit") };
}

test("a sentence of one's own is checked when the typing rests, and only as it then stands", async () => {
  const { asked, write } = own((address) => ({
    words: address.includes("zyx") ? [{ text: " zyx", pieces: [" z", "yx"] }] : [{ text: "hot", pieces: ["hot"] }],
  }));
  write("h");
  write("zyx");
  await later();
  assert.equal(asked.length, 1);
  assert.deepEqual([find(".simple-own-says").textContent, texts(".simple-marks u")], ["New to it, read in pieces: “zyx” (z·yx)", [" zyx"]]);
  write("hot");
  assert.equal(find(".simple-own-says").textContent, "", "what was said of another text goes at once");
  await later();
  assert.deepEqual([find(".simple-own-says").textContent, texts(".simple-marks u")], ["", []]);
});

test("it records, tells how far it is, and opens at its last word", async () => {
  const states = [{ state: "queued" }, { state: "running", step: 3, max_steps: 32 }, { state: "finished", message: "length" }];
  const { asked, write, submit } = own((address, method) =>
    method === "POST" ? { id: "new" } : address.startsWith("/record/") ? states.shift() : { words: [] },
  );
  write("The opposite of hot is");
  submit();
  await settled();
  await settled();
  assert.equal(find(".simple-own-says").textContent, "It waits for its turn.");
  await later(1);
  assert.equal(find(".simple-own-says").textContent, "Word 4 of at most 32 …");
  assert.equal(find(".simple-scan-it").hidden, true);
  await later();
  assert.equal(location.search, "?session=new&view=simple");
  assert.ok(asked.some((address) => address === "/record"));
});

test("cancelled, it stays here and says what became of it", async () => {
  let isStopped = false;
  const { write, submit } = own((address, method) => {
    if (address.endsWith("/stop")) isStopped = true;
    return method === "POST" ? { id: "new" } : isStopped ? { state: "finished", message: "stopped" } : { state: "running", step: 1, max_steps: 9 };
  });
  write("Once");
  submit();
  await later(1);
  const buttons = [...document.querySelectorAll(".simple-own button")];
  fire(
    buttons.find((each) => each.textContent === "Cancel"),
    "click",
  );
  await later();
  assert.deepEqual(
    [isStopped, location.search, find(".simple-own-says").textContent],
    [true, "", "Cancelled. What it had read by then is among the recordings."],
  );
  assert.equal(find(".simple-scan-it").hidden, false);
});

test("a failure and an empty field are said, and nothing typed is lost", async () => {
  const { own: made, write, submit, asked } = own((_, method) => (method === "POST" ? { id: "new" } : { state: "error", message: "512 are the most." }));
  submit();
  assert.equal(find(".simple-own-says.is-error").textContent, "Write the beginning of a sentence first.");
  assert.deepEqual(asked, []);
  write("Once");
  submit();
  await later();
  assert.equal(find(".simple-own-says.is-error").textContent, "512 are the most.");
  assert.equal(made.input.value, "Once");
  made.close();
});
