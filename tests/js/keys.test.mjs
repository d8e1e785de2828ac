import assert from "node:assert/strict";
import { test } from "node:test";

import { BINDINGS, Keys, commandFromKey, keyOf } from "../../assets/js/desk/keys.mjs";

function press(key, options = {}) {
  return commandFromKey({
    key,
    shiftKey: false,
    ctrlKey: false,
    altKey: false,
    metaKey: false,
    isComposing: false,
    defaultPrevented: false,
    target: null,
    ...options,
  });
}
const element = (tagName, fields = {}) => ({ tagName, getAttribute: () => null, ...fields });
const withRole = (role) => element("DIV", { getAttribute: (name) => (name === "role" ? role : null) });

test("the keys of the screen's rules", () => {
  const commands = {
    " ": { name: "toggle" },
    ArrowLeft: { name: "stepBy", steps: -1 },
    ArrowRight: { name: "stepBy", steps: 1 },
    Home: { name: "seekFirst" },
    End: { name: "seekLast" },
    "[": { name: "scaleSpeed", factor: 0.5 },
    "]": { name: "scaleSpeed", factor: 2 },
    ArrowUp: { name: "moveLayer", layers: 1 },
    ArrowDown: { name: "moveLayer", layers: -1 },
    h: { name: "nextHead" },
    "/": { name: "focusPrompt" },
    i: { name: "loopFrom" },
    o: { name: "loopTo" },
    Escape: { name: "clearLoop" },
  };
  for (const [key, command] of Object.entries(commands)) assert.deepEqual(press(key), command, key);
  assert.deepEqual(press("ArrowLeft", { shiftKey: true }), { name: "stepBy", steps: -10 });
  assert.deepEqual(press("ArrowRight", { shiftKey: true }), { name: "stepBy", steps: 10 });
  assert.deepEqual(press("?", { shiftKey: true }), { name: "showKeys" });
  assert.deepEqual(press("H"), { name: "nextHead" }); // caps lock
});

test("other keys, shortcuts and keys somebody else took mean nothing", () => {
  for (const key of ["a", "Enter", "Tab", "F5"]) assert.equal(press(key), null);
  for (const modifier of ["ctrlKey", "altKey", "metaKey"]) assert.equal(press("ArrowLeft", { [modifier]: true }), null);
  assert.equal(press(" ", { defaultPrevented: true }), null);
  assert.equal(press("h", { isComposing: true }), null);
});

test("page keys go by a tenth, but scroll what scrolls", () => {
  assert.deepEqual(press("PageDown"), { name: "stepByTenth", tenths: 1 });
  assert.deepEqual(press("PageUp", { target: element("INPUT", { type: "range" }) }), { name: "stepByTenth", tenths: -1 });
  assert.equal(press("PageDown", { target: element("LI", { closest: () => ({}) }) }), null);
});

test("[ typed with AltGr counts", () => {
  assert.deepEqual(press("[", { ctrlKey: true, altKey: true, getModifierState: (name) => name === "AltGraph" }), { name: "scaleSpeed", factor: 0.5 });
});

test("on a keyboard of another script the keys are where they are on a Latin one", () => {
  const pressed = { h: "KeyH", t: "KeyT", w: "KeyW", i: "KeyI", o: "KeyO", f: "KeyF" };
  const scripts = { Cyrillic: "ртцшща", Greek: "ητςιοφ", Arabic: "اف؟هخب", Hebrew: "יא'ןםכ", Korean: "ㅗㅅㅈㅑㅐㄹ", Georgian: "ჰტწიოფ", Thai: "้ะไรนด" };
  for (const [script, typed] of Object.entries(scripts)) {
    Object.entries(pressed).forEach(([letter, code], i) => assert.deepEqual(press([...typed][i], { code }), press(letter), `${script} ${letter}`));
  }
  assert.deepEqual(press("Р", { code: "KeyH", shiftKey: true }), press("H", { shiftKey: true }));
  assert.deepEqual([press("х", { code: "BracketLeft" }), press("ъ", { code: "BracketRight" })], [press("["), press("]")]);
  assert.deepEqual([press("؟", { code: "Slash", shiftKey: true }), press("ظ", { code: "Slash" })], [press("?", { shiftKey: true }), press("/")]);
  assert.equal(keyOf({ key: "لا", code: "KeyB", shiftKey: false }), "b", "one key of an Arabic keyboard types two letters");
  assert.deepEqual(press("Process", { code: "KeyT" }), press("t"), "an input method is about to compose");
});

test("on another Latin keyboard a key is what it types", () => {
  assert.equal(press("ü", { code: "BracketLeft" }), null); // German
  assert.equal(press("&", { code: "Digit1" }), null); // French, as all its digits
  assert.equal(press("é", { code: "Digit2" }), null);
  assert.equal(press(",", { code: "KeyW" }), null); // Dvorak
  assert.deepEqual(press("h", { code: "KeyJ" }), { name: "nextHead" });
  assert.deepEqual(press("/", { code: "Period", shiftKey: true }), { name: "focusPrompt" });
  assert.deepEqual(press("?", { code: "Minus", shiftKey: true }), { name: "showKeys" });
  assert.deepEqual(press("?", { code: "KeyM" }), { name: "showKeys" }); // French with Caps Lock
  assert.equal(press("Dead", { code: "BracketLeft" }), null);
});

