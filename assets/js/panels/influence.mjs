/**
 * Influence over the token ribbon: each read token's share in what the step predicts, as its background, and arcs from
 * the strongest tokens to the predicted one.
 *
 * Asks the server only while the clock rests. Knows the ribbon's buttons; refuses to know frames.
 */

import { colourMap } from "../core/colour.mjs";
import { trueMinus } from "../core/format.mjs";
import { MEASURES, approximateText, arc, shades, strongest, textOn, valueText } from "../core/influence.mjs";
import { untilAnswered } from "../run/again.mjs";
import { fetchAttribution, fetchSaliency } from "../run/http.mjs";
import { el, say, svg } from "../shell/dom.mjs";

/** @typedef {import("../core/influence.mjs").Measure} Measure */
/** @typedef {import("../core/influence.mjs").Influence} Weights */

const REST_MS = 250;
const MOST_ARCS = 5;
const MOST_KEPT = 64;

export class Influence {
  /** @type {Map<string, Weights>} by measure and step, oldest first */
  #kept = new Map();
  #wanted = "";
  #shown = "";
  /** @type {ReturnType<typeof setTimeout>|null} */
  #timer = null;
  /** @type {AbortController|null} the request under way, and after a failure the one that failed */
  #request = null;
  /** @type {number[]} positions that arcs come from */
  #sources = [];
  #target = -1;

  /** @param {object} context
   *  @param {HTMLElement} context.list of the ribbon, which scrolls
   *  @param {HTMLElement[]} context.buttons by position; more may come
   *  @param {(position: number) => string} context.titleOf of a button that shows no influence
   *  @param {string} context.session
   *  @param {string} context.version
   *  @param {Record<string, any>} context.scales
   *  @param {(measure: Measure|null) => void} context.onChoose */
  constructor(context) {
    const { list, scales, onChoose } = (this.context = context);
    this.colour = colourMap(scales.attention);
    const options = Object.entries(MEASURES).map(([name, { label, explanation }]) => el("option", { value: name, text: label, title: explanation }));
    const none = el("option", { value: "", text: "none" });
    const change = () => onChoose(this.select.value || null);
    this.select = el("select", { id: "mri-influence", class: "form-select form-select-sm", on: { change } }, none, ...options);
    this.badge = el("span", { class: "mri-kind mri-kind-derived", tabindex: 0, hidden: true, text: "derived" });
    this.says = el("span", { class: "mri-influence-says", role: "status" });
    const label = el("label", { for: "mri-influence", text: "Influence", title: "Which tokens bear on what this step predicts" });
    this.control = el("div", { class: "mri-influence" }, label, this.select, this.badge, this.says);
    this.svg = svg("svg", { class: "mri-arcs", "aria-hidden": "true" });
    list.addEventListener("scroll", () => this.place(), { passive: true });
  }

  /** @param {number} step
   *  @param {number} target position of the predicted token
   *  @param {Measure|null} measure
   *  @param {boolean} isPlaying
   *  @param {boolean} isLight whether the page is light: then the scale runs from light to dark */
  draw(step, target, measure, isPlaying, isLight) {
    this.select.value = measure ?? "";
    const wanted = measure ? `${measure}/${step}` : "";
    if (wanted !== this.#wanted || isPlaying) this.#cancel();
    this.#wanted = wanted;
    this.#target = target;
    const found = isPlaying ? undefined : this.#kept.get(wanted);
    const shown = measure && found ? `${wanted}/${isLight}` : "";
    if (shown !== this.#shown) {
      this.#clear();
      if (measure && found) this.#show(measure, found, isLight);
      this.#shown = shown;
    }
    if (!measure) this.#say("");
    else if (isPlaying) this.#say("shown when the clock rests");
    else if (!found && this.#timer === null && !this.#request) {
      this.#say("");
      this.#timer = setTimeout(() => this.#ask(step, measure, () => this.draw(step, target, measure, false, isLight)), REST_MS);
    }
    this.badge.hidden = !measure;
    this.badge.title = measure ? MEASURES[measure].explanation : "";
  }

  /** Put the arcs where the tokens are. */
  place() {
    const arcs = [...this.svg.children];
    if (arcs.length === 0) return;
    const { scrollLeft, clientWidth } = this.context.list;
    const [to, ...from] = [this.#target, ...this.#sources].map((position) => {
      const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = this.context.buttons[position];
      return { x: offsetLeft + offsetWidth / 2 - scrollLeft, top: offsetTop, bottom: offsetTop + offsetHeight };
    });
    const isHere = (/** @type {{x: number}} */ { x }) => x > 0 && x < clientWidth;
    arcs.forEach((path, i) => path.setAttribute("d", isHere(from[i]) && isHere(to) ? arc(from[i], to) : ""));
  }

