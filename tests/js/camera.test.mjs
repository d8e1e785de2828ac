import assert from "node:assert/strict";
import { test } from "node:test";

import { HOME, fitCamera, onPlane, orbitFromText, pixelsPerUnit, placeCamera, project, textFromOrbit, turned } from "../../assets/js/stage/camera.mjs";

const PICTURE = { width: 800, height: 600, left: 100, right: 50, top: 40, bottom: 60 };
const close = (a, b, off = 1e-3) => assert.ok(Math.abs(a - b) < off, `${a} is not ${b}`);

test("the target stands in the middle, to the right is to the right, up is up", () => {
  const camera = placeCamera({ yaw: 0, pitch: 0.3, zoom: 1 }, 5, [0.2, 0.1, -0.3], 800, 600);
  const [x, y, depth] = project(camera, 0.2, 0.1, -0.3);
  close(x, 400);
  close(y, 300);
  close(depth, 5);
  assert.ok(project(camera, 0.3, 0.1, -0.3)[0] > 401);
  assert.ok(project(camera, 0.2, 0.2, -0.3)[1] < 299);
  assert.ok(project(camera, 0.2, 0.1, 0.7)[2] < 5, "z comes towards the viewer");
});

test("a unit across the picture at the target spans pixelsPerUnit", () => {
  const camera = placeCamera({ yaw: 0.7, pitch: 0.2, zoom: 1 }, 4, [0, 0, 0], 800, 600);
  const [x0] = project(camera, 0, 0, 0);
  const [x1] = project(camera, ...camera.right);
  close(x1 - x0, pixelsPerUnit(camera, 4), 1e-2);
});

test("a ray through a pixel meets the plane where that point is drawn", () => {
  const camera = placeCamera({ yaw: -0.4, pitch: 0.5, zoom: 1 }, 6, [0, 0, 0], 756, 520);
  for (const [x, y, z] of [
    [0, 0, 0],
    [0.4, -0.6, 0.2],
    [-0.5, 0.7, -0.23],
  ]) {
    const [px, py, depth] = project(camera, x, y, z);
    const at = onPlane(camera, px, py, y);
    close(at.x, x);
    close(at.z, z);
    close(at.depth, depth, 1e-2);
  }
  assert.equal(onPlane(camera, 378, -5000, -1), null, "a ray above the horizon never meets a plane below");
});

test("what has to be seen fills the frame and stays in it, from all sides", () => {
  const points = [-0.5, 0.5].flatMap((x) => [-0.7, 0.7].flatMap((y) => [-0.2, 0.2].map((z) => [x, y, z])));
  for (const yaw of [-2, -0.4, 0, 1.2]) {
    for (const pitch of [0.1, 0.5, 1.3]) {
      const camera = fitCamera({ yaw, pitch, zoom: 1 }, points, PICTURE);
      const seen = points.map((point) => project(camera, ...point));
      const [left, right] = [Math.min(...seen.map(([x]) => x)), Math.max(...seen.map(([x]) => x))];
      const [top, bottom] = [Math.min(...seen.map(([, y]) => y)), Math.max(...seen.map(([, y]) => y))];
      assert.ok(left > 99 && right < 751 && top > 39 && bottom < 541, `${[left, right, top, bottom]}`);
      assert.ok(right - left > 640 || bottom - top > 490, "one of the two sides is filled");
    }
  }
});

test("zoom brings it nearer; turning keeps above the horizon", () => {
  const points = [
    [-1, 0, 0],
    [1, 0, 0],
  ];
  const width = (orbit) => project(fitCamera(orbit, points, PICTURE), 1, 0, 0)[0] - project(fitCamera(orbit, points, PICTURE), -1, 0, 0)[0];
  assert.ok(width({ ...HOME, zoom: 2 }) > 1.7 * width(HOME));
  assert.ok(turned(HOME, { pitch: -9 }).pitch > 0);
  assert.ok(turned(HOME, { pitch: 9 }).pitch < Math.PI / 2);
  assert.equal(turned(HOME, { zoom: 1e9 }).zoom, 8);
});

test("a camera becomes a text and comes back; as it begins it is not said", () => {
  assert.equal(textFromOrbit(HOME), null);
  assert.deepEqual(orbitFromText(null), HOME);
  const orbit = turned(HOME, { yaw: 0.6, pitch: 0.123, zoom: 2 });
  assert.equal(textFromOrbit(orbit), "0.26,0.543,2");
  assert.deepEqual(orbitFromText(textFromOrbit(orbit)), { yaw: 0.26, pitch: 0.543, zoom: 2 });
  assert.equal(textFromOrbit({ ...HOME, yaw: HOME.yaw + 40 * Math.PI, zoom: 3 }), "-0.34,0.42,3", "however often it was turned round");
  assert.deepEqual(orbitFromText("1,9,9"), { yaw: 1, pitch: 1.45, zoom: 8 }, "above the horizon, and not too near");
});
