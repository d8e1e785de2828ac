/**
 * The tower's shaders (GLSL ES 3.00). What they draw from is measured: dots and particles carry their share of a full
 * scale, and its colour is looked up in the same table that the legend shows.
 */

/** Streams of particles, of all lanes together. */
export const MOST_STREAMS = 128;

const HEAD = `#version 300 es
precision highp float;
`;

/** A triangle that covers the picture. */
export const WHOLE = `${HEAD}
out vec2 at;
void main() {
  at = vec2(gl_VertexID == 1 ? 2.0 : 0.0, gl_VertexID == 2 ? 2.0 : 0.0);
  gl_Position = vec4(at * 2.0 - 1.0, 0.0, 1.0);
}`;

/** The dark room: lighter in the middle. */
export const ROOM = `${HEAD}
in vec2 at;
out vec4 colour;
uniform vec3 middle, rim;
void main() {
  float far = clamp(length((at - vec2(0.5, 0.54)) * vec2(0.9, 1.15)) * 1.5, 0.0, 1.0);
  colour = vec4(mix(middle, rim, far * far * (3.0 - 2.0 * far)), 1.0);
}`;

export const PLATE_VERTEX = `${HEAD}
in vec3 place;
in vec3 edge; // x, z from the plate's centre, and half its depth
in float selected;
uniform mat4 matrix;
out vec3 from;
out float isSelected;
void main() {
  from = edge;
  isSelected = selected;
  gl_Position = matrix * vec4(place, 1.0);
}`;

/** A translucent sheet with a thin luminous edge. */
export const PLATE = `${HEAD}
in vec3 from;
in float isSelected;
out vec4 colour;
uniform vec3 fill, line, chosen;
uniform float ratio;
void main() {
  vec2 off = (abs(from.xy) - vec2(0.5, from.z)) / max(fwidth(from.xy), vec2(1e-6));
  float outside = length(max(off, 0.0)) + min(max(off.x, off.y), 0.0); // pixels beyond the edge
  float edge = 1.0 - smoothstep(0.4 * ratio, 1.3 * ratio, abs(outside));
  float glow = exp(-abs(outside) / (4.0 * ratio));
  float inside = step(outside, 0.0) * (0.13 + 0.12 * (from.y / from.z * 0.5 + 0.5));
  vec3 rim = mix(line, chosen, isSelected);
  float bright = mix(0.55, 1.0, isSelected);
  float alpha = clamp(inside + edge * bright + glow * (0.16 + 0.26 * isSelected), 0.0, 1.0);
  vec3 light = mix(mix(fill, chosen, 0.18 * isSelected), rim, clamp(edge + glow * 0.6, 0.0, 1.0));
  colour = vec4(light * alpha, alpha);
}`;

/** Cells of neurons, for those that were not captured. */
export const CELL_VERTEX = `${HEAD}
in vec4 cell; // place and side
uniform mat4 matrix;
uniform float perUnit, ratio;
out float bright;
void main() {
  gl_Position = matrix * vec4(cell.xyz, 1.0);
  float side = cell.w * perUnit / gl_Position.w;
  gl_PointSize = clamp(0.16 * side, ratio, 2.0 * ratio);
  bright = clamp(side / (5.0 * ratio), 0.25, 1.0);
}`;
export const CELL = `${HEAD}
in float bright;
out vec4 colour;
uniform vec3 tint;
void main() { colour = vec4(tint, 1.0) * bright; }`;

const DOT_COMMON = `
in vec3 place;
in float cell;
in vec4 what; // share of the full scale, sign (or 2 + group), mark, rise since the step before
uniform mat4 matrix;
uniform float perUnit, ratio, pulse;
uniform highp sampler2D scale;
int rowOf(float side) { return side < 0.0 ? 1 : side < 1.5 ? 0 : int(side + 1.5); } // row 2 is that of particles
vec3 colourOf(float share, float side) { return texelFetch(scale, ivec2(int(share * 255.0 + 0.5), rowOf(side)), 0).rgb; }
float radiusOf(float share, float cellPx) { return max(1.4 * ratio, cellPx * (0.13 + 0.4 * sqrt(share))); }
`;

/** Cores: the scale's very colour, and a shape of its own for everything that is no number. */
export const DOT_VERTEX = `${HEAD}${DOT_COMMON}
flat out vec3 tint;
flat out float mark, radius, size;
void main() {
  gl_Position = matrix * vec4(place, 1.0);
  float cellPx = cell * perUnit / gl_Position.w;
  mark = what.z;
  tint = colourOf(what.x, what.y);
  radius = radiusOf(what.x, cellPx) * (1.0 + 0.7 * what.w * pulse);
  if (mark > 1.5 && mark < 4.5) radius = clamp(cellPx * 0.4, 4.0 * ratio, 9.0 * ratio);
  if (mark > 5.5) radius = mark > 6.5 ? max(5.0 * ratio, cellPx * 0.62) : clamp(cellPx * 0.3, 2.4 * ratio, 6.0 * ratio);
  size = 2.0 * (radius * (mark > 4.5 && mark < 5.5 ? 1.7 : 1.0) + 1.5);
  gl_PointSize = size;
}`;
export const DOT = `${HEAD}
flat in vec3 tint;
flat in float radius, size;
out vec4 colour;
void main() {
  float alpha = clamp(radius + 0.5 - length((gl_PointCoord - 0.5) * size), 0.0, 1.0);
  colour = vec4(tint * alpha, alpha);
}`;

