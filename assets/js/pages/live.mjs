/**
 * The Live page: a recording under way, from its place in the queue to its replay.
 *
 * Steers it, and shows what there is of it: waiting, the Scanner (following.mjs). Refuses to know the stream and drawing.
 */

import { Following } from "./following.mjs";
import { IDS } from "../core/names.mjs";
import { openRecord } from "../record/door.mjs";
import { steerRecording } from "../run/http.mjs";
import { LiveBar } from "./live_bar.mjs";
import { showToast } from "../shell/shell.mjs";

const tell = (/** @type {Error} */ error) => showToast(error.message, "error");

export class Live {
  /** @type {Following|null} */
  #following = null;

  /** @param {Record<string, any>} scales assets/scales.json */
  constructor(scales) {
    this.scales = scales;
    this.host = /** @type {HTMLElement} */ (document.getElementById(IDS.live));
    this.bar = new LiveBar(/** @type {HTMLElement} */ (document.getElementById(IDS.liveBar)), {
      waiting: /** @type {HTMLElement} */ (document.getElementById(IDS.liveWait)),
      steer: (what) => steerRecording(/** @type {string} */ (this.#following?.boot.session), what).catch(tell),
      again: () => openRecord(),
    });
  }

  /** @param {import("./following.mjs").LiveBoot} boot of a recording */
  watch(boot) {
    this.#show("is-waiting");
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
  close() {
    this.#following?.close();
    this.#following = null;
  }
}
