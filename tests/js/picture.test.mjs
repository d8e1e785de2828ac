import assert from "node:assert/strict";
import { test } from "node:test";

import { pictureOf } from "../../assets/js/shell/picture.mjs";
import { find, freshPage, inkOnCanvases, placed } from "./page.mjs";

const MARKUP = `<div id="host"><canvas></canvas><canvas hidden></canvas><ol class="mri-tokens"><li><button class="mri-token">cat</button></li>
  <li><button class="mri-token">gone</button></li></ol><button>press</button><p>  two
  words </p><p hidden>secret</p></div>`;

/** The host at 100, 50, whose second token is scrolled out of its list. */
function drawn() {
  freshPage(MARKUP);
  const ink = inkOnCanvases();
  globalThis.Path2D = class {};
  for (const [selector, ...place] of [
    ["#host", 100, 50, 200, 120],
    ["canvas", 110, 60, 80, 40],
    [".mri-tokens", 100, 100, 200, 20],
  ])
    placed(find(selector), ...place);
  for (const each of document.querySelectorAll("p, .mri-token")) placed(each, 110, 102, 30, 10);
  placed(document.querySelectorAll(".mri-token")[1], 110, 130, 30, 10);
  document.createRange = () => {
    let of = null;
    return { selectNodeContents: (node) => (of = node.parentElement), getBoundingClientRect: () => of.getBoundingClientRect() };
  };
  devicePixelRatio = 2;
  return { ink, out: pictureOf(find("#host"), "where") };
}

test("at device resolution, with a line for the caption", () => {
  const { out, ink } = drawn();
  assert.deepEqual([out.width, out.height], [400, 288]);
  assert.deepEqual(
    ink
      .filter(([what]) => what === "fillText")
      .at(-1)
      .slice(1),
    ["where", 14, 130],
  );
});

test("canvases and words stand where they stand in the host; what is hidden, scrolled away or a control is left out", () => {
  const { ink } = drawn();
  assert.deepEqual(
    ink.filter(([what]) => what === "drawImage").map(([, , ...place]) => place),
    [[10, 10, 80, 40]],
  );
  const words = ink.filter(([what]) => what === "fillText").map(([, text, x, y]) => [text, x, y]);
  assert.deepEqual(words.slice(0, -1), [
    ["cat", 10, 57],
    ["two words", 10, 57],
  ]);
  assert.equal(ink.filter(([what]) => what === "roundRect").length, 1, "ground of the token in sight");
});
