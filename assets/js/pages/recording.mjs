/**
 * A page of one recording: what makes a Scanner the replay of a session, or the follower of one under way. What the address says
 * of it, its panels, how it grows and ends, and what can be taken away.
 *
 * Composition only, as pair.mjs; the Scanner draws and keeps the clock.
 */

import { urlFromView } from "../core/address.mjs";
import { IDS } from "../core/names.mjs";
import { openingStep } from "../core/opening.mjs";
import { takenFromScanner } from "../core/takeaway.mjs";
import { goTo, replaceEntry } from "../desk/history.mjs";
import { openWhy } from "./why.mjs";
import { Panels } from "../panels/panels.mjs";
import { damageOf } from "../run/http.mjs";
import { Told } from "../shell/failed.mjs";
import { Hints } from "../shell/hints.mjs";
import { showInPicker } from "../shell/picker.mjs";
import { PinButton } from "../shell/pinned.mjs";
import { showToast } from "../shell/shell.mjs";
import { plateKeys } from "../stage/plates.mjs";

/** @typedef {import("../core/address.mjs").View} View */
/** @typedef {import("./scanner.mjs").Scanner} Scanner */
/** @typedef {Panels|import("../simple/panels.mjs").SimplePanels} RecordingPanels */
/** @typedef {ConstructorParameters<typeof Panels>[0]} PanelsContext */

export class Recording {
  word = "Step";
  /** Which of the page's two views it is.
   *  @type {import("../core/which_view.mjs").ViewName} */
  view = "full";
  toolsId = "mri-tools";
  stageId = "mri-stage";
  /** How the stage differs from the usual one, as context of Stage.
   *  @type {Partial<import("../stage/context.mjs").StageContext>} */
  picture = {};
  /** What it shows whatever a person set elsewhere.
   *  @type {Partial<Omit<View, "groups">> & {groups?: null, why?: null}} */
  looks = {};
  /** Every moment is that step of it. */
  alignment = null;
  #abort = new AbortController();
  #hasSeries = false;
  #told = new Told(); // that the lines did not come
  /** @type {Hints|null} */
  hints = null;

  /** @param {import("../run/run.mjs").Run} run
   *  @param {import("../run/lanes.mjs").Asked[]} others that stand beside it
   *  @param {boolean} isInLesson the address is the lesson's */
  constructor(run, others, isInLesson) {
    this.run = run;
    this.others = others;
    this.isInLesson = isInLesson;
    if (isInLesson) this.picture = { hasTops: true }; // it shows the picture without what stands beside it
    this.isLive = run.isGrowing;
  }

  /** @returns {Partial<View>} what it sets whatever the address says */
  place() {
    return {};
  }

  /** @param {View} asked
   *  @param {Readonly<View>} view
   *  @returns {number} where the clock begins */
  opening(asked, view) {
    const { session, tokens } = this.run;
    return openingStep({ ...view, session: this.isInLesson ? session : asked.session }, tokens.steps);
  }

  /** @param {View} asked of the address
   *  @param {Readonly<View>} view
   *  @returns {boolean} it is of this recording, and of those beside it */
  isHere(asked, view) {
    return [null, this.run.session].includes(asked.session) && asked.lanes === view.lanes;
  }

