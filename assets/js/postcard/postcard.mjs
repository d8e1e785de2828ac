/**
 * The Scanner as a file: one recording, its program and its charts in one page, without a server.
 *
 * Composition only, as main.mjs: unpacks what the page has, builds the view that is asked for, and takes away what a server would do.
 */

import { IDS } from "../core/names.mjs";
import { chosenView, rememberView } from "../desk/views.mjs";
import { Scanner } from "../pages/scanner.mjs";
import { Simple } from "../pages/simple.mjs";
import { columns as attention } from "../panels/attention.mjs";
import { columns as bars } from "../panels/bars.mjs";
import { columns as everywhere } from "../panels/everywhere.mjs";
import { atHand } from "../panels/feeder.mjs";
import { columns as head } from "../panels/head.mjs";
import { columns as heads } from "../panels/heads.mjs";
import { columns as neurons } from "../panels/neurons.mjs";
import { columns as predictions } from "../panels/predictions.mjs";
import { Run } from "../run/run.mjs";
import { el } from "../shell/dom.mjs";
import { showToast, startShell, whenViewChosen } from "../shell/shell.mjs";
import { FileCharts } from "./charts.mjs";
import { Packed } from "./packed.mjs";

/** What the page's first script leaves: a block unpacked, and one run as a script.
 *  @type {{unpacked: (block: string) => Response, run: (block: string, type: string) => Promise<void>}} */
const file = /** @type {any} */ (window).mriFile;

/** @param {string} block */
const json = (block) => file.unpacked(block).json();

/** @type {Scanner|null} */
let shown = null;
/** @type {Promise<any>|null} Plotly and the book of charts, once Full was seen */
let charted = null;
/** @type {FileCharts|null} */
let charts = null;

async function main() {
  Object.assign(atHand, { attention, bars, everywhere, head, heads, neurons, predictions, looks: () => null });
  const [about, scales] = await Promise.all([json("mri-about"), json("mri-scales")]);
  const source = new Packed(about, file.unpacked);
  const { kind, layout, prompt } = about.meta.session;
  const hasWords = layout.n_layer > 0 && kind === "generation";
  const title = about.meta.name || prompt || source.session;
  document.getElementById(IDS.sessionPicker)?.replaceWith(el("b", { class: "mri-value", translate: "no", lang: "und", text: title }));

  /** @param {Partial<import("../core/address.mjs").View>} [fields] what is shown beside what the address says */
  const mount = async (fields) => {
    if (fields && shown) {
      shown.desk.select({ ...fields, step: shown.player.step });
      shown.desk.flush();
    }
    shown?.close();
    const isSimple = chosenView(hasWords) === "simple";
    const run = new Run(source, { fullScale: about.full_scale, limit: about.limit, isFilling: false });
    const host = /** @type {HTMLElement} */ (document.getElementById(IDS.simple));
    const openFull = (/** @type {any} */ more) => mount({ ...more, view: "full" });
    const simple = isSimple ? new Simple(run, host, { counterpart: null, openFull }) : undefined;
    const scanner = (shown = window.mri = new Scanner(run, scales, { simple }));
    scanner.desk.select({ influence: null, lanes: null, groups: null });
    withoutServer(scanner);
    await scanner.firstPaint;
    if (!isSimple && shown === scanner) await chart(scanner);
  };
  whenViewChosen((view) => {
    if (!hasWords) return showToast("This recording is not of words: Full shows all that there is.");
    rememberView(view);
    mount({ view });
  });
  const look = () => shown && /** @type {any} */ (shown.shown).view !== chosenView(hasWords) && mount();
  addEventListener("popstate", () => setTimeout(look)); // when the view that stands has heard of it, too
  window.dash_clientside = { set_props: (/** @type {string} */ id, /** @type {any} */ { data }) => void (id === IDS.view && charts?.draw(data)) };
  startShell(() => {});
  await mount();
}

/** What Simple would have a server do; css/pages/postcard.css has the rest.
 *  @param {Scanner} scanner */
function withoutServer({ panels }) {
  const { own, changed, bar } = /** @type {any} */ (panels);
  for (const each of [own, changed]) each?.host.remove();
  bar?.write.remove();
}

/** Plotly last: the picture does not need it.
 *  @param {Scanner} scanner */
async function chart(scanner) {
  charted ??= Promise.all([json("mri-charts"), file.run("mri-plotly", "text/javascript")]);
  const [book] = await charted;
  if (shown !== scanner) return;
  charts = new FileCharts(scanner.run, book);
  /** @type {any} */ (scanner.panels).inspector.post();
}

main();
