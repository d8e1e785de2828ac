import { find, fire, freshPage, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { drawPredicted } from "../../assets/js/panels/predicted.mjs";
import { frameOf, source } from "./recording.mjs";

function setting(body = '<div id="mri-predicted"></div>') {
  freshPage(body);
  const selected = [];
  const onSelect = (fields) => selected.push(fields);
  return {
    selected,
    draw: (temperature = 1, frame = frameOf({ chosen_id: 4 }), recorded = undefined) =>
      drawPredicted(frame, { ...source(), sampling: { temperature: recorded } }, { temperature }, onSelect),
  };
}

/** The frame with another surprise of the token that follows. */
function withLogprob(logprob) {
  const frame = frameOf({ chosen_id: 4 });
  const arrays = { ...frame.arrays, "logits/chosen_logprob": { dtype: "F32", shape: [], data: Float32Array.of(logprob) } };
  return { ...frame, arrays };
}

test("the token that follows in numbers, nats and bits", () => {
  const { draw } = setting();
  draw(1, withLogprob(-Math.LN2));
  const [, rank, p, surprise] = texts(".mri-following > span");
  assert.deepEqual([texts(".mri-following b"), p], [["d"], "p 50.0 %"]);
  assert.match(rank, /^rank \d+ of 11$/);
  assert.match(surprise, /0\.69 nats = 1\.00 bits/);
});

test("where none follows, or its probability is not known, it says so", () => {
  const { draw } = setting();
  for (const frame of [frameOf({ chosen_id: -1 }), withLogprob(NaN)]) {
    draw(1, frame);
    assert.match(find(".mri-following").textContent, /No token follows/);
  }
});

test("the slider and the button choose a temperature; 1 is as usual", () => {
  const { draw, selected } = setting();
  draw(0.5);
  const slider = find("input");
  assert.deepEqual([slider.value, find("output").textContent], ["0.5", "0.50"]);
  slider.value = "1.5";
  fire(slider, "input");
  fire(find("button"), "click");
  assert.deepEqual(selected, [{ temperature: 1.5 }, { temperature: null }]);
  assert.equal(slider.value, "1");
});

test("it says of which temperature the shares are, and which the recording had", () => {
  const said = (temperature, recorded) => {
    const { draw } = setting();
    draw(temperature, undefined, recorded);
    return find(".mri-note").textContent;
  };
  assert.equal(said(1), "Shares are the model’s own, at temperature 1.");
  assert.equal(said(1, 1), "Shares are the model’s own, at temperature 1; this recording drew at it, too.");
  assert.equal(said(1, 0), "Shares are the model’s own, at temperature 1; this recording took the likeliest (0).");
  assert.equal(said(0.5, 0.6), "Shares are as temperature 0.50 would have them, not the model’s own; this recording drew at 0.6.");
});

test("no place, nothing to do", () => {
  const { draw } = setting("");
  draw();
  assert.equal(document.body.innerHTML, "");
});
