import assert from "node:assert/strict";
import { test } from "node:test";

import { isDone, jobShare, jobWords, objection } from "../../assets/js/core/imports.mjs";

test("an import only goes forwards, and says where it is", () => {
  const states = [
    ["uploading", 0],
    ["uploading", 1],
    ["waiting", 0],
    ["checking", 0],
    ["checking", 0.5],
    ["checking", 1],
    ["converting", 0],
    ["converting", 1],
    ["finished", 1],
  ];
  const shares = states.map(([state, share]) => jobShare({ name: "a", state, share }));
  assert.deepEqual(
    shares,
    [...shares].sort((a, b) => a - b),
  );
  assert.equal(shares[0], 0);
  assert.equal(shares.at(-1), 1);
  assert.equal(jobWords({ name: "a", state: "checking", share: 0.5 }), "being checked, 50 %");
  assert.equal(jobWords({ name: "a", state: "finished" }), "is here");
  assert.equal(isDone({ name: "a", state: "error" }), true);
  assert.equal(isDone({ name: "a", state: "waiting" }), false);
});

test("what cannot be a session is said before it is sent", () => {
  assert.equal(objection({ name: "a.h5", size: 5 }, 10), "");
  assert.equal(objection({ name: "A.HDF5", size: 5 }, 10), "");
  assert.match(objection({ name: "a.png", size: 5 }, 10), /ends in \.h5/);
  assert.match(objection({ name: "a.h5", size: 0 }, 10), /empty/);
  assert.match(objection({ name: "a.h5", size: 5 * 2 ** 30 }, 4 * 2 ** 30), /5\.0 GB, and 4\.0 GB is the most/);
});