/** Marks have a program of their own: software pays for every branch at every pixel. */
export const MARK = `${HEAD}
flat in vec3 tint;
flat in float mark, radius, size;
out vec4 colour;
uniform vec3 nan, infinite, clipped, zero, chosen, watched;
uniform float ratio;
const vec3 dark = vec3(0.047, 0.078, 0.125); // inside a mark: the dim dot of "not captured" must not stand there
float stroke(float off) { return 1.0 - smoothstep(0.5, 1.2, abs(off) / ratio); }
float triangle(vec2 p) { return max(p.y - radius * 0.6, abs(p.x) * 0.894 - p.y * 0.447 - radius * 0.5); } // points up; negative inside
void main() {
  vec2 p = (gl_PointCoord - 0.5) * size;
  float far = length(p);
  float disc = 1.0 - smoothstep(radius - 0.5, radius + 0.5, far);
  vec3 light = tint;
  float alpha = disc;
  if (mark > 6.5) {
    alpha = stroke(far - radius);
    light = mark > 7.5 ? watched : chosen;
  } else if (mark > 5.5) {
    float ring = stroke(far - radius + 1.0);
    light = mix(dark, zero, ring);
    alpha = max(disc, ring);
  } else if (mark > 4.5) {
    float square = stroke(max(abs(p.x), abs(p.y)) - radius * 1.5);
    light = mix(tint, clipped, square);
    alpha = max(disc, square);
  } else if (mark > 2.5) {
    float off = triangle(mark > 3.5 ? vec2(p.x, -p.y) : p);
    float line = stroke(off);
    light = mix(dark, infinite, line);
    alpha = max(line, step(off, 0.0));
  } else if (mark > 1.5) {
    alpha = max(stroke((p.x - p.y) * 0.707), stroke((p.x + p.y) * 0.707)) * step(max(abs(p.x), abs(p.y)), radius * 0.8);
    light = nan;
  }
  colour = vec4(light * alpha, alpha);
}`;

/** What shines: strong dots into the small picture that is blurred. */
export const SHINE_VERTEX = `${HEAD}${DOT_COMMON}
uniform float shrink;
flat out vec3 tint;
void main() {
  gl_Position = matrix * vec4(place, 1.0);
  float share = what.x;
  float strength = max(0.0, share - 0.12) / 0.88 * (1.0 + 0.8 * what.w * pulse);
  if (strength <= 0.0) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); }
  float radius = radiusOf(share, cell * perUnit / gl_Position.w);
  tint = colourOf(share, what.y) * strength;
  gl_PointSize = max(2.0, 2.3 * radius / shrink);
}`;
export const SHINE = `${HEAD}
flat in vec3 tint;
out vec4 colour;
void main() {
  float far = length(gl_PointCoord - 0.5) * 2.0;
  colour = vec4(tint * max(0.0, 1.0 - far * far), 0.0);
}`;

/** One direction of a Gaussian over nine texels, in five fetches between texels. */
export const BLUR = `${HEAD}
in vec2 at;
out vec4 colour;
uniform sampler2D source;
uniform vec2 texel;
void main() {
  vec3 sum = texture(source, at).rgb * 0.2270270270;
  sum += (texture(source, at + texel * 1.3846153846).rgb + texture(source, at - texel * 1.3846153846).rgb) * 0.3162162162;
  sum += (texture(source, at + texel * 3.2307692308).rgb + texture(source, at - texel * 3.2307692308).rgb) * 0.0702702703;
  colour = vec4(sum, 1.0);
}`;

// Light that is added has the alpha of its brightest part, so that the page's own blending never runs over.

/** The bloom, to be added to what is there. */
export const LIGHT = `${HEAD}
in vec2 at;
out vec4 colour;
uniform sampler2D bloom;
uniform float strength;
void main() {
  vec3 light = min(texture(bloom, at).rgb * strength, 1.0);
  colour = vec4(light, max(light.r, max(light.g, light.b)));
}`;

export const PARTICLE_VERTEX = `${HEAD}
in vec3 from, to;
in vec3 what; // offset along the way, amount, stream
uniform mat4 matrix;
uniform float phases[${MOST_STREAMS}];
uniform float ratio;
uniform highp sampler2D scale;
flat out vec3 tint;
void main() {
  float t = fract(what.x + phases[int(what.z)]);
  gl_Position = matrix * vec4(mix(from, to, t), 1.0);
  float fade = smoothstep(0.0, 0.12, t) * (1.0 - smoothstep(0.88, 1.0, t));
  tint = texelFetch(scale, ivec2(int(what.y * 255.0 + 0.5), 2), 0).rgb * fade * (0.35 + 0.65 * what.y);
  gl_PointSize = (2.2 + 2.6 * what.y) * ratio;
}`;
export const PARTICLE = `${HEAD}
flat in vec3 tint;
out vec4 colour;
void main() {
  vec3 light = tint * max(0.0, 1.0 - length(gl_PointCoord - 0.5) * 2.0);
  colour = vec4(light, max(light.r, max(light.g, light.b)));
}`;
