/**
 * Simple: the Scanner's page as a newcomer sees it. The same recording, clock and selection; other panels, a quieter picture, and
 * nothing that moves before somebody plays.
 *
 * Composition only, as recording.mjs.
 */

import { IDS } from "../core/names.mjs";
import { exactly, formatReading } from "../core/format.mjs";
import { reading } from "../core/layout.mjs";
import { openingStep } from "../core/opening.mjs";
import { MARK } from "../core/quantization.mjs";
import { goTo } from "../desk/history.mjs";
import { keys } from "../desk/keys.mjs";
import { el } from "../shell/dom.mjs";
import { SimplePanels } from "../simple/panels.mjs";
import { layerOf } from "../simple/scan.mjs";
import { Recording } from "./recording.mjs";

/** @typedef {import("../core/address.mjs").View} View */
/** @typedef {import("./scanner.mjs").Scanner} Scanner */

/** Room for call-outs and best guesses, as css/pages/simple.css has their columns at each width of the window.
 *  @returns {import("../stage/tower.mjs").Margins} */
function margins() {
  if (innerWidth <= 700) return { left: 14, right: 196, top: 56, bottom: 4 }; // call-outs stand below it
  if (innerWidth <= 900) return { left: 170, right: 270, top: 56, bottom: 30 }; // the heading has two lines
  return { ...(innerWidth <= 1360 ? { left: 210, right: 292 } : { left: 236, right: 318 }), top: 28, bottom: 30 };
}

export class Simple extends Recording {
  /** @type {import("../core/which_view.mjs").ViewName} */
  view = "simple";
  stageId = "mri-simple-stage";
  picture = { margins, isUnmarked: true, hasPlate: (/** @type {string} */ key) => key !== "final.ln_f", tip: plainTip };
  /** @type {Recording["looks"]} */
  looks = { picture: null, difference: null, sign: null, single: null, numbers: null, flow: "none", groups: null, why: null, watched: null };
  #forget = () => {};
  /** @type {Scanner|null} */
  #scanner = null;

  /** @param {import("../run/run.mjs").Run} run
   *  @param {HTMLElement} host
   *  @param {object} context
   *  @param {import("../simple/changed.mjs").Counterpart|null} context.counterpart
   *  @param {(fields: Partial<View>) => void} context.openFull the other view, at the same step */
  constructor(run, host, { counterpart, openFull }) {
    super(run, [], false);
    this.host = host;
    this.counterpart = counterpart;
    this.openFull = openFull;
    this.stageHost = el("div", { id: this.stageId, class: "mri-stage simple-stage" });
    host.replaceChildren(this.stageHost);
  }

  /** @returns {Partial<View>} */
  place() {
    return { view: "simple" };
  }

  /** @param {View} asked
   *  @param {Readonly<View>} view
   *  @returns {number} as of a first visit: at a telling step */
  opening(asked, view) {
    return openingStep({ ...view, session: null }, this.run.tokens.steps);
  }

  /** @param {Scanner} scanner
   *  @param {Record<string, any>} scales
   *  @param {any} does */
  newPanels(scanner, scales, does) {
    this.#scanner = scanner;
    return super.newPanels(scanner, scales, does);
  }

  /** @param {import("./recording.mjs").PanelsContext} context
   *  @returns {import("./recording.mjs").RecordingPanels} */
  makePanels(context) {
    const scanner = /** @type {Scanner} */ (this.#scanner);
    return new SimplePanels(context, {
      host: this.host,
      stageHost: this.stageHost,
      stage: scanner.stage,
      counterpart: this.counterpart,
      onWhy: () => this.openFull({ tab: "why" }),
      redraw: () => scanner.redraw(),
    });
  }

  /** @param {Scanner} scanner */
  goOn(scanner) {
    super.goOn(scanner);
    const panels = /** @type {SimplePanels} */ (scanner.panels);
    panels.changed.begin();
    const act = { moveLayer: (/** @type {any} */ { layers }) => panels.moveLook(layers), focusPrompt: () => panels.own.open(true) };
    this.#forget = keys.know(Object.keys(act), (command) => act[/** @type {keyof typeof act} */ (command.name)](command));
    this.#offerOthers();
  }

  /** The menu's choice of recordings, which main.mjs fills. */
  #offerOthers() {
    const place = document.getElementById(IDS.more);
    if (!place) return;
    const choose = (/** @type {any} */ event) => goTo(`/?session=${encodeURIComponent(event.target.value)}&view=simple`);
    const { session, meta } = this.run;
    const first = el("option", { value: session, selected: true, text: meta.name || meta.session.prompt || session });
    const select = el("select", { id: "mri-simple-session", class: "form-select form-select-sm", "data-mri-sessions": "", on: { change: choose } }, first);
    place.replaceChildren(el("label", { for: "mri-simple-session", text: "Recording" }), select);
  }

  close() {
    super.close();
    this.#forget();
    document.getElementById(IDS.more)?.replaceChildren();
  }
}

/** A dot in plain words, and in the field's.
 *  @type {typeof import("../stage/tip.mjs").tipParts} */
function plainTip({ run: { layout }, frame }, { key, neuron }) {
  if (!frame || neuron === null || !layout.rows.has(key)) return [el("div", { text: key })];
  const read = reading(frame, layout, key, neuron);
  const layer = layerOf(key);
  const where = layer < 0 ? "the word that goes in" : `layer ${layer}`;
  const value = read.mark === MARK.value ? exactly(Number(read.value.toPrecision(3))) : formatReading(read).replace("not captured", "too small to be recorded");
  return [
    el("div", {}, `number ${neuron} of ${where}: `, el("b", { class: "mri-value", text: value })),
    el("div", { class: "mri-muted", text: `${key}[${neuron}] · measured` }),
  ];
}
