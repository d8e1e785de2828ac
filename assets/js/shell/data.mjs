/**
 * What on the page is data and no interface: it is not translated, not read in the page's language, not spell-checked.
 *
 * A browser's translator would show tokens that the model never wrote. One list, of this page's parts and of those that Dash
 * builds; whatever lies within them goes with them. Refuses to know what they show.
 */

/** Containers of what a model wrote, of names that are keys, of numbers, and of what is typed for a model. */
const DATA = [
  "code, kbd, pre, samp, textarea, svg, .mri-copy, .dash-graph",
  ".mri-tokens, .mri-ribbon-says b, .mri-influence-says, .mri-sentence-line b, .mri-following b, .mri-predicted output",
  ".mri-tower-labels, .mri-readout, .mri-tip, .mri-list, .mri-axis, .mri-numbers, .mri-heads, .mri-watched ul, #mri-watch",
  ".mri-clock, .mri-step-note, .mri-loop-clear, .mri-lane-labels, .mri-facts, #graph-history-title, .mri-words dt",
  "#mri-session, .compare-picker select, #neurons-session, #neurons-point, #compare-first, #compare-second",
  ".sessions-name, .sessions-prompt, .live-now b, .live-progress, #record-model, .record-marks, .record-says b, .record-place",
  "#compare-says, .compare-headline, #compare-map-says, .compare-map-rows, .compare-side, .compare-list table, .compare-number, .compare-tiles dd, .compare-kl b, #compare-neurons-title",
  "#check-model, #check-dtype, .check-figure",
  ".neurons-token, .neurons-context, .neurons-link, .neurons-value, .neurons-moments, .neurons-tokens, .neurons-table, .neurons-says code",
  ".learn-number, .learn-actual, .learn-symbolic, .learn-formula-lines, .learn-quote, .learn-story, .learn-lens-word, .learn-cache, .learn-cache-size",
  ".learn-bars, .learn-guessed > :is(span, small), .learn-options .learn-answer, .learn-die-line, .learn-die-ends, .learn-throws, .learn-score-line",
  ".learn-writes-out, .learn-write b, .learn-path, .widget-slider output, .widget-line, .widget-table td, .widget-unit, .widget-toggle, .learn-die-controls input",
  ".lw-readout, .lw-figure, .lw-token, .lw-piece, .lw-part-chip, .lw-head, .lw-score, .lw-scores, .lw-clock, .lw-triangle, .lw-cells, #lw-words, [list='lw-words']",
].join(", ");

/** @param {Element} root with all that lies in it */
export function markData(root) {
  for (const node of [...(root.matches(DATA) ? [root] : []), ...root.querySelectorAll(DATA)]) {
    node.setAttribute("translate", "no");
    if (!node.hasAttribute("lang")) node.setAttribute("lang", "und"); // nobody knows what a model writes in
    if (node.matches("textarea, input")) node.setAttribute("spellcheck", "false"); // a prompt that was put right is another one
  }
}

/** Called once: marks what is there, and what comes. */
export function keepDataMarked() {
  markData(document.body);
  new MutationObserver((records) => {
    for (const { addedNodes, target } of records) {
      if (/** @type {Element} */ (target).closest('[translate="no"]')) continue; // as everything that a chart draws
      for (const node of addedNodes) if (node instanceof Element) markData(node);
    }
  }).observe(document.body, { childList: true, subtree: true });
}
