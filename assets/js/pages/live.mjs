/**
 * The Live page: a recording under way, from its place in the queue to its replay.
 *
 * Has a prompt recorded, steers it, and shows what there is of it: form, waiting, the Scanner (following.mjs). Refuses to know the
 * stream and drawing.
 */

import { Following } from "./following.mjs";
import { IDS } from "../core/names.mjs";
import { pushEntry } from "../desk/history.mjs";
import { startRecording, steerRecording } from "../run/http.mjs";
import { LiveBar } from "./live_bar.mjs";
import { paceChoice } from "../shell/pace.mjs";
import { showToast } from "../shell/shell.mjs";

const tell = (/** @type {Error} */ error) => showToast(error.message, "error");

export class Live {
  /** @type {Following|null} */
  #following = null;
  #abort = new AbortController();

  /** @param {Record<string, any>} scales assets/scales.json */
  constructor(scales) {
    this.scales = scales;
    this.host = /** @type {HTMLElement} */ (document.getElementById(IDS.live));
    this.bar = new LiveBar(/** @type {HTMLElement} */ (document.getElementById(IDS.liveBar)), {
      waiting: /** @type {HTMLElement} */ (document.getElementById(IDS.liveWait)),
      steer: (what) => steerRecording(/** @type {string} */ (this.#following?.boot.session), what).catch(tell),
      again: () => this.#again(),
    });
    fillForm();
    const { signal } = this.#abort;
    addEventListener("popstate", () => this.#restore(), { signal });
    document.addEventListener("click", (event) => this.#navigate(event), { signal, capture: true });
  }

  close() {
    this.#abort.abort();
    this.#leave();
  }

  /** Have a prompt recorded, and watch.
   *  @param {Record<string, any>} request body of POST /record */
  async record(request) {
    try {
      const { id } = await startRecording(request);
      if (this.#abort.signal.aborted) return; // somebody went elsewhere: it is among the sessions
      pushEntry(`/live?session=${id}`);
      const { checked: startsPaused } = /** @type {HTMLInputElement} */ (document.getElementById("live-start-paused"));
      this.watch({ session: id, num_steps: 0, is_steerable: true, limit: 0, startsPaused });
    } catch (error) {
      tell(/** @type {Error} */ (error));
    }
  }

  /** @param {import("./following.mjs").LiveBoot} boot of a recording */
  watch(boot) {
    this.#leave();
    this.#show("is-waiting");
    window.dash_clientside.set_props(IDS.liveTick, { disabled: true });
    this.#following = new Following(boot, {
      scales: this.scales,
      bar: this.bar,
      isHere: () => this.host.isConnected,
      makeRoom: () => this.#show("is-scanning"),
      onScanner: (scanner) =>
        scanner.firstPaint.then(() => scanner === this.#following?.scanner && window.dash_clientside.set_props(IDS.mounted, { data: scanner.session })),
    });
  }

  /** @param {"is-form"|"is-waiting"|"is-scanning"} what is seen below the bar */
  #show(what) {
    for (const name of ["is-form", "is-waiting", "is-scanning"]) this.host.classList.toggle(name, name === what);
  }

  /** Stop watching. */
  #leave() {
    this.#following?.close();
    this.#following = null;
  }

  #showForm() {
    this.#leave();
    fillForm(); // with what was chosen since
    this.#show("is-form");
    window.dash_clientside.set_props(IDS.liveTick, { disabled: false });
  }

  /** The form once more, for the next recording. */
  #again() {
    pushEntry("/live");
    this.#showForm();
    document.getElementById("live-prompt")?.focus();
  }

  /** Back or forward to an address that Dash takes for the one it has shown all along. */
  #restore() {
    if (location.pathname === "/live" && !location.search) this.#showForm();
  }

  /** Dash does not know that the address changed when a recording began: its link here would do nothing.
   *  @param {MouseEvent} event */
  #navigate(event) {
    const link = /** @type {HTMLElement} */ (event.target).closest?.('a[href="/live"]');
    if (!link || !this.#following || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#again();
  }
}

/** How it is shown is this page's own: the server is not told. */
function fillForm() {
  document.getElementById("live-shown")?.replaceChildren(paceChoice());
}
