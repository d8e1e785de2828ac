import assert from "node:assert/strict";
import { test } from "node:test";

import { blobFromDataUrl, takenFromScanner } from "../../assets/js/core/takeaway.mjs";

const VIEW = { step: 24, point: "block.3.mlp_out", neuron: 5, layer: 3, head: 0, stat: "l2", watched: ["p:1", "q:2"], theme: "dark" };

const taken = (session, view = VIEW, points = []) =>
  takenFromScanner(
    session,
    () => view,
    () => points,
  );

test("a file says session, step and panel, and nothing that a file system minds", () => {
  assert.equal(taken("demo-story").nameOf("neurons", "csv"), "demo-story_step-24_neurons.csv");
  assert.equal(taken("a", { step: 0 }).nameOf("x/y z", "png"), "a_step-0_x-y-z.png");
});

test("an address carries the selection; only the stage needs its hook points", () => {
  const params = (address) => Object.fromEntries(new URL(address, "http://x").searchParams);
  const stage = taken("demo", VIEW, ["a.b", "c.d"]).csvOf("stage");
  assert.ok(stage.startsWith("/sessions/demo/panels/stage.csv?"));
  assert.equal(params(stage).points, "a.b,c.d");
  const found = params(taken("demo", { ...VIEW, neuron: null }, ["a.b"]).csvOf("watched"));
  assert.deepEqual(found, { step: "24", point: "block.3.mlp_out", layer: "3", head: "0", stat: "l2", watched: "p:1,q:2" });
  assert.equal(taken("demo").pythonOf(), "/sessions/demo/python?step=24&point=block.3.mlp_out");
});

test("Plotly's addresses become bytes", async () => {
  const png = blobFromDataUrl("data:image/png;base64,iVBORw==");
  assert.equal(png.type, "image/png");
  assert.deepEqual([...new Uint8Array(await png.arrayBuffer())], [0x89, 0x50, 0x4e, 0x47]);
  const svg = blobFromDataUrl("data:image/svg+xml,%3Csvg%3E%E2%88%9E%3C%2Fsvg%3E");
  assert.equal(await svg.text(), "<svg>∞</svg>");
});
