/**
 * Simple or Full: which of the Scanner's two views is seen, remembered, and known to the style sheets.
 */

import { whichView } from "../core/which_view.mjs";
import { askedNow } from "./history.mjs";
import { keep, recall } from "./storage.mjs";

const KEPT_AS = "mri-view";

/** What the address asks for; the page shows it from now on.
 *  @param {boolean} [hasWords] whether there is a recording of words, which is all that Simple can tell of
 *  @returns {import("../core/which_view.mjs").ViewName} */
export function chosenView(hasWords = true) {
  const view = hasWords ? whichView(askedNow(), recall(KEPT_AS)) : "full";
  document.documentElement.dataset.mriView = view;
  return view;
}

/** @param {import("../core/which_view.mjs").ViewName} view that somebody chose */
export function rememberView(view) {
  keep(KEPT_AS, view);
}