test("who types keeps every key", () => {
  for (const target of [
    element("INPUT", { type: "text" }),
    element("INPUT", { type: "search" }),
    element("TEXTAREA"),
    element("SELECT"),
    element("DIV", { isContentEditable: true }),
  ]) {
    for (const { key } of BINDINGS) assert.equal(press(key, { target }), null, `${target.tagName} ${key}`);
  }
});

test("the scrubber's keys are the clock's", () => {
  const target = element("INPUT", { type: "range" });
  assert.deepEqual(press("ArrowRight", { target, shiftKey: true }), { name: "stepBy", steps: 10 });
  assert.deepEqual(press(" ", { target }), { name: "toggle" });
  assert.deepEqual(press("Home", { target }), { name: "seekFirst" });
});

test("space presses a focused button, arrows move among tabs; other keys still work there", () => {
  for (const target of [element("BUTTON"), element("A"), element("SUMMARY"), element("INPUT", { type: "checkbox" }), withRole("tab")]) {
    assert.equal(press(" ", { target }), null);
    assert.deepEqual(press("h", { target }), { name: "nextHead" });
  }
  assert.deepEqual(press("ArrowLeft", { target: element("BUTTON") }), { name: "stepBy", steps: -1 });
  assert.equal(press("ArrowLeft", { target: withRole("tab") }), null);
  assert.equal(press("ArrowDown", { target: element("INPUT", { type: "radio" }) }), null);
});

test("the list of keys names each binding once", () => {
  assert.equal(new Set(BINDINGS.map(({ label }) => label)).size, BINDINGS.length);
  for (const { label, does } of BINDINGS) assert.ok(label && does);
});

test("a range keeps its arrows only where it says so", () => {
  assert.deepEqual(press("ArrowRight", { target: element("INPUT", { type: "range", dataset: {} }) }), { name: "stepBy", steps: 1 });
  const own = element("INPUT", { type: "range", dataset: { mriKeys: "own" } });
  for (const key of ["ArrowLeft", "ArrowUp", "Home"]) assert.equal(press(key, { target: own }), null);
  assert.deepEqual(press(" ", { target: own }), { name: "toggle" });
});

/** A page's keys, and what was done. */
function page() {
  const log = [];
  const on = { isModal: false };
  const keys = new Keys(() => on.isModal);
  const hit = (key, options = {}) => {
    const event = { key, shiftKey: false, target: null, defaultPrevented: false, preventDefault: () => (event.defaultPrevented = true), ...options };
    keys.hear(event);
    return event.defaultPrevented;
  };
  return { keys, hit, log, on };
}

test("who came last and knows a command gets it, with its key; what nobody knows is left to the browser", () => {
  const { keys, hit, log } = page();
  keys.know(["toggle", "nextHead"], ({ name }) => log.push(`below ${name}`));
  const leave = keys.know(["toggle"], ({ name }, event) => log.push(`above ${name} ${event.key}`));
  assert.deepEqual([hit(" "), hit("h"), hit("t"), hit("q")], [true, true, false, false]);
  leave();
  hit(" ");
  assert.deepEqual(log, ["above toggle  ", "below nextHead", "below toggle"]);
});

test("Escape closes the topmost thing and does nothing else, wherever the focus is", () => {
  const { keys, hit, log } = page();
  keys.know(["clearLoop"], () => log.push("loop"));
  keys.cover(() => log.push("menu"));
  const uncover = keys.cover(() => log.push("formula"));
  keys.cover(() => log.push("hint"));
  assert.equal(hit("Escape", { target: element("TEXTAREA") }), true);
  uncover(); // closed by its own button
  hit("Escape");
  hit("Escape");
  assert.deepEqual(log, ["hint", "menu", "loop"]);
});

test("what was gone already costs no Escape", () => {
  const { keys, hit, log } = page();
  keys.know(["clearLoop"], () => log.push("loop"));
  keys.cover(() => false);
  hit("Escape");
  assert.deepEqual(log, ["loop"]);
});

test("a dialog has all keys for itself, and a control that used one keeps it", () => {
  const { keys, hit, log, on } = page();
  keys.know(["toggle", "clearLoop"], ({ name }) => log.push(name));
  keys.cover(() => log.push("hint"));
  on.isModal = true;
  assert.deepEqual([hit(" "), hit("Escape")], [false, false]);
  on.isModal = false;
  hit("Escape", { defaultPrevented: true });
  assert.deepEqual(log, []);
});

test("single characters can be switched off, and stay off; the other keys stay", () => {
  const { keys, hit, log } = page();
  keys.know(["nextHead", "turnPage", "scaleSpeed", "showKeys", "toggle", "stepBy"], ({ name }) => log.push(name));
  assert.equal(keys.haveCharacters, true);
  keys.haveCharacters = false;
  assert.equal(new Keys(() => false).haveCharacters, false, "remembered");
  for (const key of ["h", "n", "b", "[", "?"]) assert.equal(hit(key), false, key);
  assert.equal(keys.commandOf({ key: "h", target: null }), null);
  for (const key of [" ", "ArrowLeft"]) assert.equal(hit(key), true, key);
  keys.haveCharacters = true;
  hit("h");
  assert.deepEqual(log, ["toggle", "stepBy", "nextHead"]);
});
