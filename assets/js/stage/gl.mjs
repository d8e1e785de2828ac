/**
 * The few things every WebGL2 picture needs: programs, meshes, textures, pictures to draw into.
 *
 * Knows the API. Refuses to know what is drawn.
 */

/** @typedef {WebGL2RenderingContext} GL */

/** @typedef {{program: WebGLProgram, uniforms: Record<string, {location: WebGLUniformLocation, type: number, size: number}>}} Program */

/** @param {GL} gl
 *  @param {string} vertex
 *  @param {string} fragment
 *  @returns {Program} */
export function program(gl, vertex, fragment) {
  const made = /** @type {WebGLProgram} */ (gl.createProgram());
  for (const [type, source] of /** @type {[number, string][]} */ ([
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(type));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) throw new Error(gl.getShaderInfoLog(shader) ?? "shader");
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(made) ?? "program");
  /** @type {Program["uniforms"]} */
  const uniforms = {};
  const count = gl.isContextLost() ? 0 : gl.getProgramParameter(made, gl.ACTIVE_UNIFORMS);
  for (let i = 0; i < count; i++) {
    const { name, type, size } = /** @type {WebGLActiveInfo} */ (gl.getActiveUniform(made, i));
    uniforms[name.replace("[0]", "")] = { location: /** @type {WebGLUniformLocation} */ (gl.getUniformLocation(made, name)), type, size };
  }
  return { program: made, uniforms };
}

/** @typedef {{vao: WebGLVertexArrayObject, buffer: WebGLBuffer}} Mesh */

/** @param {GL} gl
 *  @param {Program} what
 *  @param {number} floats of one vertex
 *  @param {Record<string, [number, number]>} parts attribute -> first float, number of floats
 *  @param {WebGLBuffer} [shared] another mesh's buffer
 *  @returns {Mesh} */
export function mesh(gl, what, floats, parts, shared) {
  const vao = /** @type {WebGLVertexArrayObject} */ (gl.createVertexArray());
  const buffer = shared ?? /** @type {WebGLBuffer} */ (gl.createBuffer());
  gl.bindVertexArray(vao);
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  for (const [name, [first, count]] of Object.entries(parts)) {
    const at = gl.getAttribLocation(what.program, name);
    if (at < 0) continue;
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, count, gl.FLOAT, false, floats * 4, first * 4);
  }
  return { vao, buffer };
}

/** @param {GL} gl
 *  @param {Mesh} mesh
 *  @param {Float32Array} data */
export function fill(gl, { buffer }, data) {
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
}

/** @param {GL} gl
 *  @param {number} filter */
export function texture(gl, filter) {
  const made = /** @type {WebGLTexture} */ (gl.createTexture());
  gl.bindTexture(gl.TEXTURE_2D, made);
  for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, filter);
  for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
  return made;
}

/** @param {GL} gl
 *  @param {number} unit
 *  @param {WebGLTexture} what */
export function bind(gl, unit, what) {
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, what);
}

/** A picture to draw into.
 *  @param {GL} gl
 *  @param {number} width
 *  @param {number} height */
export function target(gl, width, height) {
  gl.activeTexture(gl.TEXTURE0);
  const made = texture(gl, gl.LINEAR);
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, width, height);
  const buffer = gl.createFramebuffer();
  gl.bindFramebuffer(gl.FRAMEBUFFER, buffer);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, made, 0);
  return {
    width,
    height,
    texture: made,
    begin() {
      gl.bindFramebuffer(gl.FRAMEBUFFER, buffer);
      gl.viewport(0, 0, width, height);
    },
    close() {
      gl.deleteFramebuffer(buffer);
      gl.deleteTexture(made);
    },
  };
}
