import { freshPage, served, settled, texts } from "./page.mjs";

import assert from "node:assert/strict";
import { test } from "node:test";

import { groupsAddress } from "../../assets/js/core/groups.mjs";
import { Grouped } from "../../assets/js/panels/grouped.mjs";
import { SCALES } from "./recording.mjs";

const [ONE, OTHER] = ["kmeans:2:point:session:0:p", "ward:3:point:session:0:p"];

function setting(answer = () => ({ labels: { p: [0, 1] }, n_groups: 2 })) {
  freshPage('<div id="mri-toasts"></div>');
  const asked = served(answer);
  let numReady = 0;
  const grouped = new Grouped({ session: "s", scales: SCALES, onReady: () => numReady++ });
  return { grouped, asked, numReady: () => numReady };
}

test("each name is fetched once, and whoever waits is told", async () => {
  const { grouped, asked, numReady } = setting();
  grouped.want(ONE);
  grouped.want(ONE);
  assert.equal(grouped.now, null);
  await settled();
  assert.deepEqual([asked, numReady(), grouped.now.name], [[groupsAddress("s", ONE)], 1, ONE]);
  grouped.want(null);
  assert.equal(grouped.now, null);
});

test("a late answer for a name that is no longer wanted is not shown", async () => {
  const waiting = [];
  const { grouped, numReady } = setting(() => new Promise((done) => waiting.push(() => done({ labels: {}, n_groups: 2 }))));
  grouped.want(ONE);
  grouped.want(OTHER);
  for (const answer of waiting) answer();
  await settled();
  assert.deepEqual([grouped.now.name, numReady()], [OTHER, 1]);
});

test("what the server refuses is said; what is closed meanwhile is silent", async () => {
  const refuse = () => Response.json({ error: "No such hook point." }, { status: 404 });
  const { grouped } = setting(refuse);
  grouped.want(ONE);
  await settled();
  assert.deepEqual([texts(".mri-toast p"), grouped.now], [["No such hook point."], null]);
  const other = setting(refuse);
  other.grouped.want(ONE);
  other.grouped.close();
  await settled();
  assert.deepEqual(texts(".mri-toast p"), []);
});
