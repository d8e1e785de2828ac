/**
 * Rotary positions as turning hands: a recorded query and key, moved along together or apart, and the score that follows.
 */

import { formatValue, trueMinus } from "../../core/format.mjs";
import { el, put, svg } from "../../shell/dom.mjs";
import { scoreAt, turned } from "../head_maths.mjs";
import { filled } from "../text.mjs";
import { part } from "./cells.mjs";
import { kindNote, label, line, picture, points, slider } from "./parts.mjs";

const PAIRS = [0, 1, 2, 4, 6, 9, 14, 31];
const [QUERY, KEY] = [6, 5]; // “ball” and “red”
const [MOST_DISTANCE, MOST_PLACE] = [24, 60];
const MOVED = 10; // places that count as having moved both
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [420, 170, 34, 26];

/** @type {import("../widget.mjs").Mount} */
export default function mount(host, { data, words, announce }) {
  const say = words.rotary;
  const { tokens, angles, scale, q, k } = data.rotary;
  const names = { asker: tokens[QUERY].trim(), token: tokens[KEY].trim() };
  let distance = QUERY - KEY;
  let place = KEY;
  let hasLeft = false; // the best distance, once
  const scoreOf = (/** @type {number} */ apart, /** @type {number} */ from = 0) => scoreAt(q[QUERY], k[KEY], angles, scale, from + apart, from);
  const curve = Array.from({ length: MOST_DISTANCE + 1 }, (_, apart) => scoreOf(apart));
  const best = curve.indexOf(Math.max(...curve));
  const clocks = PAIRS.map((pair) => clock(pair, angles[pair], say));
  const places = (/** @type {number} */ now) => filled(say.places, { ...names, asker_place: now + distance, place: now });
  const both = slider({ label: filled(say.both, names), max: MOST_PLACE, value: place, words: places, onInput: moveBoth });
  const apart = slider({ label: say.distance, max: MOST_DISTANCE, value: distance, onInput: moveApart });
  const readout = el("p", { class: "lw-readout", role: "status" });
  const plotted = plot(curve, say);

  /** @param {number} now */
  function moveBoth(now) {
    place = now;
    if (Math.abs(place - KEY) >= MOVED) announce("moved-both");
    draw();
  }

  /** @param {number} now */
  function moveApart(now) {
    distance = now;
    if (distance === best && hasLeft) announce("best-distance");
    hasLeft ||= distance !== best;
    both.set(place);
    draw();
  }

  function draw() {
    clocks.forEach(({ turn }, i) => {
      const [first, second] = [PAIRS[i], PAIRS[i] + angles.length];
      const at = (/** @type {number[]} */ list, /** @type {number} */ there) => turned(list[first], list[second], there * angles[first]);
      turn(at(q[QUERY], place + distance), at(k[KEY], place));
    });
    const score = scoreOf(distance, place);
    readout.textContent = filled(say.score, { ...names, distance, score: formatValue(score) });
    plotted.mark(distance, score);
  }

  const faces = { class: "lw-clocks", role: "img", "aria-label": filled(say.clocks, { pairs: PAIRS.join(", ") }) };
  const swatch = (/** @type {string} */ kind) => el("span", { class: `lw-dot ${kind}` });
  const key = [swatch("is-query"), ` ${filled(say.hand_query, names)}  `, swatch("is-key"), ` ${filled(say.hand_key, names)}`];
  const hands = [both.node, apart.node, el("div", faces, ...clocks.map(({ node }) => node)), el("p", { class: "mri-note" }, ...key), readout];
  host.append(part("hands", filled(say.title, names), ...hands), part("curve", say.curve, plotted.node, kindNote("derived", say.derived, say.curve_note)));
  draw();
  return { set() {} };
}

/** One pair as a clock with two hands.
 *  @param {number} pair
 *  @param {number} angle it turns at each place, radians
 *  @param {any} say */
function clock(pair, angle, say) {
  const [asker, asked] = [line([0, 0], [0, 0], "is-query"), line([0, 0], [0, 0], "is-key")];
  const face = svg("svg", { viewBox: "-50 -50 100 100" }, svg("circle", { r: 46, class: "lw-clock-face" }), asked, asker);
  const degrees = (angle * 180) / Math.PI;
  const caption = filled(say.pair, { pair, degrees: degrees < 1 ? formatValue(degrees) : degrees.toFixed(1) });
  const node = el("figure", { class: "lw-clock" }, face, el("figcaption", { text: caption }));
  const turn = (/** @type {[number, number]} */ query, /** @type {[number, number]} */ key) => {
    const longest = Math.max(Math.hypot(...query), Math.hypot(...key));
    const tip = (/** @type {[number, number]} */ [x, y]) => ({ x2: (42 * x) / longest, y2: (-42 * y) / longest }); // mathematics draws upwards
    put(asker, tip(query));
    put(asked, tip(key));
  };
  return { node, turn };
}

/** The score at every distance, and a mark at the one that is set.
 *  @param {readonly number[]} curve
 *  @param {any} say */
function plot(curve, say) {
  const [low, high] = [Math.min(...curve, 0), Math.max(...curve)];
  const x = (/** @type {number} */ distance) => LEFT + (distance / MOST_DISTANCE) * (WIDTH - LEFT - 12);
  const y = (/** @type {number} */ score) => 12 + ((high - score) / (high - low)) * (HEIGHT - 12 - BOTTOM);
  const scores = curve.slice(0, 13).map((score, i) => `${i}: ${trueMinus(score.toFixed(1))}`);
  const told = filled(say.alternative, { best: curve.indexOf(high), high: formatValue(high), scores: scores.join(", ") });
  const mark = svg("circle", { r: 5, class: "lw-mark" });
  const ticks = [0, 4, 8, 12, 16, 20, 24].map((distance) => label(x(distance), HEIGHT - 10, distance, { "text-anchor": "middle" }));
  const levels = [0, Math.round(high)].map((score) => label(LEFT - 6, y(score) + 4, score, { "text-anchor": "end" }));
  const zero = line([LEFT, y(0)], [WIDTH - 12, y(0)], "lw-axis");
  const drawn = svg("polyline", { points: points(curve.map((score, i) => [x(i), y(score)])) });
  return {
    node: picture(WIDTH, HEIGHT, { class: "lw-curve", "aria-label": told }, zero, drawn, mark, ...ticks, ...levels),
    mark: (/** @type {number} */ distance, /** @type {number} */ score) => put(mark, { cx: x(distance), cy: y(score) }),
  };
}
