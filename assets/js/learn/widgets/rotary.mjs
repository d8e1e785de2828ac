/**
 * Rotary positions as turning hands: a recorded query and key, moved along together or apart, and the score that follows.
 */

import { formatValue, trueMinus } from "../../core/format.mjs";
import { el } from "../../shell/dom.mjs";
import { scoreAt, turned } from "../head_maths.mjs";
import { filled } from "../text.mjs";
import { part } from "./cells.mjs";
import { slider, svg } from "./parts.mjs";

const PAIRS = [0, 1, 2, 4, 6, 9, 14, 31];
const [QUERY, KEY] = [6, 5]; // “ball” and “red”
const MOST_DISTANCE = 24;
const MOST_PLACE = 60;
const MOVED = 10; // places that count as having moved both
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [420, 170, 34, 26];

/** @param {HTMLElement} host
 *  @param {import("../widget.mjs").WidgetContext} context */
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
  const both = slider({
    label: filled(say.both, names),
    min: 0,
    max: MOST_PLACE,
    step: 1,
    value: place,
    words: (now) => filled(say.places, { ...names, asker_place: now + distance, place: now }),
    onInput: (now) => {
      place = now;
      if (Math.abs(place - KEY) >= MOVED) announce("moved-both");
      draw();
    },
  });
  const apart = slider({
    label: say.distance,
    min: 0,
    max: MOST_DISTANCE,
    step: 1,
    value: distance,
    onInput: (now) => {
      distance = now;
      if (distance === best && hasLeft) announce("best-distance");
      hasLeft ||= distance !== best;
      both.set(place);
      draw();
    },
  });
  const readout = el("p", { class: "lw-readout", role: "status" });
  const line = plot(curve, say);

  function draw() {
    clocks.forEach(({ turn }, i) => {
      const pair = PAIRS[i];
      const half = angles.length;
      turn(turned(q[QUERY][pair], q[QUERY][pair + half], (place + distance) * angles[pair]), turned(k[KEY][pair], k[KEY][pair + half], place * angles[pair]));
    });
    const score = scoreOf(distance, place);
    readout.textContent = filled(say.score, { ...names, distance, score: formatValue(score) });
    line.mark(distance, score);
  }

  host.append(
    part(
      "hands",
      filled(say.title, names),
      both.node,
      apart.node,
      el("div", { class: "lw-clocks", role: "img", "aria-label": filled(say.clocks, { pairs: PAIRS.join(", ") }) }, ...clocks.map(({ node }) => node)),
      el(
        "p",
        { class: "mri-note" },
        el("span", { class: "lw-dot is-query" }),
        ` ${filled(say.hand_query, names)}  `,
        el("span", { class: "lw-dot is-key" }),
        ` ${filled(say.hand_key, names)}`,
      ),
      readout,
    ),
    part(
      "curve",
      say.curve,
      line.node,
      el("p", { class: "mri-note" }, el("span", { class: "mri-kind mri-kind-derived", text: say.derived }), ` ${say.curve_note}`),
    ),
  );
  draw();
  return { close() {}, set() {} };
}

/** One pair as a clock with two hands.
 *  @param {number} pair
 *  @param {number} angle it turns at each place, radians
 *  @param {any} say */
function clock(pair, angle, say) {
  const [asker, label] = [svg("line", { x1: 0, y1: 0, class: "is-query" }), svg("line", { x1: 0, y1: 0, class: "is-key" })];
  const face = svg("svg", { viewBox: "-50 -50 100 100" }, svg("circle", { r: 46, class: "lw-clock-face" }), label, asker);
  const degrees = (angle * 180) / Math.PI;
  const node = el(
    "figure",
    { class: "lw-clock" },
    face,
    el("figcaption", { text: filled(say.pair, { pair, degrees: degrees < 1 ? formatValue(degrees) : degrees.toFixed(1) }) }),
  );
  return {
    node,
    turn(/** @type {[number, number]} */ query, /** @type {[number, number]} */ key) {
      const longest = Math.max(Math.hypot(...query), Math.hypot(...key));
      for (const [hand, [x, y]] of /** @type {[SVGElement, [number, number]][]} */ ([
        [asker, query],
        [label, key],
      ])) {
        hand.setAttribute("x2", String((42 * x) / longest));
        hand.setAttribute("y2", String((-42 * y) / longest)); // mathematics draws upwards
      }
    },
  };
}

/** The score at every distance, and a mark at the one that is set.
 *  @param {readonly number[]} curve
 *  @param {any} say */
function plot(curve, say) {
  const [low, high] = [Math.min(...curve, 0), Math.max(...curve)];
  const x = (/** @type {number} */ distance) => LEFT + (distance / MOST_DISTANCE) * (WIDTH - LEFT - 12);
  const y = (/** @type {number} */ score) => 12 + ((high - score) / (high - low)) * (HEIGHT - 12 - BOTTOM);
  const label = filled(say.alternative, {
    best: curve.indexOf(high),
    high: formatValue(high),
    scores: curve
      .slice(0, 13)
      .map((score, i) => `${i}: ${trueMinus(score.toFixed(1))}`)
      .join(", "),
  });
  const dot = svg("circle", { r: 5, class: "lw-mark" });
  const ticks = [0, 4, 8, 12, 16, 20, 24].map((distance) => svg("text", { x: x(distance), y: HEIGHT - 10, "text-anchor": "middle", text: distance }));
  const levels = [0, Math.round(high)].map((score) => svg("text", { x: LEFT - 6, y: y(score) + 4, "text-anchor": "end", text: score }));
  const zero = svg("line", { x1: LEFT, x2: WIDTH - 12, y1: y(0), y2: y(0), class: "lw-axis" });
  const line = svg("polyline", { points: curve.map((score, i) => `${x(i)},${y(score)}`).join(" ") });
  const node = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "lw-curve", role: "img", "aria-label": label }, zero, line, dot, ...ticks, ...levels);
  return {
    node,
    mark(/** @type {number} */ distance, /** @type {number} */ score) {
      dot.setAttribute("cx", String(x(distance)));
      dot.setAttribute("cy", String(y(score)));
    },
  };
}
