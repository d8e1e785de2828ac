/**
 * All of Simple around the picture: sentence, controls, best guesses, shares, and the doors at its foot.
 *
 * Gives each of them the step that is shown, in plain words. Refuses to know where frames come from and when to draw.
 */

import { ledeOf } from "../core/lede.mjs";
import { fetchGuesses } from "../run/guesses.mjs";
import { el } from "../shell/dom.mjs";
import { Bar } from "./bar.mjs";
import { Callouts } from "./callouts.mjs";
import { Changed } from "./changed.mjs";
import { Hero } from "./hero.mjs";
import { lookOf, strongestLooks } from "./looks.mjs";
import { guessesOf, percentOf, sharesOf } from "./numbers.mjs";
import { Own } from "./own.mjs";
import { Scan, layerOf } from "./scan.mjs";
import { Shares } from "./shares.mjs";
import { choosers, plainWord, sentenceOf, shortWord } from "./words.mjs";

/** A text of more letters is written smaller. */
const LONG_CHARS = 130;

export class SimplePanels {
  hasGrown = false;
  firstChart = Promise.resolve(); // there are none
  inspector = null;
  #abort = new AbortController();
  /** @type {number|null} layer under the pointer */
  #hovered = null;
  /** @type {import("../core/types.mjs").Series|null} */
  #series = null;
  /** Which step chose the word at a position. */
  chosenBy = /** @type {Map<number, number>} */ (new Map());
  isLong = false;
  /** Best guesses that were worked out, by step.
   *  @type {Map<number, import("../run/guesses.mjs").Found>} */
  #found = new Map();

  /** @param {object} context
   *  @param {import("../run/run.mjs").Run} context.run
   *  @param {Record<string, any>} context.scales
   *  @param {import("../desk/player.mjs").Player} context.player
   *  @param {import("../desk/desk.mjs").Desk} context.desk
   *  @param {object} more
   *  @param {HTMLElement} more.host of the page
   *  @param {HTMLElement} more.stageHost
   *  @param {import("../stage/stage.mjs").Stage} more.stage
   *  @param {import("./changed.mjs").Counterpart|null} more.counterpart
   *  @param {() => void} more.onWhy
   *  @param {() => void} more.redraw */
  constructor({ run, scales, player, desk }, { host, stageHost, stage, counterpart, onWhy, redraw }) {
    const { layout, tokens, meta } = run;
    this.run = run;
    this.player = player;
    this.desk = desk;
    this.stage = stage;
    this.redraw = redraw;
    this.#read();
    this.own = new Own();
    this.hero = new Hero({
      onSeek: (step) => this.#seek(step),
      wordAt: (position) => plainWord(tokens, tokens.sequence[position]),
      howLikely: (step) => this.#howLikely(step),
    });
    this.bar = new Bar({ player, onWhy, onWrite: () => this.own.open(true) });
    this.callouts = new Callouts(layout, redraw);
    this.scan = new Scan({
      stageHost,
      callouts: this.callouts,
      layout,
      scales,
      onHover: (layer) => this.#hover(layer),
      onKeep: (layer) => this.keepLook(layer),
      onAsk: () => this.#askGuesses(),
    });
    this.shares = new Shares();
    this.changed = new Changed({ run, counterpart, onWrite: (text) => this.own.open(true, text), onCome: redraw });
    const [first, ...more] = ledeOf(meta.session, layout).split(/(?<=\.) /);
    const learn = el(
      "a",
      { class: "simple-card simple-learn", href: "/learn" },
      el("b", { text: "Learn how it works" }),
      el("span", { text: "Lessons, from one neuron to this model" }),
    );
    host.replaceChildren(
      el("p", { class: "simple-lede" }, el("b", { text: first }), ` ${more.join(" ")}`),
      el("section", { class: "simple-card simple-hero", "aria-label": "The sentence" }, this.hero.asked, this.hero.line, this.hero.told, this.bar.host),
      this.scan.host,
      el("div", { class: "simple-side" }, this.shares.host, this.changed.host),
      this.own.host,
      learn,
    );
    this.#listen(host);
  }