  close() {
    this.#cancel();
  }

  /** @param {number} step
   *  @param {Measure} measure
   *  @param {() => void} redraw */
  async #ask(step, measure, redraw) {
    const { session, version } = this.context;
    const request = (this.#request = new AbortController());
    this.#timer = null;
    const ask = () => {
      this.#say(measure === "attention" ? "Rolling out attention…" : "Computing gradients…", "is-busy");
      return fetched(session, version, step, measure, request.signal, (text) => this.#say(text, "is-busy"));
    };
    try {
      const found = await untilAnswered(ask, request.signal, (error) => this.#say(error.message, "is-error"));
      this.#kept.set(`${measure}/${step}`, found);
      for (const key of [...this.#kept.keys()].slice(0, -MOST_KEPT)) this.#kept.delete(key);
      this.#request = null;
      redraw();
    } catch (error) {
      if (!request.signal.aborted) this.#say(/** @type {Error} */ (error).message, "is-error"); // not asked again until the step changes
    }
  }

  #cancel() {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#request?.abort();
    this.#request = null;
  }

  #clear() {
    if (!this.#shown) return;
    const { buttons, titleOf } = this.context;
    buttons.forEach((button, position) => {
      if (!button.classList.contains("has-influence")) return;
      button.classList.remove("has-influence");
      Object.assign(button.style, { backgroundColor: "", color: "" });
      button.title = titleOf(position);
    });
    this.svg.replaceChildren();
  }

  /** @param {Measure} measure
   *  @param {Weights} influence
   *  @param {boolean} isLight */
  #show(measure, influence, isLight) {
    const { weights, note } = influence;
    const { buttons, titleOf } = this.context;
    const shade = shades(weights);
    weights.forEach((weight, position) => {
      const button = buttons[position];
      const colour = this.colour(isLight ? 1 - shade[position] : shade[position]);
      button.classList.add("has-influence");
      Object.assign(button.style, { backgroundColor: `rgb(${colour.join(" ")})`, color: textOn(colour) });
      button.title = `${valueText(measure, weight)} · ${titleOf(position)}`;
    });
    const most = strongest(weights, MOST_ARCS);
    const text = most.slice(0, 3).map((position) => `${buttons[position].textContent?.trim() || "␣"} ${trueMinus(weights[position].toFixed(3))}`);
    this.#say(`strongest: ${text.join(", ")}${approximateText(influence)}`, "", note);
    this.#sources = this.#target < buttons.length ? most : [];
    const styleOf = (/** @type {number} */ share) => `opacity: ${0.35 + 0.65 * share}; stroke-width: ${0.75 + 1.25 * share}px`;
    this.svg.replaceChildren(...this.#sources.map((position) => svg("path", { style: styleOf(shade[position]) })));
    this.place();
  }

  /** @param {string} text
   *  @param {string} [kind] is-busy with a spinner, is-error
   *  @param {string} [more] under the pointer */
  #say(text, kind = "", more = "") {
    this.says.className = `mri-influence-says ${kind}`;
    this.says.title = more || text;
    this.says.tabIndex = more ? 0 : -1; // what is said of it under the pointer only, the keyboard comes to
    say(this.says, text);
  }
}

/** @param {string} session
 *  @param {string} version
 *  @param {number} step
 *  @param {Measure} measure
 *  @param {AbortSignal} signal
 *  @param {(text: string) => void} onWait
 *  @returns {Promise<Weights>} */
async function fetched(session, version, step, measure, signal, onWait) {
  if (measure === "attention") return fetchSaliency(session, step, version, signal);
  const { signed } = await fetchAttribution(session, step, signal, onWait);
  return { weights: signed, note: "" };
}
