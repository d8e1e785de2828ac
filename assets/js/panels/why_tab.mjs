/**
 * The tab Why: two words, what every part wrote to the lead of one over the other, and what is lost without it.
 *
 * Fills a host that the page brings late. What came with the recording moves with the clock; what the server is asked for stands as
 * "…" until it is there, or says why it is not. Knows frames and elements; what is asked, and when, is run/whys.mjs's.
 */

import { IDS } from "../core/names.mjs";
import { tokenName } from "../core/token_names.mjs";
import { pairOf } from "../core/why.mjs";
import { closingLine, partNamed, plain, selectionOf, wordOf } from "../core/why_words.mjs";
import { button, el, refill } from "../shell/dom.mjs";
import { Depths, scatter } from "./why_curves.mjs";
import { looks, neurons } from "./why_looks.mjs";
import { card } from "./why_parts.mjs";
import { Waterfall, maps, OFF } from "./why_sums.mjs";

/** @typedef {import("../core/wire.mjs").Frame} Frame */

const NO_NUMBER =
  "The model's logits hold NaN or infinity in this step, its weights or activations overflowed: no sum of parts explains that. " +
  "In the picture, crosses show where it begins.";
const EXACT = "Arithmetic on what was recorded: the rows add up to the difference, and what they lack stands in the last one";

export class WhyTab {
  #waterfall = new Waterfall();
  #depths = new Depths();
  /** @type {any[]} what is drawn */
  #of = [];
  #opened = 0;
  /** Nothing is drawn meanwhile, as while the menu is open: it would take them away. */
  #isTyping = false;
  #draw = () => {};

  /** @param {object} context
   *  @param {import("../run/whys.mjs").Whys} context.whys
   *  @param {(fields: Record<string, any>) => void} context.onSelect
   *  @param {(step: number) => void} context.onSeek */
  constructor({ whys, onSelect, onSeek }) {
    this.whys = whys;
    this.onSelect = onSelect;
    this.onSeek = onSeek;
  }

