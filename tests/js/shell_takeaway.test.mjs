import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { TakeAway } from "../../assets/js/shell/takeaway.mjs";
import { find, fire, freshPage, inkOnCanvases, served, settled, texts } from "./page.mjs";

/** A page with a menu of its own and one of a panel; what is copied and saved is noted. */
function setting(more = {}) {
  freshPage(`<div id="menu"></div><div id="mri-toasts"></div><details class="mri-menu" id="panel"><summary>Panel</summary>
    <button data-mri-take="csv" data-mri-of="graph-bars">CSV</button><button data-mri-take="png" data-mri-of="graph-bars">PNG</button></details>`);
  const [copied, saved, happened] = [[], [], []];
  Object.defineProperty(navigator, "clipboard", { value: { writeText: async (text) => copied.push(text) }, configurable: true });
  URL.createObjectURL = () => "blob:x";
  const create = document.createElement.bind(document);
  document.createElement = (tag) => {
    const made = create(tag);
    if (tag === "a") made.click = () => saved.push(made.download);
    return made;
  };
  const takeaway = new TakeAway(find("#menu"), {
    parts: [["Neurons", "stage", "#stage"]],
    nameOf: (kind, extension) => `s_${kind}.${extension}`,
    captionOf: () => "here",
    csvOf: (kind) => `/csv/${kind}`,
    pythonOf: () => "/python",
    linkNow: () => "?step=3",
    paint: () => happened.push("paint"),
    pause: () => happened.push("pause"),
    ...more,
  });
  const take = async (what, root = "#menu") => {
    fire(find(`${root} [data-mri-take=${what}]`), "click");
    await settled();
  };
  return { takeaway, take, copied, saved, happened };
}

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

test("the view as a link, the step as Python", async () => {
  served((address) => new Response(`text of ${address}`));
  const { take, copied } = setting();
  await take("link");
  await take("python");
  assert.deepEqual(copied, ["http://localhost/?step=3", "text of /python"]);
  assert.deepEqual(texts(".mri-toast p"), ["Copied the link.", "Copied the Python."]);
  assert.equal(setting({ pythonOf: null }) && find("[data-mri-take=python]"), null);
});

test("a panel's numbers are the server's, under the panel's name; why they did not come is said", async () => {
  const asked = served((address) => (address.endsWith("bars") ? new Response("a,b") : Response.json({ error: "Not captured." }, { status: 404 })));
  const { take, saved } = setting();
  await take("csv", "#panel");
  assert.deepEqual([asked, saved], [["/csv/bars"], ["s_bars.csv"]]);
  await take("csv");
  assert.deepEqual([texts(".mri-toast p"), saved.length], [["Not captured."], 1]);
  await take("png", "#panel");
  assert.match(texts(".mri-toast p").at(-1), /not drawn yet/);
});

test("a part of the page is painted first, then taken as a picture", async () => {
  const { take, saved, happened } = setting();
  document.body.insertAdjacentHTML("beforeend", '<div id="stage"></div>');
  inkOnCanvases();
  document.createElement("canvas").constructor.prototype.toBlob = (done) => done(new Blob(["x"]));
  await take("png");
  assert.deepEqual([happened, saved], [["paint"], ["s_stage.png"]]);
});

test("the clock stands while a menu is open, one menu is open at a time", () => {
  const { happened } = setting();
  const [own, panel] = document.querySelectorAll(".mri-menu");
  own.setAttribute("open", "");
  assert.deepEqual(happened, ["pause"]);
  fire(panel.querySelector("summary"), "click");
  assert.ok(!own.hasAttribute("open"));
});

test("a browser that keeps its clipboard shows the text, selected; a closed menu hears nothing", async () => {
  const { take, takeaway, copied } = setting();
  navigator.clipboard.writeText = () => Promise.reject(new Error("denied"));
  await take("link");
  assert.equal(find("dialog textarea").value, "http://localhost/?step=3");
  find("dialog").close();
  assert.equal(find("dialog"), null);
  takeaway.close();
  await take("link");
  assert.deepEqual([copied, find("dialog")], [[], null]);
});
