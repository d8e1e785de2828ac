import assert from "node:assert/strict";
import { test } from "node:test";

import { BINDINGS } from "../../assets/js/desk/keys.mjs";
import { Player } from "../../assets/js/desk/player.mjs";
import { COMMANDS } from "../../assets/js/pages/commands.mjs";

const KEYS = ["block.0.resid_post", "block.1.resid_post", "block.2.resid_post"];
const points = KEYS.map((key, i) => ({ key, width: 8, layer_index: i, kind: "resid_post" }));
const layout = { n_layer: 3, n_head: 2, points, rows: new Map(KEYS.map((key, i) => [key, i])) };

/** Clock and selection, and what each command made of them. */
function desk(view = {}) {
  const player = new Player({ numSteps: 100, raf: () => {} });
  const log = [];
  const on = {
    player,
    layout,
    view: { point: KEYS[1], head: 0, layer: 1, neuron: 5, ...view },
    picture: "tower",
    numLanes: 1,
    select: (fields) => log.push(fields),
    toggleWatch: (...named) => log.push(named),
  };
  const obey = (name, amounts = {}) => COMMANDS[name](on, { name, ...amounts });
  return { player, log, on, obey };
}

test("every key of the Scanner has its command here; those of shell and lessons are theirs", () => {
  const named = new Set(BINDINGS.map(({ command }) => command.name));
  assert.deepEqual([...named].filter((name) => !(name in COMMANDS)).sort(), ["showKeys", "turnPage"]);
  assert.deepEqual(
    Object.keys(COMMANDS).filter((name) => !named.has(name)),
    [],
  );
});

test("commands of the clock", () => {
  const { player, obey } = desk();
  obey("stepBy", { steps: 3 });
  assert.equal(player.step, 3);
  obey("stepByTenth", { tenths: 2 });
  assert.equal(player.step, 23);
  obey("loopFrom");
  obey("seekLast");
  obey("loopTo");
  assert.deepEqual([player.step, player.loop], [99, [23, 99]]);
  obey("clearLoop");
  obey("seekFirst");
  obey("scaleSpeed", { factor: 2 });
  obey("toggle");
  assert.deepEqual([player.step, player.loop, player.speed, player.mode], [0, null, 2, "playing"]);
});

test("of several recordings T goes on to the next way to see them", () => {
  const { log, on, obey } = desk({ difference: null });
  Object.assign(on, { numLanes: 2 });
  obey("togglePicture");
  Object.assign(on, { view: { ...on.view, difference: 1 } });
  obey("togglePicture");
  Object.assign(on, { picture: "flat" });
  obey("togglePicture");
  assert.deepEqual(log, [
    { picture: null, difference: 1 },
    { picture: "flat", difference: null },
    { picture: null, difference: null },
  ]);
});

test("commands of the selection", () => {
  const { log, obey } = desk({ head: 1 });
  obey("moveLayer", { layers: 1 });
  obey("moveLayer", { layers: 9 });
  obey("nextHead");
  obey("togglePicture");
  obey("toggleWatch");
  assert.deepEqual(log, [{ point: KEYS[2] }, { point: KEYS[2] }, { head: 0, layer: 1 }, { picture: "flat" }, [KEYS[1], 5]]);
});
