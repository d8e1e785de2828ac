import assert from "node:assert/strict";
import { test } from "node:test";

import { GROUPS_PATTERN, Groups, groupsAddress, pointOfGroups } from "../../assets/js/core/groups.mjs";
import { layoutFromMeta } from "../../assets/js/core/layout.mjs";
import { DOT_FLOATS, dotsOf, placeTower } from "../../assets/js/stage/tower_geometry.mjs";

const NAME = "ward:5:blocks:weights:3:block.1.mlp_out";
const COLOURS = { dark: ["#111111", "#222222", "#333333"], none: "#999999" };

test("a name says what to ask for", () => {
  assert.match(NAME, GROUPS_PATTERN);
  assert.equal(pointOfGroups(NAME), "block.1.mlp_out");
  assert.equal(groupsAddress("demo", NAME), "/neurons/groups?session=demo&point=block.1.mlp_out&span=blocks&scope=weights&method=ward&groups=5&seed=3");
  for (const name of ["ward:1:blocks:weights:3:a", "magic:5:blocks:weights:3:a", "ward:5:blocks:weights:3:a b", ""]) assert.doesNotMatch(name, GROUPS_PATTERN);
});

test("neurons have the colour of their group, all others the last", () => {
  const groups = new Groups(NAME, { labels: { a: [1, -1, 0] }, n_groups: 2 }, COLOURS);
  assert.deepEqual(groups.colours, ["#111111", "#222222", "#999999"]);
  assert.deepEqual(
    [0, 1, 2, 9].map((neuron) => groups.of("a", neuron)),
    [1, 2, 0, 2],
  );
  assert.equal(groups.of("b", 0), 2);
  assert.deepEqual(
    ["group 2", "in no group: captured too rarely", "this hook point was not grouped"],
    [groups.words("a", 0), groups.words("a", 1), groups.words("b", 0)],
  );
  assert.ok(groups.has(["b", "a"]) && !groups.has(["b"]));
  assert.equal(JSON.stringify({ groups }), `{"groups":"${NAME}"}`);
});

test("dots carry the group in the place of the sign", () => {
  const points = [
    { key: "a", width: 3, layer_index: 0 },
    { key: "b", width: 3, layer_index: 1 },
  ];
  const layout = layoutFromMeta({
    session: { layout: { points, config: { quantization: "f32" }, n_layer: 0 } },
    groups: { "full/3": ["a", "b"] },
    sampled: {},
  });
  const values = Float32Array.from([-1, 2, 3, -1, 2, 3]);
  const frame = { header: { dropped_layers: [] }, arrays: { "full/3/values": { data: values, shape: [2, 3], dtype: "F32" } } };
  const groups = new Groups(NAME, { labels: { a: [1, -1, 0] }, n_groups: 2 }, COLOURS);
  const slabs = placeTower(layout.points.map(({ key, width }) => ({ key, widths: [width] })));
  const lanes = [{ run: { layout }, step: 0, frame, before: null, label: "" }];
  const dots = dotsOf(slabs, lanes, { a: 3, b: 3 }, groups);
  const sides = [...Array(6).keys()].map((i) => dots[i * DOT_FLOATS + 5]);
  const ungrouped = dotsOf(slabs, lanes, { a: 3, b: 3 });
  assert.deepEqual(
    [0, 1].map((i) => ungrouped[i * DOT_FLOATS + 5]),
    [-1, 1],
  );
  assert.deepEqual(sides, [3, 4, 2, 4, 4, 4]);
});
