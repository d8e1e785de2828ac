/**
 * What Dash calls when a page with a view is there: the replay of a session, a recording under way, a comparison, …
 *
 * Composition only: there is one of them at a time (desk/visits.mjs). Each page fetches its own modules.
 */

import { IDS } from "./core/names.mjs";
import { takeBegun } from "./run/begun.mjs";
import { askEarly, takeScales } from "./run/early.mjs";
import { fetchAlignment, fetchJson, fetchScales } from "./run/http.mjs";
import { openRun } from "./run/served.mjs";
import { viewFromUrl } from "./core/address.mjs";
import { Visits } from "./desk/visits.mjs";
import { chosenView, rememberView } from "./desk/views.mjs";
import { shownUntilAnswered, toldUntilAnswered } from "./shell/failed.mjs";
import { fillPickers } from "./shell/picker.mjs";
import { showToast, whenViewChosen } from "./shell/shell.mjs";
import { rememberedPace } from "./shell/pace.mjs";

const visits = new Visits(() => (window.mri = undefined));

/** @type {MutationObserver|null} */
let observer = null;

/** @template {import("./desk/visits.mjs").View} T
 *  @param {string|null} id of the element that the view stands in; null: there is nothing to show
 *  @param {(signal: AbortSignal) => Promise<() => T>} build as of Visits
 *  @returns {Promise<T|null>} null: it does not stand */
async function mount(id, build) {
  observer ??= new MutationObserver(() => visits.look()); // a page of Dash's that has no view of ours ends the one before, too
  observer.observe(document.body, { childList: true, subtree: true });
  const { pathname } = location;
  try {
    const view = await visits.open(id ? document.getElementById(id) : null, async (signal) => {
      const make = await build(signal);
      if (location.pathname !== pathname) visits.close(); // somebody goes elsewhere: Dash is building that page
      return make;
    });
    Promise.resolve(/** @type {any} */ (view)?.firstPaint).then(fillPickers);
    return view;
  } catch (error) {
    showToast(/** @type {Error} */ (error).message, "error");
    return null;
  }
}

/** Called while Dash's scripts are on their way, where the Scanner is the first page: asks for its data and, when those scripts
 *  have come, takes the picture's modules and rehearses the tower while Dash asks for the page. */
export async function prepareScanner() {
  const asked = askEarly();
  if (document.readyState === "loading") await new Promise((done) => document.addEventListener("DOMContentLoaded", done));
  const [{ rehearse }, scales] = await Promise.all([import("./stage/tower.mjs"), asked]);
  if (scales && viewFromUrl(location.search).picture !== "flat") rehearse(scales);
}

/** @typedef {object} ScannerBoot
 *  @property {string} session
 *  @property {Record<string, number>} full_scale hook point -> magnitude at the top of the colour scale
 *  @property {number} limit largest magnitude of any value
 *  @property {import("./run/lanes.mjs").Asked[]} lanes that stand beside it
 *  @property {boolean} has_words Simple can tell of it
 *  @property {import("./simple/changed.mjs").Counterpart|null} counterpart the bundled recording that differs by one word */

/** @type {ScannerBoot|null} of the page that stands */
let shownBoot = null;

/** Called by Dash on every visit of the Scanner.
 *  @param {ScannerBoot|null} boot
 *  @returns {Promise<any>} what the `mounted` store gets: the session, once it is painted and wants charts */
export async function mountScanner(boot) {
  const isSimple = chosenView(boot?.has_words) === "simple";
  shownBoot = boot;
  whenViewChosen(switchView);
  const scanner = await mount(boot?.session ? IDS.scanner : null, async (signal) => {
    const [{ Scanner }, simple] = await Promise.all([import("./pages/scanner.mjs"), isSimple ? import("./pages/simple.mjs") : null]);
    const host = /** @type {HTMLElement} */ (document.getElementById(simple ? IDS.simple : "mri-stage"));
    const ask = () => Promise.all([openRun(/** @type {ScannerBoot} */ (boot), signal, false), takeScales(signal)]);
    const [run, scales] = await shownUntilAnswered(host, "This session did not come", ask, signal);
    const how = simple
      ? {
          simple: new simple.Simple(run, host, { counterpart: boot?.counterpart ?? null, openFull: (fields) => showView("full", fields) }),
          pace: rememberedPace(),
        }
      : { lanes: boot?.lanes };
    return () => (window.mri = new Scanner(run, scales, how));
  });
  await scanner?.firstPaint;
  return scanner && visits.view === scanner && !isSimple ? scanner.session : null;
}

