import assert from "node:assert/strict";
import { test } from "node:test";

import { mesh, program, target } from "../../assets/js/stage/gl.mjs";

/** A context in which everything succeeds but what is said, and which notes its calls. */
function fakeGl(answers = {}) {
  const calls = [];
  const gl = new Proxy(
    {},
    {
      get: (_, name) => {
        if (/^[A-Z0-9_]+$/.test(name)) return name;
        return (...given) => {
          calls.push([name, ...given]);
          return answers[name] ? answers[name](...given) : name.startsWith("create") ? { name } : true;
        };
      },
    },
  );
  return { gl, calls, of: (what) => calls.filter(([name]) => name === what).map(([, ...rest]) => rest) };
}
const isContextLost = () => false;

test("a program has its uniforms by name, arrays without their brackets", () => {
  const uniforms = [
    { name: "phases[0]", type: 1, size: 8 },
    { name: "pulse", type: 2, size: 1 },
  ];
  const { gl } = fakeGl({
    isContextLost,
    getProgramParameter: (_, what) => (what === "ACTIVE_UNIFORMS" ? 2 : true),
    getActiveUniform: (_, i) => uniforms[i],
    getUniformLocation: (_, name) => `at ${name}`,
  });
  assert.deepEqual(program(gl, "v", "f").uniforms, {
    phases: { location: "at phases[0]", type: 1, size: 8 },
    pulse: { location: "at pulse", type: 2, size: 1 },
  });
});

test("a shader that cannot be compiled is an error with the driver's words; with a lost context it is none", () => {
  const failing = { getShaderParameter: () => false, getShaderInfoLog: () => "line 3: no", getProgramParameter: () => false };
  assert.throws(() => program(fakeGl({ ...failing, isContextLost }).gl, "v", "f"), /line 3: no/);
  assert.deepEqual(program(fakeGl({ ...failing, isContextLost: () => true }).gl, "v", "f").uniforms, {});
});

test("of a mesh only the parts that the program reads are bound, in bytes", () => {
  const { gl, of } = fakeGl({ getAttribLocation: (_, name) => ({ place: 0, what: 2 })[name] ?? -1 });
  const shared = {};
  const made = mesh(gl, { program: {} }, 8, { place: [0, 3], cell: [3, 1], what: [4, 4] }, shared);
  assert.equal(made.buffer, shared);
  assert.deepEqual(of("vertexAttribPointer"), [
    [0, 3, "FLOAT", false, 32, 0],
    [2, 4, "FLOAT", false, 32, 16],
  ]);
});

test("a picture to draw into has its own size, and frees what it made", () => {
  const { gl, of } = fakeGl();
  const picture = target(gl, 20, 10);
  picture.begin();
  assert.deepEqual(of("viewport"), [[0, 0, 20, 10]]);
  picture.close();
  assert.deepEqual([of("deleteFramebuffer").length, of("deleteTexture")], [1, [[picture.texture]]]);
});
