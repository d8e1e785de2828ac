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
  isParsed.then(async () => (await shell).startShell());
  if (location.pathname === "/") scanner().then((module) => module.prepareScanner());
  if (["/", "/compare", "/neurons"].includes(location.pathname)) {
    // Plotly is the largest file of all: while the first picture waits for the server's answers, it takes the line's width.
    // Into the browser's cache: as a preload the console would complain of it where the charts come late.
    isParsed
      .then(() => fetch("/_dash-component-suites/plotly/package_data/plotly.min.js"))
      .then((answer) => answer.blob())
      .catch(() => {});
  }
  window.dash_clientside = Object.assign(window.dash_clientside ?? {}, {
    mri: {
      mountScanner: async (/** @type {any} */ boot) => (await scanner())[boot?.is_live ? "mountLive" : boot?.is_lesson ? "mountLearn" : "mountScanner"](boot),
      mountImports: async (/** @type {any} */ given) => {
        (await import("./js/pages/imports.mjs")).mountImports(given);
        return true;
      },
      openPair: async (/** @type {number|null} */ clicks) => {
        if (clicks) (await import("./js/shell/picker.mjs")).openPair();
        return window.dash_clientside.no_update;
      },
      fillPickers: async () => {
        (await import("./js/shell/picker.mjs")).fillPickers();
        return true;
      },
      mountSessions: async () => {
        await (await import("./js/pages/sessions.mjs")).mountSessions();
        return true;
      },
      mountNeurons: async (/** @type {any} */ boot) => (await scanner()).mountNeurons(boot),
      record: async (/** @type {any[]} */ ...[clicks, prompt, mode, most, temperature, topK, seed, preset, model]) => {
        const request = {
          prompt: prompt ?? "",
          chat: mode === "chat",
          max_new_tokens: most,
          temperature,
          top_k: topK ?? null,
          seed,
          preset,
          model: model ?? "",
        };
        if (clicks) await (await scanner()).record(request);
        return window.dash_clientside.no_update;
      },
      mountCompare: async (/** @type {any} */ boot) => (await scanner()).mountCompare(boot),
      recordPair: async (/** @type {any[]} */ ...[clicks, a, b, mode, most, temperature, topK, seed, preset]) => {
        const settings = { chat: mode === "chat", max_new_tokens: most, temperature, top_k: topK ?? null, seed, preset };
        if (clicks) await (await scanner()).recordPair([a ?? "", b ?? ""], settings);
        return window.dash_clientside.no_update;
      },
      showToast: async (/** @type {any} */ toast) => {
        if (toast) (await shell).showToast(toast.text, toast.kind);
        return window.dash_clientside.no_update;
      },
    },
  });
})();
