/* The only script beside Dash's own, and before them: it imports the modules, once, asks for the first picture's data while Dash's
   scripts are on their way, and offers the modules to Dash as clientside functions. */

(() => {
  try {
    sessionStorage.length;
  } catch {
    // the browser keeps nothing: what Dash wants kept is kept until the page closes
    const kept = new Map();
    const shelf = { getItem: kept.get.bind(kept), setItem: kept.set.bind(kept), removeItem: kept.delete.bind(kept) };
    Object.defineProperty(window, "sessionStorage", { value: shelf });
  }
  const shell = import("./js/shell/shell.mjs");
  const scanner = () => import("./js/main.mjs");
  const isParsed = new Promise((done) => document.addEventListener("DOMContentLoaded", done)); // Dash's scripts have run
  const record = async (/** @type {any} */ given) => {
    try {
      (await import("./js/record/door.mjs")).openRecord(given);
    } catch {
      (await shell).showToast("The form to record did not come: check that the server is running, then press again.", "error");
    }
  };
  isParsed.then(async () => (await shell).startShell(record));
  if (location.pathname === "/") scanner().then((module) => module.prepareScanner());
  const hasCharts = location.pathname === "/" ? scanner().then((module) => module.beginsWithCharts()) : ["/compare", "/neurons"].includes(location.pathname);
  // Plotly is the largest file of all: while the first picture waits for the server's answers, it takes the line's width.
  // Into the browser's cache: as a preload the console would complain of it where the charts come late.
  Promise.all([hasCharts, isParsed])
    .then(([areWanted]) => (areWanted ? fetch("/_dash-component-suites/plotly/package_data/plotly.min.js") : null))
    .then((answer) => answer?.blob())
    .catch(() => {});
  /** @param {(...given: any[]) => any} act
   *  @returns {(...given: any[]) => Promise<any>} gives Dash what `act` gives, or nothing, when it is done */
  function told(act) {
    return async (...given) => (await act(...given)) || window.dash_clientside.no_update;
  }

  const mri = {
    mountScanner: async (/** @type {any} */ boot) => (await scanner())[boot?.is_live ? "mountLive" : boot?.is_lesson ? "mountLearn" : "mountScanner"](boot),
    mountImports: async (/** @type {any} */ given) => (await import("./js/pages/imports.mjs")).mountImports(given),
    mountSessions: async (/** @type {any[]} */ ...given) => (await import("./js/pages/sessions.mjs")).mountSessions(given[0], given[1]),
    mountNeurons: async (/** @type {any} */ boot) => (await scanner()).mountNeurons(boot),
    mountCompare: async (/** @type {any} */ boot) => (await scanner()).mountCompare(boot),
    fillPickers: async () => void (await import("./js/shell/picker.mjs")).fillPickers(),
    openPair: async (/** @type {number|null} */ clicks) => clicks && (await import("./js/shell/picker.mjs")).openPair(),
    showToast: async (/** @type {any} */ toast) => toast && (await shell).showToast(toast.text, toast.kind),
  };
  const functions = Object.fromEntries(Object.entries(mri).map(([name, act]) => [name, told(act)]));
  window.dash_clientside = Object.assign(window.dash_clientside ?? {}, { mri: functions });
})();
