import assert from "node:assert/strict";
import { test } from "node:test";

import { answerAt, guessesAt, keptTokens, lensOf, pairOf, partAt, partsOf, whyOf } from "../../assets/js/core/why.mjs";
import { strongestParts, waterfall } from "../../assets/js/core/why_rows.mjs";
import {
  answeredBy,
  bothNumbers,
  closingLine,
  partNamed,
  plain,
  selectionOf,
  signed,
  sourcesOf,
  guessBeside,
  whySentence,
  wordOf,
  writersOf,
} from "../../assets/js/core/why_words.mjs";
import { LAYOUT, TOKENS, answer, frame, sweep } from "./why_data.mjs";

const whyNow = (more = {}) => whyOf({ frame: frame(), layout: LAYOUT, ...more });
const said = (why) => whySentence(why, TOKENS, LAYOUT.n_head).map((part) => part.text ?? part);

test("parts come in the model's order", () => {
  const names = partsOf(LAYOUT).map(({ short }) => short);
  assert.deepEqual(names, ["embedding", "0.0", "0.1", "MLP 0", "1.0", "1.1", "MLP 1", "left over"]);
  assert.equal(partAt(LAYOUT, 1, 0), 4);
  assert.equal(partAt(LAYOUT, 1, -1), 6);
});

test("the pair is the chosen token and the strongest other, or those asked for that were kept", () => {
  assert.deepEqual(keptTokens(frame()), [5, 7, 9]);
  assert.deepEqual(pairOf(frame()), { token: 5, against: 7, isUsual: true });
  assert.deepEqual(pairOf(frame(), { against: 9 }), { token: 5, against: 9, isUsual: false });
  assert.deepEqual(pairOf(frame(), { token: 7 }), { token: 7, against: 5, isUsual: false });
  assert.deepEqual(pairOf(frame(), { token: 77, against: 5 }), { token: 5, against: 7, isUsual: true });
  assert.deepEqual(pairOf(frame({ chosen_id: -1 })), { token: 5, against: 7, isUsual: true });
});

test("a lead that is no number has no parts and is no number in words", () => {
  const why = whyNow();
  why.difference = NaN;
  assert.equal(said(why).join(""), "The lead of “e” over “g” is no number in this step.");
  assert.deepEqual([plain(NaN), signed(NaN)], ["–", "–"]);
});

test("what parts wrote adds up to the difference of two logits", () => {
  const why = whyNow();
  assert.deepEqual([...why.wrote].map(signed), ["+0.2", "0.0", "0.0", "+0.1", "+9.0", "+1.2", "−0.5", "0.0"]);
  assert.deepEqual(why.logits.map(plain), ["11.0", "1.0"]);
  assert.equal(plain(why.difference), "10.0");
  assert.equal(why.isChosen, true);
  assert.equal(whyNow({ asked: { token: 7, against: 5 } }).difference, -why.difference);
});

test("a step that lacks the ledger has a Why only where one was computed, of the same tokens", () => {
  const bare = frame({}, { without: "ledger" });
  assert.equal(whyOf({ frame: bare, layout: LAYOUT }), null);
  const computed = whyOf({ frame: bare, layout: LAYOUT, answer: answer() });
  assert.deepEqual([...computed.wrote].map(signed), [...whyNow().wrote].map(signed));
  assert.equal(whyOf({ frame: bare, layout: LAYOUT, answer: answer(), asked: { against: 9 } }), null);
  assert.equal(whyOf({ frame: frame({ dropped_layers: [0] }), layout: LAYOUT }), null, "what a step left out, nobody adds up");
});

test("lost is the change of the difference with a part off", () => {
  const { lost } = whyNow({ sweep: sweep() });
  assert.deepEqual([...lost.amounts].slice(1, -1).map(plain), ["0.0", "12.0", "0.5", "8.0", "1.0", "−3.0"]);
  assert.ok(Number.isNaN(lost.amounts[0]) && Number.isNaN(lost.amounts.at(-1)));
  assert.equal(whyNow({ sweep: sweep(), asked: { against: 9 } }).lost, null, "it is not of this token");
});