  /** @param {Scanner} scanner
   *  @param {Record<string, any>} scales
   *  @param {object} does
   *  @param {(fields: Record<string, any>) => void} does.onSelect
   *  @param {(point: string, neuron: number) => void} does.onToggle
   *  @returns {RecordingPanels} */
  newPanels(scanner, scales, { onSelect, onToggle }) {
    const { run } = this;
    const { player, desk } = scanner;
    const { signal } = this.#abort;
    const panels = this.makePanels({
      run,
      scales,
      player,
      desk,
      onSelect,
      onToggle,
      needFrame: (step) => run.want(step),
      canAsk: async () => (await run.source.pin?.serverAnswers()) ?? true,
      needsRedraw: () => scanner.redraw(),
      isInLesson: this.isInLesson,
      onWhy: (position) => openWhy(scanner, position),
      isFollowing: () => scanner.isFollowing && !player.isPaced, // at a pace there is time for charts
    });
    run.subscribe(() => this.#hear(scanner, panels));
    const picker = /** @type {HTMLSelectElement|null} */ (document.getElementById(IDS.sessionPicker));
    picker?.addEventListener("change", () => goTo(`/?session=${encodeURIComponent(picker.value)}`), { signal });
    const { prompt, name } = run.meta.session;
    if (picker) showInPicker(picker, run.session, prompt || run.meta.name || name);
    return panels;
  }

  /** @param {PanelsContext} context
   *  @returns {RecordingPanels} */
  makePanels(context) {
    this.hints = new Hints(context.player);
    return new Panels(context);
  }

  /** What there is to take away, for shell/takeaway.mjs.
   *  @param {Scanner} scanner */
  taken({ desk, panels }) {
    const { run } = this;
    const points = () => plateKeys(run.layout, /** @type {string} */ (desk.view.point));
    return takenFromScanner(run.session, () => /** @type {Panels} */ (panels).viewForServer(), points);
  }

  /** @param {HTMLElement} tools which have the menu already */
  furnish(tools) {
    const { pin } = this.run.source;
    if (pin) new PinButton(tools, pin); // in the menu
  }

  /** What waits for the first picture: the lines, and the other steps when the charts have come or the clock moves.
   *  @param {Scanner} scanner */
  goOn(scanner) {
    const { run } = this;
    if (!run.isGrowing) {
      run.wantSeries(); // the scan does not wait for them
      this.#withdrawIfDamaged(scanner);
    }
    const fill = () => {
      if (!this.#abort.signal.aborted) run.fill(scanner.player.wanted);
    };
    scanner.player.subscribe(fill);
    /** @type {RecordingPanels} */ (scanner.panels).firstChart.then(fill);
    if (!this.isInLesson) this.hints?.welcome();
  }

  /** The Run has something new: steps, lines, its end, or what it cannot have.
   *  @param {Scanner} scanner
   *  @param {RecordingPanels} panels */
  #hear(scanner, panels) {
    const { run } = this;
    const { player } = scanner;
    const { series, seriesFailure } = run;
    this.#told.show(seriesFailure);
    if (series && !this.isLive && !this.#hasSeries) panels.setSeries(series);
    this.#hasSeries = series !== null;
    const hasGrown = run.numSteps > player.numSteps;
    if (hasGrown) {
      panels.hasGrown = true;
      player.setNumSteps(run.numSteps);
    }
    if (player.isGrowing && !run.isGrowing) this.#settle(scanner, panels);
    scanner.redraw(hasGrown && player.step === player.lastStep);
  }

  /** A file's checksums are compared while it is shown. Where they do not fit, nothing of it stays on the screen: the page,
   *  built anew, says why.
   *  @param {Scanner} scanner */
  async #withdrawIfDamaged(scanner) {
    const { signal } = this.#abort;
    const { integrity } = this.run.meta;
    const damage = await damageOf(this.run.session, integrity, signal);
    if (!damage || signal.aborted) return;
    showToast(damage, "error");
    if (integrity !== "checking") return; // a journal that was damaged: it is shown up to there
    const place = document.getElementById("mri-scanner") ?? scanner.stage.host;
    scanner.close();
    place.replaceChildren();
    if (!this.isInLesson) location.reload();
  }

  /** It is over: from here on this is the replay of its session, at the session's own address.
   *  @param {Scanner} scanner
   *  @param {RecordingPanels} panels */
  #settle(scanner, panels) {
    panels.settle();
    scanner.player.setGrowing(false);
    if (this.isInLesson) return; // the address stays the lesson's
    scanner.pathname = "/";
    replaceEntry(`/${urlFromView({ ...scanner.desk.view, session: this.run.session, step: scanner.player.step })}`);
  }

  close() {
    this.#abort.abort();
    this.#told.show(null);
    this.hints?.close();
  }
}
