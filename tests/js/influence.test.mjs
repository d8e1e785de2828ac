import assert from "node:assert/strict";
import { test } from "node:test";

import { approximateText, arc, shades, strongest, textOn, valueText } from "../../assets/js/core/influence.mjs";

test("a shade is the root of the share of the largest magnitude", () => {
  assert.deepEqual(shades([0.64, 0.16, 0, -0.04]), [1, 0.5, 0, 0.25]);
  assert.deepEqual(shades([0, 0]), [0, 0]);
  assert.deepEqual(shades([]), []);
});

test("the strongest come first, whatever their sign, and zeros never", () => {
  assert.deepEqual(strongest([0.1, -3, 0, 2], 2), [1, 3]);
  assert.deepEqual(strongest([0.1, -3, 0, 2], 5), [1, 3, 0]);
});

test("values are read exactly", () => {
  assert.equal(valueText("attention", 0.12345678), "attention mass 0.123457");
  assert.equal(valueText("gradient", -0.5), "gradient × input −0.5 logit");
  assert.equal(valueText("attention", 0), "attention mass 0");
});

test("what is approximate says how much may stand elsewhere", () => {
  assert.equal(approximateText({ weights: [], note: "" }), "");
  assert.equal(approximateText({ weights: [], note: "8 bits", most_off: 0 }), " · approximate");
  assert.equal(approximateText({ weights: [], note: "few keys", most_off: 0.1449 }), " · approximate, up to 14 % may stand elsewhere");
});

test("text on any colour has a contrast of at least 4.5", () => {
  const luminance = (rgb) =>
    rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  for (const background of [
    [10, 22, 32],
    [28, 115, 137],
    [79, 209, 224],
    [239, 253, 255],
    [118, 118, 118],
  ]) {
    const text = textOn(background) === "#ffffff" ? 1 : 0;
    const [low, high] = [luminance(background), text].sort((a, b) => a - b);
    assert.ok((high + 0.05) / (low + 0.05) >= 4.5, `${background}`);
  }
});

test("an arc goes over the line that two tokens share, or down to the other's line", () => {
  const from = { x: 10, top: 3, bottom: 22 };
  assert.equal(arc(from, { x: 90, top: 3, bottom: 22 }), "M10 3 C10 -6 90 -6 90 3m-3 -4 l3 4 l3 -4");
  assert.equal(arc(from, { x: 90, top: 28, bottom: 47 }), "M10 22 C10 34 90 7 90 28m-3 -4 l3 4 l3 -4");
});