test("rows: parts that matter stand alone, in the model's order, sums between them, and the column adds up", () => {
  const why = whyNow({ sweep: sweep() });
  const rows = waterfall(why);
  assert.deepEqual(
    rows.map(({ name, tenths }) => [name, tenths]),
    [
      ["embedding", 2],
      ["head 0.1", 0],
      ["rest of block 0", 1],
      ["head 1.0", 90],
      ["head 1.1", 12],
      ["MLP 1", -5],
      ["left over", 0],
    ],
  );
  const before = waterfall(whyNow()).map(({ name }) => name);
  assert.deepEqual(before, ["embedding", "block 0", "head 1.0", "head 1.1", "MLP 1", "left over"]);
  for (const each of [rows, waterfall(whyNow())])
    assert.equal(
      each.reduce((sum, row) => sum + row.tenths, 0),
      Math.round(10 * why.difference),
    );
});

test("rounding is hidden in sums of several parts first, and at last in what is left over", () => {
  const why = whyNow();
  const parts = Float64Array.of(0.04, 0.04, 0.04, 0.04, 5.04, 4.04, 2.04, 0);
  const rows = waterfall({ ...why, wrote: parts, difference: parts.reduce((a, b) => a + b) });
  assert.deepEqual(
    rows.map(({ tenths }) => tenths),
    [0, 2, 50, 40, 20, 1],
  );
});

test("at most eight parts stand alone, and what is opened beside them", () => {
  const many = { ...LAYOUT, n_layer: 12, n_head: 4 };
  const parts = partsOf(many);
  const wrote = Float64Array.from(parts, (_, i) => (i % 5 === 1 ? 2 : -0.1));
  const why = { ...whyNow(), parts, wrote, difference: wrote.reduce((a, b) => a + b) };
  assert.equal(waterfall(why).filter((row) => row.parts.length === 1 && parts[row.parts[0]].block >= 0).length, 8);
  assert.ok(waterfall(why, [2]).some(({ name }) => name === "head 0.1"));
  assert.equal(waterfall(why).flatMap((row) => row.parts).length, parts.length, "each part is in one row");
});

test("the sentence names the fewest writers, where they look, and the loss that is no writer's", () => {
  assert.equal(said(whyNow()).join(""), "“e” beat “g” by 10.0: head 1.0 (+9.0) wrote it.");
  const all = whyNow({ sweep: sweep(), answer: answer() });
  assert.equal(said(all).join(""), "“e” beat “g” by 10.0: head 1.0 (+9.0) wrote it, looking at “e”. With head 0.1 off, nothing of it is left.");
  const head = whySentence(all, TOKENS, 2).find((part) => part.text === "head 0.1");
  assert.deepEqual(head.of, { tab: "why", part: "0.1", layer: 0, head: 1 });
  const less = { ...all, lost: { ...all.lost, amounts: all.lost.amounts.map((x, i) => (i === 2 ? 6 : i === 4 ? 5 : x)) } };
  assert.match(said(less).join(""), /With head 0.1 off, 4.0 of it is left\.$/);
});

test("who was behind is said to have been", () => {
  assert.equal(said(whyNow({ asked: { token: 7, against: 5 } })).join(""), "“e” was ahead of “g” by 10.0: head 1.0 (−9.0) wrote it.");
});

test("where no three parts wrote two thirds, their share is told", () => {
  const why = whyNow();
  const wrote = Float64Array.of(2, 2, 2, 2, 2, 0, 0, 0);
  assert.deepEqual(writersOf({ ...why, wrote }).length, 3);
  assert.match(said({ ...why, wrote }).join(""), /wrote \+6\.0 of it\.$/);
});