addEventListener("popstate", () => {
  const { mri } = window;
  const isOther = location.pathname === "/" && mri?.shown.view !== undefined && mri.shown.view !== chosenView(shownBoot?.has_words);
  if (isOther && [null, mri.session].includes(viewFromUrl(location.search).session)) mountScanner(shownBoot);
});

/** The same page, recording, step and selection, seen otherwise.
 *  @param {import("./core/which_view.mjs").ViewName} view that somebody wants from now on */
async function switchView(view) {
  if (!window.mri || view === window.mri.shown.view) return;
  if (!shownBoot?.has_words) return showToast("This recording is not of words: Full shows all that there is.");
  rememberView(view);
  await showView(view);
}

/** @param {import("./core/which_view.mjs").ViewName} view
 *  @param {Partial<import("./core/address.mjs").View>} [fields] what else is shown there */
async function showView(view, fields = {}) {
  const { mri } = window;
  mri.desk.select({ ...fields, view, step: mri.player.step });
  mri.desk.flush();
  const session = await mountScanner(shownBoot);
  if (session) window.dash_clientside.set_props(IDS.mounted, { data: session });
}

/** Called by boot.js.
 *  @returns {boolean} whether the Scanner's page begins with charts */
export function beginsWithCharts() {
  return chosenView() === "full";
}

/** Called by Dash on every visit of the Live page.
 *  @param {import("./pages/following.mjs").LiveBoot} boot
 *  @returns {Promise<any>} nothing: the `mounted` store is set when the first step is painted */
export async function mountLive(boot) {
  await mount(IDS.live, async (signal) => {
    const [{ Live }, scales] = await Promise.all([import("./pages/live.mjs"), toldUntilAnswered(() => fetchScales(signal), signal)]);
    return () => {
      const live = new Live(scales);
      const mine = takeBegun(boot.session);
      if (boot.session) live.watch(mine ? { ...boot, num_steps: 0, limit: 0, ...mine } : boot);
      else if (new URLSearchParams(location.search).has("start")) import("./record/door.mjs").then(({ openRecord }) => openRecord());
      return live;
    };
  });
}

/** Called by Dash on every visit of the Learn page.
 *  @param {{lesson: string|null, words?: any}} boot
 *  @returns {Promise<any>} nothing: the `mounted` store is set when the first scan is painted */
export async function mountLearn(boot) {
  const { lesson } = boot;
  await mount(
    IDS.learn,
    /** @returns {Promise<() => import("./desk/visits.mjs").View>} */ async (signal) => {
      if (!lesson) {
        const { Course } = await import("./learn/course.mjs");
        return () => new Course(boot.words);
      }
      const text = /** @type {HTMLElement} */ (document.getElementById(IDS.learnText));
      const ask = () => Promise.all([fetchJson(`/lessons/${lesson}.json`, signal), fetchScales(signal)]);
      const [{ Lesson }, [content, scales]] = await Promise.all([
        import("./learn/lesson.mjs"),
        shownUntilAnswered(text, "This lesson did not come", ask, signal),
      ]);
      return () => new Lesson(content, scales);
    },
  );
}

/** Called by Dash on every visit of the Neurons page.
 *  @param {import("./pages/question.mjs").Boot} boot */
export async function mountNeurons(boot) {
  await mount(IDS.neurons, async () => {
    const { NeuronsPage } = await import("./pages/neurons.mjs");
    return () => new NeuronsPage(boot);
  });
}

/** Called by Dash on every visit of the Compare page with two sessions.
 *  @param {import("./pages/pair.mjs").PairBoot} boot
 *  @returns {Promise<any>} nothing */
export async function mountCompare(boot) {
  await mount(IDS.compare, async (signal) => {
    const [{ Pair }, { Scanner }] = await Promise.all([import("./pages/pair.mjs"), import("./pages/scanner.mjs")]);
    const stage = /** @type {HTMLElement} */ (document.getElementById("mri-stage"));
    const runOf = (/** @type {string} */ session) => openRun({ session, full_scale: boot.full_scale, limit: boot.limit }, signal);
    const ask = () => Promise.all([fetchAlignment(boot.a, boot.b, boot.align, signal), runOf(boot.a), runOf(boot.b), fetchScales(signal)]);
    const [alignment, a, b, scales] = await shownUntilAnswered(stage, "These recordings did not come", ask, signal);
    return () => (window.mri = new Scanner(a, scales, { pair: new Pair(boot, alignment, a, b) }));
  });
}
