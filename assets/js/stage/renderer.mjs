/**
 * The tower on WebGL2: a ground that rests (room, plates, cells) on a canvas of its own and, each frame, bloom, particles
 * and dots on a clear one above it.
 *
 * Knows shaders, buffers and textures; is given geometry, numbers and a camera. Refuses to know frames, the clock,
 * the mouse and what is selected. Everything lives in one context and is made anew after that was lost.
 */

import { plain, rgbFromHex, rgbaTable } from "../core/colour.mjs";
import { HOME, fitCamera, pixelsPerUnit } from "./camera.mjs";
import { bind, fill, mesh, program, target, texture } from "./gl.mjs";
import { litBy, plateVertices } from "./render_parts.mjs";
import * as shaders from "./shaders.mjs";
import { DOT_FLOATS, MARK_AT, cellSize, outermost, placeOf, placeTower } from "./tower_geometry.mjs";
import { PARTICLE_FLOATS } from "./particles.mjs";

/** @typedef {WebGL2RenderingContext} GL */

const SHRINK = 4; // bloom is made on a picture of a quarter of the size
const BLOOM = 1.15;
const PLATE_FLOATS = 7;

export class Renderer {
  #scalesOf = "";
  #numPlain = 0; // dots that are numbers, first in the buffer
  #numMarked = 0; // then marks and rings
  #numParticles = 0;
  #numCells = 0;
  #numPlates = 0;
  /** @type {WebGLSync|null} the latest picture is done */
  #fence = null;
  /** @type {import("./camera.mjs").Point[]} of the outermost plates */
  #corners = [];
  /** Where dots can shine, as shares of the picture from below: [left, bottom, right, top]. */
  #lit = [0, 0, 1, 1];

  /** @param {HTMLCanvasElement} canvas
   *  @param {HTMLCanvasElement} ground stands under it
   *  @param {Record<string, string>} colours "#rrggbb" of marks, plates and the room
   *  @returns {Renderer|null} null without WebGL2 */
  static on(canvas, ground, colours) {
    const gl = canvas.getContext("webgl2", { antialias: false, depth: false, stencil: false, powerPreference: "high-performance" });
    try {
      return gl ? new Renderer(gl, ground, colours) : null;
    } catch (error) {
      console.warn(error); // a driver that cannot compile a shader: as if there were no WebGL2
      return null;
    }
  }