  /** @param {Frame} frame
   *  @param {import("./feeder.mjs").Source} source
   *  @param {Record<string, any>} view */
  draw(frame, source, view) {
    const host = document.getElementById(IDS.why);
    if (!host) return;
    this.#draw = () => this.draw(frame, source, view);
    if ((this.#isTyping && host.contains(document.activeElement)) || host.querySelector(".mri-menu[open]")) return;
    this.#isTyping = false;
    const why = this.whys.at(frame, /** @type {any} */ (view));
    const { lost, more } = this.whys.words(frame, /** @type {any} */ (view));
    const of = [host, frame, why, lost.text, more.text, view.part, this.#opened];
    if (host.firstChild && of.every((each, i) => each === this.#of[i])) return;
    this.#of = of;
    if (!why) return refill(host, ...this.#missing(frame, more));
    const selected = partNamed(why, view.part);
    const { session } = this.whys.run;
    const onPart = (/** @type {number} */ part) => this.onSelect(selectionOf(why.parts[part]));
    const onPosition = (/** @type {number} */ position) => this.onSeek(source.stepOf[position]);
    const onChange = () => {
      this.#opened++;
      this.#draw();
    };
    const shown = { why, frame, source, session, selected, lost, more, onPart, onPosition, onChange };
    const cards = Number.isFinite(why.difference) ? this.#cards(shown) : [el("p", { class: "mri-note", text: NO_NUMBER })];
    refill(host, this.#pair(shown), ...cards);
  }

  /** @param {import("./why_parts.mjs").Shown} shown
   *  @returns {HTMLElement[]} */
  #cards(shown) {
    const { why, source, lost } = shown;
    const last = closingLine(why, source.tokens, source.layout.n_head);
    const refused = lost.isRefused || shown.more.isRefused ? [this.#refusal(lost.text || shown.more.text)] : [];
    const adds = "Losses do not add up: parts work through each other.";
    return [
      card("What each part wrote", "exact sum", EXACT, ...this.#waterfall.draw(shown), el("p", { class: "mri-note", text: adds }), ...refused),
      card("By block and head", "measured", `Left: exact. Right: ${OFF}`, ...maps(shown)),
      card("Where they look", "measured", "Width: attention weight. Colour and number: what that token gave, through this head", ...looks(shown)),
      card("Neurons", "exact", "The five that wrote most, of all blocks", ...neurons(shown)),
      card("On the way up", "derived", "The last norm and lm_head, applied to the stream at each depth", ...this.#depths.draw(shown)),
      card("Wrote against lost", "measured", "A dot for each head and MLP; on the dashed line both are the same", ...scatter(shown)),
      ...(last ? [el("p", { class: "mri-why-last", text: last })] : []),
    ];
  }

  /** @param {import("./why_parts.mjs").Shown} shown
   *  @returns {HTMLElement} */
  #pair({ why, frame, source: { tokens } }) {
    const usual = /** @type {any} */ (pairOf(frame));
    const texts = why.kept.map((each) => wordOf(tokens, each, why.answer?.texts));
    const names = texts.map((text, i) => (texts.indexOf(text) === texts.lastIndexOf(text) ? text : tokenName(tokens, why.kept[i])));
    const choice = (/** @type {"token"|"against"} */ field, /** @type {string} */ label, /** @type {number} */ logit) => {
      const other = why.kept.indexOf(field === "token" ? why.against : why.token);
      const now = names[why.kept.indexOf(why[field])];
      const options = names.filter((_, i) => i !== other);
      const choose = (/** @type {any} */ { target }) => {
        const name = optionNamed(target.value, options);
        target.value = "";
        this.#isTyping = false;
        const id = why.kept[names.indexOf(name ?? now)];
        this.onSelect({ [field]: id === usual[field] ? null : id });
        this.#draw();
      };
      const on = {
        focus: (/** @type {any} */ { target }) => (target.value = ""), // what stands there would filter the list
        blur: (/** @type {any} */ { target }) => (target.value ? choose({ target }) : (target.value = now)),
        change: choose,
        input: (/** @type {any} */ event) => {
          this.#isTyping = true;
          if (event.inputType === "insertReplacementText") choose(event); // taken from the list
        },
      };
      const title = "Another of the tokens that were kept: type to filter; V swaps the two";
      const attributes = { list: `mri-why-${field}`, value: now, placeholder: now, "aria-label": `${label}: ${now}`, title, autocomplete: "off" };
      return el(
        "label",
        { class: `mri-why-word is-${field}` },
        el("input", { ...attributes, spellcheck: "false", on }),
        el("datalist", { id: attributes.list }, ...options.map((value) => el("option", { value }))),
        el("b", { text: plain(logit) }),
        el("span", { text: `${label} ▾` }),
      );
    };
    const rivals = why.kept.find((id) => id !== why.token) === why.against;
    const logits = plain(why.difference);
    const odds = `${logits} logits: before the softcap, e^${logits} to 1`;
    return el(
      "div",
      { class: "mri-why-pair" },
      choice("token", why.isChosen ? "chosen" : usual.token === why.token ? "strongest" : "asked", why.logits[0]),
      "−",
      choice("against", rivals ? "strongest other" : "rival", why.logits[1]),
      el("span", { class: "mri-why-equals", title: odds }, "= ", el("b", { text: logits }), " logits"),
      this.#takeAway(),
    );
  }

  /** @returns {HTMLElement} the small menu, as mri/web/parts/takeaway.py makes it */
  #takeAway() {
    const item = (/** @type {string} */ take, /** @type {string} */ text) =>
      el("button", { type: "button", "data-mri-take": take, "data-mri-of": "why", text });
    const title = "Take away: Why";
    const list = el("div", { class: "mri-menu-list" }, item("csv", "Numbers, CSV"), item("python", "Copy Python"));
    const toggle = (/** @type {any} */ event) => event.target.open || this.#draw();
    return el("details", { class: "mri-menu", on: { toggle } }, el("summary", { title, "aria-label": title, text: "⤓" }), list);
  }

  /** Why there is nothing to show, and what can be done.
   *  @param {Frame} frame
   *  @param {import("../run/whys.mjs").Word} more
   *  @returns {HTMLElement[]} */
  #missing(frame, more) {
    if (!pairOf(frame)) return [el("p", { class: "mri-note", text: "No predictions were captured in this step: there is nothing to explain." })];
    if (more.isRefused) return [this.#refusal(more.text)];
    if (this.whys.isComputed || this.whys.hasLedger) return [el("p", { class: "mri-note", text: more.text || "…" })];
    const text = "What each part wrote was not recorded here. It can be computed from the recording's tokens, with a model of the same weights.";
    return [el("p", { class: "mri-note", text }), button(() => this.whys.again(), { text: "Compute it" })];
  }

  /** @param {string} text
   *  @returns {HTMLElement} a sentence in the place of what it is about, asked again by a person only */
  #refusal(text) {
    const again = this.whys.run.isGrowing ? [] : [" ", button(() => this.whys.again(), { text: "Ask again" })];
    return el("p", { class: "mri-note mri-why-refused", role: "status" }, text, ...again);
  }
}

/** @param {string} typed
 *  @param {string[]} options
 *  @returns {string|undefined} the one with this name, else the first that begins with it or has it in it */
function optionNamed(typed, options) {
  const text = typed.trim().toLowerCase();
  if (!text) return undefined;
  const is = (/** @type {(name: string) => boolean} */ like) => options.find((name) => like(name.toLowerCase()));
  return options.find((name) => name === typed) ?? is((name) => name.startsWith(text)) ?? is((name) => name.includes(text));
}
