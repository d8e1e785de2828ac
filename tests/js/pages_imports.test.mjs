import { find, fire, freshPage, placed, served, settled, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { mountImports } from "../../assets/js/pages/imports.mjs";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => {
  for (const button of document.querySelectorAll(".session-import-list button")) fire(button, "click"); // the list outlives the page
  mock.timers.reset();
});

/** Requests with a body, answered by the test. */
class FakeRequest extends EventTarget {
  static all = [];
  upload = new EventTarget();
  open(method, address) {
    this.address = address;
  }
  send(file) {
    this.file = file;
    FakeRequest.all.push(this);
  }
  answer(status, response) {
    Object.assign(this, { status, response });
    this.dispatchEvent(new Event("load"));
  }
}

let states = [];

function setting() {
  const page = freshPage('<div id="sessions-import"></div><div id="mri-toasts"></div>');
  globalThis.XMLHttpRequest = FakeRequest;
  FakeRequest.all = [];
  served(() => states.shift());
  mountImports({ max_bytes: 100 });
  document.createElement("li").constructor.prototype.scrollIntoView = () => {};
  return page;
}

function choose(...files) {
  const input = find("#sessions-import-files");
  Object.defineProperty(input, "files", { value: files, configurable: true });
  fire(input, "change");
}
const file = (name, size = 10) => ({ name, size });
const said = () => texts(".session-import-state");

/* First of all: the module listens once, to the document of its first visit. */
test("a file that is dropped is taken, and never replaces the page; text that is dragged is not", async () => {
  setting();
  const drop = (types, files) => fire(document, "drop", { dataTransfer: { types, files } });
  assert.ok(!drop(["text/plain"], []).defaultPrevented);
  assert.ok(fire(document, "dragover", { dataTransfer: { types: ["Files"] } }).defaultPrevented);
  assert.ok(document.documentElement.classList.contains("is-dropping"));
  assert.ok(drop(["Files"], [file("d.txt")]).defaultPrevented);
  await settled();
  assert.deepEqual([said().length, document.documentElement.classList.contains("is-dropping")], [1, false]);
});

test("files are sent one after the other, each followed until it is here", async () => {
  const page = setting();
  choose(file("a.h5"), file("b.h5"));
  assert.deepEqual([FakeRequest.all.length, FakeRequest.all[0].address], [1, "/import?name=a.h5"]);
  FakeRequest.all[0].upload.dispatchEvent(Object.assign(new Event("progress"), { loaded: 5, total: 10 }));
  assert.deepEqual(said(), ["being copied, 15 %", "waiting for its turn, 30 %"]);
  states = [
    { state: "checking", share: 0.5 },
    { state: "finished", share: 1, session_id: "x y" },
  ];
  FakeRequest.all[0].answer(202, { id: "7" });
  await settled();
  assert.equal(said()[0], "being checked, 50 %");
  mock.timers.tick(250);
  await settled();
  assert.deepEqual([said()[0], find("li a").getAttribute("href"), find("li a").hidden], ["is here", "/?session=x%20y", false]);
  assert.deepEqual(page.props, [["sessions-changed", { data: { imported: "x y" } }]]);
  assert.equal(FakeRequest.all.length, 2, "now the next one");
  FakeRequest.all[1].answer(400, { error: "No session." });
  await settled();
  assert.deepEqual([said()[1], texts("li p")[1]], ["was refused", "No session."]);
});

test("what is no session file, is empty or too large is not sent", async () => {
  setting();
  choose(file("a.txt"), file("b.h5", 0), file("c.h5", 101));
  await settled();
  assert.equal(FakeRequest.all.length, 0);
  assert.deepEqual(said(), Array(3).fill("was refused"));
});

test("who looks elsewhere finds the list again, and can let it go", async () => {
  setting();
  choose(file("e.txt"));
  await settled();
  mountImports({ max_bytes: 100 });
  assert.deepEqual(said(), ["was refused"]);
  fire(find("li button"), "click");
  assert.deepEqual([said(), document.activeElement.textContent], [[], "Choose a file …"]);
});

test("what became of a file that nobody sees is a toast", async () => {
  setting();
  choose(file("f.h5"));
  FakeRequest.all[0].dispatchEvent(new Event("error"));
  await settled();
  assert.match(texts(".mri-toast p")[0], /^f\.h5: was refused\. f\.h5 could not be sent/);
  choose(file("g.h5"));
  placed(document.querySelectorAll("li")[1], 0, 10, 100, 20);
  FakeRequest.all[1].dispatchEvent(new Event("error"));
  await settled();
  assert.equal(texts(".mri-toast p").length, 1);
});
