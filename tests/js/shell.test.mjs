import assert from "node:assert/strict";
import { test } from "node:test";

import { find, fire, freshPage, served, settled, texts } from "./page.mjs";
import { keys } from "../../assets/js/desk/keys.mjs";
import { retractToast, showKeys, showToast, startShell, theme, themeChanged } from "../../assets/js/shell/shell.mjs";

const BODY = `<div id="mri-toasts"></div><button data-mri-action="theme">theme</button><button id="record-open" data-mri-action="record"></button>
  <nav><a class="mri-nav-link" id="nav-scan" href="/">Scan</a><a class="mri-nav-link" href="/sessions">Sessions</a></nav>`;

test("a toast goes by itself, but an error stays until it is dismissed", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  freshPage(BODY);
  showToast("Copied.");
  showToast("It failed.", "error");
  showToast("It failed.", "error");
  assert.deepEqual(texts(".mri-toast p"), ["Copied.", "It failed."], "the same words stand once");
  t.mock.timers.tick(9000);
  assert.deepEqual(texts(".mri-toast p"), ["It failed."]);
  fire(find(".mri-toast .mri-icon"), "click");
  assert.deepEqual(texts(".mri-toast p"), []);
});

test("a toast's button does what can be done, and what is no longer so is retracted", () => {
  freshPage(BODY);
  let numTries = 0;
  showToast("Away.", "error", { text: "Try again", act: () => numTries++ });
  fire(find(".mri-toast .mri-button"), "click");
  retractToast("Other.");
  assert.deepEqual([numTries, texts(".mri-toast p")], [1, ["Away."]]);
  retractToast("Away.");
  assert.deepEqual(texts(".mri-toast"), []);
});

test("the theme switches, is remembered, and all are told", () => {
  freshPage(BODY);
  served(() => ({}));
  startShell();
  let numChanges = 0;
  themeChanged.addEventListener("change", () => numChanges++);
  assert.equal(theme(), "dark");
  fire(find("[data-mri-action=theme]"), "click");
  assert.deepEqual([theme(), localStorage.getItem("mri-theme"), numChanges], ["light", "light", 1]);
});

test("every door to record opens it with what it brings", () => {
  freshPage(
    `<button id="a" data-mri-action="record">Record</button><button id="b" data-mri-action="record" data-mri-prompt="2 + 2" data-mri-chat="true"><i>Sum</i></button>
     <button id="c" data-mri-action="record" data-mri-pair="">Two</button><input id="own" value="Mia"><button id="d" data-mri-action="record" data-mri-prompt-of="own">…</button>`,
  );
  served(() => ({}));
  const given = [];
  startShell((each) => given.push(each));
  for (const name of ["#a", "#b i", "#c", "#d"]) fire(find(name), "click");
  find("#own").value = "  ";
  fire(find("#d"), "click");
  const nothing = { prompt: undefined, chat: undefined, isPair: false };
  assert.deepEqual(given, [nothing, { ...nothing, prompt: "2 + 2", chat: true }, { ...nothing, isPair: true }, { ...nothing, prompt: "Mia" }, nothing]);
});

test("the open page is marked, and the menu's Scanner leads back to where one was", async () => {
  freshPage(BODY, "/?session=a&step=3");
  served(() => ({}));
  startShell();
  assert.equal(find(".is-here").id, "nav-scan");
  history.pushState(null, "", "/sessions");
  document.body.append("another page");
  await settled();
  assert.deepEqual([find(".is-here").textContent, find("[aria-current]").textContent], ["Sessions", "Sessions"]);
  history.pushState(null, "", "/live?session=a");
  document.body.append("a recording under way");
  await settled();
  assert.equal(find(".is-here").id, "nav-scan", "Live is a state of Scan");
  assert.ok(fire(find("#nav-scan"), "click").defaultPrevented);
  assert.equal(location.search, "?session=a&step=3");
});

test("the list of keys has those that are keys now, and is there once", () => {
  freshPage(BODY);
  keys.haveCharacters = true;
  showKeys();
  showKeys();
  assert.equal(document.querySelectorAll("dialog").length, 1);
  const labels = () => texts("#mri-keys > dl:not(:last-of-type) kbd");
  assert.ok(labels().includes("W") && labels().includes("Space"));
  const box = find("#mri-character-keys");
  box.checked = false;
  fire(box, "change");
  assert.ok(!labels().includes("W") && labels().includes("Space"));
  keys.haveCharacters = true;
  assert.equal(find("#mri-keys [data-mri-action=hints]"), null, "only a Scanner has hints");
  find("#mri-keys").close();
  assert.equal(find("dialog"), null);
});