  /** What follows from all tokens that there are. */
  #read() {
    const { sequence, text, special, steps } = this.run.tokens;
    this.chosenBy = choosers(steps);
    this.isLong = sequence.reduce((sum, id) => sum + (special.includes(id) ? 0 : (text[id]?.length ?? 0)), 0) > LONG_CHARS;
  }

  /** @param {HTMLElement} host */
  #listen(host) {
    const { signal } = this.#abort;
    const { view } = this.stage;
    const layerAt = (/** @type {MouseEvent} */ event) => {
      const found = this.stage.hit(event);
      return found && layerOf(found.key) >= 0 ? layerOf(found.key) : null;
    };
    view.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => event.buttons || this.#hover(layerAt(event)), { signal });
    view.addEventListener("pointerleave", () => this.#hover(null), { signal });
    const pick = (/** @type {MouseEvent} */ event) => {
      const layer = layerAt(event);
      if (layer !== null && !this.stage.wasDragged) this.desk.select({ look: layer });
    };
    view.addEventListener("click", pick, { signal });
    host.addEventListener(
      "click",
      (/** @type {Event} */ event) => /** @type {HTMLElement} */ (event.target).closest(".simple-callout") ?? this.callouts.seen(),
      { signal },
    );
    document.addEventListener(
      "click",
      (event) => {
        const isAsked = /** @type {HTMLElement} */ (event.target).closest?.("[data-mri-action='hints']");
        if (isAsked) setTimeout(() => this.callouts.show()); // after the dialog that asked has gone
      },
      { signal },
    );
    const { step } = this.player;
    let at = step;
    this.player.subscribe(({ step: now, mode }) => {
      if (at !== now && mode !== "paused") this.callouts.seen();
      at = now;
    });
  }

  /** @param {number} step */
  #seek(step) {
    this.player.pause();
    this.player.seek(step);
  }

  /** @param {number|null} layer */
  #hover(layer) {
    if (layer === this.#hovered) return;
    this.#hovered = layer;
    this.redraw();
  }

  /** Show a layer's look back until it is chosen again.
   *  @param {number} layer */
  keepLook(layer) {
    const isKept = this.desk.view.look === layer;
    const point = `block.${layer}.resid_post`;
    this.desk.select(isKept ? { look: null } : { look: layer, layer, ...(this.run.layout.rows.has(point) ? { point, neuron: null } : {}) });
  }

  /** @param {number} layers upwards from the one that is kept */
  moveLook(layers) {
    const { n_layer: numLayers } = this.run.layout;
    const { look } = this.desk.view;
    const next = look === null ? (layers > 0 ? 0 : numLayers - 1) : look + layers;
    if (next >= 0 && next < numLayers && next !== look) this.keepLook(next);
  }

  /** @param {number} step
   *  @returns {string} */
  #howLikely(step) {
    const series = this.#series;
    const bits = series && series.every === 1 ? series.surprise[step] : NaN;
    return Number.isNaN(bits) || bits === undefined ? "" : `The model found it ${percentOf(2 ** -bits)} likely (${bits.toFixed(1)} bits of surprise)`;
  }

  /** @param {import("../core/types.mjs").Series} series lines over all steps */
  setSeries(series) {
    this.#series = series;
  }

  settle() {
    this.hasGrown = true;
  }

  showTab() {}

  afterPaint() {}

  viewForServer() {
    return this.desk.view;
  }

  /** @param {import("../core/types.mjs").Lane[]} lanes of which the first is shown
   *  @param {boolean} isPlaying whether steps come by themselves */
  draw([{ frame, step }], isPlaying) {
    if (!frame) return;
    const { run } = this;
    const { layout, tokens, numPrompt } = run;
    if (this.hasGrown) this.#read();
    this.hasGrown = false;
    const wordOf = (/** @type {number} */ id) => plainWord(tokens, id);
    const sentence = sentenceOf(frame, tokens, numPrompt, this.chosenBy);
    const kept = this.desk.view.look !== null && this.desk.view.look < layout.n_layer ? this.desk.view.look : null;
    const chosen = this.#hovered ?? kept;
    const looks = chosen === null ? strongestLooks(frame, layout, tokens) : [lookOf(frame, layout, tokens, chosen)].filter((look) => look !== null);
    const shares = sharesOf(frame, layout.n_vocab, sentence.blank.id);
    const guess = shares ? wordOf(shares.rows.reduce((best, row) => (row.id >= 0 && row.share > best.share ? row : best)).id) : "";
    this.hero.draw(sentence, looks, this.isLong, `${run.session} ${step} ${tokens.sequence.length} ${looks.map(({ layer, head }) => `${layer}.${head}`)}`);
    this.bar.draw(sentence, guess, isPlaying);
    this.shares.draw(shares, wordOf);
    this.shares.setSwap(step === this.changed.step ? this.changed.swap : "");
    this.scan.draw({
      stage: this.stage,
      guesses: guessesOf(frame, layout.n_layer, this.#found.get(step)),
      canGuess: layout.n_layer > 0 && shares !== null,
      read: sentence.last,
      wordOf: (id) => shortWord(tokens, id),
      looking: looks.map(({ layer }) => layer),
      chosen,
      kept,
    });
  }

  /** The recording did not keep best guesses: have those of this step worked out. */
  async #askGuesses() {
    const { step } = this.player;
    const { signal } = this.#abort;
    if (this.run.source.alone) return this.scan.say(this.run.source.alone);
    this.scan.say("The model reads it once more …");
    try {
      const { found, texts } = await fetchGuesses(this.run.session, step, signal, (message) => this.scan.say(message));
      Object.assign(this.run.tokens.text, { ...texts, ...this.run.tokens.text });
      this.#found.set(step, found);
      this.scan.say("");
    } catch (error) {
      if (!signal.aborted) this.scan.say(/** @type {Error} */ (error).message);
    }
    this.redraw();
  }

  close() {
    this.#abort.abort();
    this.hero.close();
    this.changed.close();
    this.own.close();
  }
}