  /** @param {GL} gl
   *  @param {HTMLCanvasElement} ground
   *  @param {Record<string, string>} colours */
  constructor(gl, ground, colours) {
    this.gl = gl;
    this.ground = ground;
    this.colours = Object.fromEntries(Object.entries(colours).map(([name, hex]) => [name, rgbFromHex(hex).map((part) => part / 255)]));
    this.room = program(gl, shaders.WHOLE, shaders.ROOM);
    this.plate = program(gl, shaders.PLATE_VERTEX, shaders.PLATE);
    this.cell = program(gl, shaders.CELL_VERTEX, shaders.CELL);
    this.dot = program(gl, shaders.DOT_VERTEX, shaders.DOT);
    this.mark = program(gl, shaders.DOT_VERTEX, shaders.MARK);
    this.shine = program(gl, shaders.SHINE_VERTEX, shaders.SHINE);
    this.blur = program(gl, shaders.WHOLE, shaders.BLUR);
    this.light = program(gl, shaders.WHOLE, shaders.LIGHT);
    this.particle = program(gl, shaders.PARTICLE_VERTEX, shaders.PARTICLE);
    this.plates = mesh(gl, this.plate, PLATE_FLOATS, { place: [0, 3], edge: [3, 3], selected: [6, 1] });
    this.cells = mesh(gl, this.cell, 4, { cell: [0, 4] });
    const dotParts = /** @type {Record<string, [number, number]>} */ ({ place: [0, 3], cell: [3, 1], what: [4, 4] });
    this.dots = mesh(gl, this.dot, DOT_FLOATS, dotParts);
    this.marks = mesh(gl, this.mark, DOT_FLOATS, dotParts, this.dots.buffer);
    this.shining = mesh(gl, this.shine, DOT_FLOATS, dotParts, this.dots.buffer);
    this.particles = mesh(gl, this.particle, PARTICLE_FLOATS, { from: [0, 3], to: [3, 3], what: [6, 3] });
    this.none = /** @type {WebGLVertexArrayObject} */ (gl.createVertexArray());
    this.scale = texture(gl, gl.NEAREST);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.DITHER);
  }

  /** @param {number} width device pixels
   *  @param {number} height */
  resize(width, height) {
    const { gl } = this;
    this.ground.width = gl.canvas.width = width;
    this.ground.height = gl.canvas.height = height;
    this.bloom?.forEach((each) => each.close());
    const small = () => target(gl, Math.ceil(width / SHRINK), Math.ceil(height / SHRINK));
    this.bloom = [small(), small()];
  }

  /** @param {import("../core/colour.mjs").Stops} positive
   *  @param {import("../core/colour.mjs").Stops} negative of the signed scale, the same as positive where sign is not shown
   *  @param {import("../core/colour.mjs").Stops} flow of particles
   *  @param {readonly string[]} [groups] a colour for each, of dots that have a group (see tower.dotsOf) */
  setScales(positive, negative, flow, groups = []) {
    const name = JSON.stringify([positive, negative, flow, groups]);
    if (name === this.#scalesOf) return;
    this.#scalesOf = name;
    const { gl } = this;
    const table = new Uint8Array([positive, negative, flow, ...groups.map(plain)].flatMap(rgbaTable));
    gl.bindTexture(gl.TEXTURE_2D, this.scale);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 3 + groups.length, 0, gl.RGBA, gl.UNSIGNED_BYTE, table);
  }

  /** @param {import("./tower_geometry.mjs").Slab[]} slabs
   *  @param {string|null} selected hook point */
  setPlates(slabs, selected) {
    const vertices = slabs.flatMap((slab) => plateVertices(slab, slab.key === selected ? 1 : 0));
    this.#numPlates = vertices.length / PLATE_FLOATS;
    this.#corners = outermost(slabs);
    fill(this.gl, this.plates, Float32Array.from(vertices));
    const cells = new Float32Array(4 * slabs.reduce((sum, { width }) => sum + width, 0));
    let at = 0;
    for (const slab of slabs) {
      const side = cellSize(slab);
      for (let neuron = 0; neuron < slab.width; neuron++, at += 4) cells.set([...placeOf(slab, neuron), side], at);
    }
    this.#numCells = at / 4;
    fill(this.gl, this.cells, cells);
  }

  /** @param {Float32Array} dots as tower.dotsOf gives them
   *  @param {Float32Array} rings as tower.markDots gives them */
  setDots(dots, rings) {
    const both = new Float32Array(dots.length + rings.length);
    let [plain, marked] = [0, dots.length];
    for (let at = 0; at < dots.length; at += DOT_FLOATS) {
      const isMark = dots[at + MARK_AT] !== 0;
      if (isMark) marked -= DOT_FLOATS;
      both.set(dots.subarray(at, at + DOT_FLOATS), isMark ? marked : plain);
      if (!isMark) plain += DOT_FLOATS;
    }
    both.set(rings, dots.length);
    this.#numPlain = plain / DOT_FLOATS;
    this.#numMarked = both.length / DOT_FLOATS - this.#numPlain;
    fill(this.gl, this.dots, both);
  }

  /** @param {Float32Array} particles as particles.streamsOf gives them */
  setParticles(particles) {
    this.#numParticles = particles.length / PARTICLE_FLOATS;
    fill(this.gl, this.particles, particles);
  }

  /** The ground anew: after the camera, the plates, the selection or the size changed.
   *  @param {import("./camera.mjs").Camera} camera */
  paintGround(camera) {
    const { gl, ground, bloom } = this;
    if (!bloom) return;
    this.#drawGround(camera, bloom);
    ground.getContext("2d", { alpha: false })?.drawImage(/** @type {HTMLCanvasElement} */ (gl.canvas), 0, 0);
  }

  /** @param {import("./camera.mjs").Camera} camera
   *  @param {ReturnType<typeof target>[]} bloom */
  #drawGround(camera, bloom) {
    const { gl, colours } = this;
    this.#lit = litBy(camera, this.#corners);
    for (const each of bloom) {
      each.begin();
      gl.clearColor(0, 0, 0, 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
    }
    this.#begin();
    this.#use(this.room, this.none, { middle: colours.middle, rim: colours.rim });
    gl.disable(gl.BLEND);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.#use(this.plate, this.plates.vao, { ...this.#seen(camera), fill: colours.fill, line: colours.line, chosen: colours.chosen });
    gl.drawArrays(gl.TRIANGLES, 0, this.#numPlates);
    this.#use(this.cell, this.cells.vao, { ...this.#seen(camera), tint: colours.not_captured });
    gl.drawArrays(gl.POINTS, 0, this.#numCells);
  }

  /** Draw on the page's canvas. */
  #begin() {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, gl.canvas.width, gl.canvas.height);
  }

  /** Draw with every program where nobody sees it: a driver finishes a program when it first draws, which takes longer than all
   *  else of a first picture. Returns at once; the graphics process does it beside the page. */
  rehearse() {
    const size = { width: 32, height: 32 };
    const slabs = placeTower([{ key: "", widths: [1] }]);
    const camera = fitCamera(HOME, outermost(slabs), { ...size, left: 0, right: 0, top: 0, bottom: 0 });
    const number = new Float32Array(DOT_FLOATS).fill(0.5);
    number[MARK_AT] = 0;
    const grey = plain("#808080");
    this.resize(size.width, size.height);
    this.setScales(grey, grey, grey);
    this.setPlates(slabs, null);
    this.setDots(number, new Float32Array(DOT_FLOATS).fill(1));
    this.setParticles(new Float32Array(PARTICLE_FLOATS));
    this.#drawGround(camera, /** @type {ReturnType<typeof target>[]} */ (this.bloom));
    this.paint(camera, { phases: new Float32Array(shaders.MOST_STREAMS), pulse: 0, hasBloom: true, hasParticles: true });
  }

  /** One picture.
   *  @param {import("./camera.mjs").Camera} camera
   *  @param {{phases: Float32Array, pulse: number, hasBloom: boolean, hasParticles: boolean}} moving phases (MOST_STREAMS,) of the
   *         streams, pulse 1…0 since the step began */
  paint(camera, { phases, pulse, hasBloom, hasParticles }) {
    const { gl, colours, bloom } = this;
    if (!bloom) return;
    const seen = { ...this.#seen(camera), pulse };
    if (hasBloom) this.#paintBloom(seen);
    this.#begin();
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    if (hasBloom) {
      gl.blendFunc(gl.ONE, gl.ONE);
      bind(gl, 0, bloom[0].texture);
      this.#within(gl.canvas, () => {
        this.#use(this.light, this.none, { bloom: 0, strength: BLOOM });
        gl.drawArrays(gl.TRIANGLES, 0, 3);
      });
    }
    bind(gl, 0, this.scale);
    if (hasParticles && this.#numParticles) {
      gl.blendFunc(gl.ONE, gl.ONE);
      this.#use(this.particle, this.particles.vao, { ...seen, phases, scale: 0 });
      gl.drawArrays(gl.POINTS, 0, this.#numParticles);
    }
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const { nan, infinite, clipped, zero, chosen, watched } = colours;
    this.#use(this.dot, this.dots.vao, { ...seen, scale: 0 });
    gl.drawArrays(gl.POINTS, 0, this.#numPlain);
    this.#use(this.mark, this.marks.vao, { ...seen, scale: 0, nan, infinite, clipped, zero, chosen, watched });
    gl.drawArrays(gl.POINTS, this.#numPlain, this.#numMarked);
    gl.deleteSync(this.#fence);
    this.#fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0); // without it, drawing in software begins when the browser reads the picture
    gl.flush(); // the graphics process begins now, not when this task ends
  }

  /** @param {Record<string, any>} seen */
  #paintBloom(seen) {
    const { gl } = this;
    const [one, two] = /** @type {ReturnType<typeof target>[]} */ (this.bloom);
    one.begin();
    gl.clearColor(0, 0, 0, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE);
    bind(gl, 0, this.scale);
    this.#use(this.shine, this.shining.vao, { ...seen, scale: 0, shrink: SHRINK });
    gl.drawArrays(gl.POINTS, 0, this.#numPlain);
    gl.disable(gl.BLEND);
    for (const [from, to, texel] of /** @type {const} */ ([
      [one, two, [1 / one.width, 0]],
      [two, one, [0, 1 / one.height]],
    ])) {
      to.begin();
      bind(gl, 0, from.texture);
      this.#within(to, () => {
        this.#use(this.blur, this.none, { source: 0, texel });
        gl.drawArrays(gl.TRIANGLES, 0, 3);
      });
    }
  }

  /** Draw where it can shine only: most of the picture is dark.
   *  @param {{width: number, height: number}} size of what is drawn to
   *  @param {() => void} draw */
  #within({ width, height }, draw) {
    const { gl } = this;
    const [left, bottom] = [Math.floor(this.#lit[0] * width), Math.floor(this.#lit[1] * height)];
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(left, bottom, Math.ceil(this.#lit[2] * width) - left, Math.ceil(this.#lit[3] * height) - bottom);
    draw();
    gl.disable(gl.SCISSOR_TEST);
  }

  /** @param {import("./camera.mjs").Camera} camera */
  #seen(camera) {
    const ratio = this.gl.canvas.width / camera.width;
    return { matrix: camera.matrix, perUnit: pixelsPerUnit(camera, 1) * ratio, ratio };
  }

  /** @param {import("./gl.mjs").Program} what
   *  @param {WebGLVertexArrayObject} vao
   *  @param {Record<string, any>} uniforms those that the program does not have are passed over */
  #use(what, vao, uniforms) {
    const { gl } = this;
    gl.useProgram(what.program);
    gl.bindVertexArray(vao);
    for (const [name, value] of Object.entries(uniforms)) {
      const at = what.uniforms[name];
      if (!at) continue;
      if (at.type === gl.FLOAT_MAT4) gl.uniformMatrix4fv(at.location, false, value);
      else if (at.type === gl.SAMPLER_2D) gl.uniform1i(at.location, value);
      else if (at.type === gl.FLOAT_VEC3) gl.uniform3fv(at.location, value);
      else if (at.type === gl.FLOAT_VEC2) gl.uniform2fv(at.location, value);
      else gl.uniform1fv(at.location, at.size > 1 ? value : [value]);
    }
  }

  /** Give the context back now: a browser has few. */
  close() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}
