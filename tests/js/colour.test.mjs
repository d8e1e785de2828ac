import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { colourMap, rgbFromHex, rgbaTable } from "../../assets/js/core/colour.mjs";

const scales = JSON.parse(readFileSync(new URL("../../assets/scales.json", import.meta.url), "utf8"));

test("a stop has its own colour, between two each channel runs linearly, outside it stays", () => {
  const colour = colourMap([
    [0, "#000000"],
    [0.5, "#0a64c8"],
    [1, "#ffffff"],
  ]);
  assert.deepEqual(colour(0), [0, 0, 0]);
  assert.deepEqual(colour(0.25), [5, 50, 100]);
  assert.deepEqual(colour(0.5), [10, 100, 200]);
  assert.deepEqual(colour(1), [255, 255, 255]);
  assert.deepEqual(colour(-3), [0, 0, 0]);
  assert.deepEqual(colour(7), [255, 255, 255]);
});

test("every scale of scales.json shows each of its stops", () => {
  for (const [name, stops] of Object.entries(scales)) {
    if (!Array.isArray(stops)) continue;
    const colour = colourMap(stops);
    for (const [position, hex] of stops) assert.deepEqual(colour(position), rgbFromHex(hex), `${name} at ${position}`);
  }
});

test("the table is the map at equal distances, opaque", () => {
  const { temperature } = scales;
  const table = rgbaTable(temperature);
  assert.equal(table.length, 1024);
  for (const i of [0, 77, 128, 255]) assert.deepEqual([...table.slice(4 * i, 4 * i + 4)], [...colourMap(temperature)(i / 255), 255]);
});

test("what is no colour is refused", () => {
  assert.deepEqual(rgbFromHex("#4fd1e0"), [79, 209, 224]);
  assert.throws(() => rgbFromHex("red"), /red/);
});
