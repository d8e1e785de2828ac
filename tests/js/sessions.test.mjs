import { find, fire, freshPage, served, settled, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { PAGE } from "../../assets/js/core/session_list.mjs";
import { mountSessions } from "../../assets/js/pages/sessions.mjs";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

const lineOf = (i, more = {}) => ({
  id: `s${i}`,
  title: `Session ${i}`,
  apart: "",
  prompt: "p",
  model: "m",
  how: "temperature 0",
  steps: "3",
  size: "1 MB",
  recorded: "today",
  state: "finished",
  words: "finished",
  meaning: "all is here",
  can: ["compare", "rename", "delete"],
  ...more,
});

/** A server that has so many sessions; `library` can be changed. */
async function setting(num, more = {}) {
  const page = freshPage('<input id="sessions-search"><div id="sessions-list"></div><div id="mri-toasts"></div><button id="record-open"></button>');
  const library = { lines: Array.from({ length: num }, (_, i) => lineOf(i)), unread: 0, recording: false, isAway: false, ...more };
  const asked = served((address) => {
    if (library.isAway) throw new Error("away");
    const { lines, unread, recording } = library;
    const query = new URLSearchParams(address.split("?")[1]);
    const found = lines.filter(({ title }) => title.includes(query.get("search")));
    return { total: lines.length, unread, found: found.length, recording, rows: found.slice(Number(query.get("start")), Number(query.get("stop"))) };
  });
  await mountSessions();
  return { page, library, asked };
}
const rows = () => texts(".sessions-name");
const last = (asked) => Object.fromEntries(new URLSearchParams(asked.at(-1).split("?")[1]));

test("the first lines, and more of them when the end comes near", async () => {
  const { page } = await setting(PAGE + 10);
  assert.equal(rows().length, PAGE);
  assert.match(find(".sessions-count").textContent, /50 of 60 shown/);
  fire(find("#sessions-list > button"), "click");
  await settled();
  assert.equal(rows().length, PAGE + 10);
  assert.ok(find("#sessions-list > button").hidden);
  assert.equal(page.props.length, 0);
});

test("what is typed is searched for once the hand rests; nothing found has a way back", async () => {
  const { asked } = await setting(3);
  const search = find("#sessions-search");
  for (const value of ["Session", "Session 2x", "Session 2"]) {
    search.value = value;
    fire(search, "input");
    mock.timers.tick(100);
  }
  mock.timers.tick(60);
  await settled();
  assert.deepEqual([asked.length, rows()], [2, ["Session 2"]]);
  search.value = "nothing";
  fire(search, "input");
  mock.timers.tick(150);
  await settled();
  assert.deepEqual([texts(".mri-state h2"), find("table").hidden], [["Nothing matches “nothing”"], true]);
  fire(find(".mri-state button"), "click");
  mock.timers.tick(150);
  await settled();
  assert.deepEqual([rows().length, search.value], [3, ""]);
});

test("a column's head orders, and says so; the other way at the second press", async () => {
  const { asked } = await setting(2);
  for (const by of ["session", "-session"]) {
    fire(find("thead button"), "click");
    await settled();
    assert.equal(last(asked).by, by);
  }
  assert.equal(find("th[aria-sort=descending]").textContent, "Recording");
});

test("the first of two is A, the second opens their comparison; pressed again it is none", async () => {
  await setting(3);
  const compare = (i) => fire(find(`[data-do=compare][data-id=s${i}]`), "click");
  compare(1);
  assert.match(find(".sessions-compare-bar").textContent, /“Session 1” is A/);
  compare(1);
  assert.ok(find(".sessions-compare-bar").hidden);
  compare(0);
  compare(2);
  assert.equal(location.pathname + location.search, "/compare?a=s0&b=s2");
});

test("several are chosen: two can be compared, all deleted at once, and that undone", async () => {
  const { page } = await setting(3);
  const box = (i) => find(`[data-choose=s${i}]`);
  const choose = (i, is) => {
    box(i).checked = is;
    fire(box(i), "change");
  };
  const [bar, undo] = document.querySelectorAll(".sessions-bar");
  assert.ok(bar.hidden && undo.hidden);
  choose(0, true);
  choose(2, true);
  assert.match(bar.textContent, /2 chosen/);
  const press = (bar, name) =>
    fire(
      [...bar.querySelectorAll("button")].find(({ textContent }) => textContent === name),
      "click",
    );
  press(bar, "Delete them");
  assert.deepEqual([page.props.at(-1)[1].data.what, page.props.at(-1)[1].data.ids], ["delete", ["s0", "s2"]]);
  press(bar, "Compare them");
  assert.equal(location.pathname + location.search, "/compare?a=s0&b=s2");
  await mountSessions(true, { deleted: ["s0"] });
  assert.deepEqual([bar.textContent.startsWith("1 chosen"), box(2).checked, undo.hidden], [true, true, false]);
  press(undo, "Undo");
  assert.deepEqual([page.props.at(-1)[1].data.what, page.props.at(-1)[1].data.ids], ["restore", ["s0"]]);
  await mountSessions(true, { restored: ["s0"] });
  assert.ok(undo.hidden);
  press(bar, "Choose none");
  assert.ok(bar.hidden && !box(2).checked);
});

test("other buttons are Dash's; a name opens the session here", async () => {
  const { page } = await setting(2);
  fire(find("[data-do=rename][data-id=s1]"), "click");
  const [[store, { data }]] = page.props;
  assert.deepEqual([store, data.what, data.id], ["sessions-asked", "rename", "s1"]);
  assert.ok(fire(find(".sessions-name"), "click", { button: 0 }).defaultPrevented);
  assert.equal(location.search, "?session=s0");
});

test("while something is recorded, only what changed is drawn anew", async () => {
  const { library } = await setting(3, { recording: true });
  const [first, second] = find("tbody").children;
  const before = [first.firstChild, second.firstChild];
  library.lines[1] = lineOf(1, { steps: "4" });
  mock.timers.tick(2000);
  await settled();
  assert.deepEqual([first.firstChild === before[0], second.firstChild === before[1], second.children[3].textContent], [true, false, "4"]);
});

test("a server that is away is told of, and asked again when the window has the focus", async () => {
  const { library } = await setting(2, { isAway: true });
  assert.equal(texts(".mri-toast").length, 1);
  library.isAway = false;
  dispatchEvent(new Event("focus"));
  await settled();
  assert.deepEqual([rows().length, texts(".mri-toast").length], [2, 0]);
});

test("no sessions at all: how to make one", async () => {
  await setting(0);
  assert.deepEqual(texts(".mri-state h2"), ["No recordings yet"]);
  let numRecords = 0;
  find("#record-open").addEventListener("click", () => numRecords++);
  fire(find(".mri-state button"), "click");
  assert.equal(numRecords, 1);
});
