/**
 * Names that Python and JavaScript share; mri/web/parts/ids.py has the same, and a test compares the two.
 */

export const IDS = Object.freeze({
  boot: "mri-boot",
  mounted: "mri-mounted",
  view: "mri-view",
  toast: "mri-toast",
  scanner: "mri-scanner",
  sessionPicker: "mri-session",
  statChoice: "mri-stat",
  watch: "mri-watch",
  watched: "mri-watched",
  headsBy: "mri-heads-by",
  heads: "mri-heads",
  predicted: "mri-predicted",
  pointNumbers: "mri-point-numbers",
  simple: "mri-simple",
  more: "mri-more",
  why: "mri-why",
  live: "live",
  liveBar: "live-bar",
  liveWait: "live-wait",
  neurons: "neurons",
  neuronsView: "neurons-view",
  liveTick: "live-tick",
  compare: "compare",
  compareBoot: "compare-boot",
  comparePair: "compare-pair",
  compareView: "compare-view",
  learn: "learn",
  learnText: "learn-text",
  learnWidget: "learn-widget",
});

/** The tab of who asks for none. */
export const USUAL_TAB = "neurons";

/** Inspector tabs in order: [key in the URL, label]. */
export const TABS = Object.freeze([
  ["why", "Why"],
  ["attention", "Attention"],
  ["neurons", "Neurons"],
  ["statistics", "Statistics"],
  ["predictions", "Predictions"],
]);