test("the line at the end says who copies, and who works through others", () => {
  assert.equal(closingLine(whyNow(), TOKENS, 2), "");
  const all = whyNow({ sweep: sweep(), answer: answer() });
  assert.equal(closingLine(all, TOKENS, 2), "1.0 copies the word that it looks at; 0.1 writes next to nothing here and works through later parts.");
});

test("a head's sources are those that the server told, without empty places", () => {
  const why = whyNow({ answer: answer() });
  assert.deepEqual(sourcesOf(why, 4, 2), [{ position: 1, stream: 1, value: 7 }]);
  assert.deepEqual(sourcesOf(why, 6, 2), [], "an MLP looks nowhere");
  assert.deepEqual(sourcesOf(whyNow(), 4, 2), []);
});

test("where the last norm did most of what was answered, that is said", () => {
  const why = whyNow({ sweep: sweep() });
  assert.equal(answeredBy(why, 6), "mostly the last norm");
  assert.equal(answeredBy(why, 2), "");
  assert.match(bothNumbers(why, 6), /^MLP 1: wrote −0\.5000 logits.* −3\.000 lost \(−0\.5000 written, −2\.000 by the last norm, −0\.5000 by later parts\)/);
});

test("a selected part has a name that finds it again", () => {
  const why = whyNow();
  for (const part of why.parts.slice(1, -1)) assert.equal(partNamed(why, selectionOf(part).part), part.index);
  for (const none of [null, "", "7.0", "embedding"]) assert.equal(partNamed(why, none), -1);
});

test("the lens is of these two tokens at each depth, as recorded or as computed", () => {
  const why = whyNow();
  assert.deepEqual(lensOf(frame(), why), { stream: [1, 2, 8], exit: [1, 3, 10] });
  assert.equal(lensOf(frame({}, { without: "lens" }), why), null);
  assert.deepEqual(lensOf(frame({}, { without: "lens" }), whyNow({ answer: answer() })).exit, [0, 4, 10]);
  assert.deepEqual(
    guessesAt(frame(), 1).stream.map(({ id }) => id),
    [7, 5, 9, 1, 2],
  );
  assert.equal(guessesAt(frame(), 1).exit, null);
  assert.equal(guessesAt(frame(), 2, answer()).exit[0].id, 5);
});

test("an answer of several steps is read step by step", () => {
  assert.equal(answer(3).token, 5);
  assert.equal(answer(5), null);
  assert.equal(answerAt({ header: { start: 8, stop: 9 }, arrays: {} }, 7), null);
});

test("the strongest parts are those that wrote or cost most", () => {
  assert.deepEqual(strongestParts(whyNow(), 2), [4, 5]);
  assert.deepEqual(strongestParts(whyNow({ sweep: sweep() }), 2), [2, 4]);
  assert.deepEqual(
    strongestParts(whyNow(), 1, (part) => part > 4),
    [5],
  );
});

test("words of tokens that the recording does not know come in bytes", () => {
  assert.equal(wordOf(TOKENS, 5), "e");
  assert.equal(wordOf(TOKENS, 99), "#99");
  assert.equal(wordOf(TOKENS, 99, { 99: "2068c3a4" }), "hä");
  assert.equal(wordOf({ ...TOKENS, text: { 1: "  " } }, 1), "␣␣");
});

test("the token that the stream would say at a plate; at other places there is none", () => {
  const lane = { frame: frame(), run: { tokens: TOKENS } };
  assert.deepEqual(guessBeside("embed.resid0", lane), { id: 1, word: "a", share: "50.0 %" });
  assert.deepEqual(
    ["block.0.resid_post", "block.0.mlp_act", "block.1.resid_post", "final.ln_f"].map((key) => guessBeside(key, lane)?.word ?? null),
    ["g", null, "e", null],
  );
  assert.equal(guessBeside("embed.resid0", { ...lane, frame: frame({}, { without: "lens" }) }), null);
  assert.equal(guessBeside("embed.resid0", { ...lane, frame: null }), null);
});
