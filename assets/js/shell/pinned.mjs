/**
 * The item that pins a session in this browser, with its state and size, and the word that the server is gone.
 *
 * Knows a Pin's states. Refuses to know where the bytes lie.
 */

import { MOST_PINNED_BYTES } from "../run/pin.mjs";
import { button } from "./dom.mjs";
import { showToast } from "./shell.mjs";

export class PinButton {
  /** @param {HTMLElement} host of the menu that it stands in
   *  @param {import("../run/pin.mjs").Pin} pin */
  constructor(host, pin) {
    this.pin = pin;
    this.button = button(() => this.#click(), { class: "mri-pin" });
    host.querySelector("hr")?.before(this.button);
    pin.onChange = () => this.draw();
    this.draw();
  }

  async #click() {
    const { pin } = this;
    try {
      if (pin.state === "pinned") await pin.unpin();
      else if (pin.state === "none") await pin.pin();
    } catch (error) {
      showToast(/** @type {Error} */ (error).message, "error");
    }
  }

  draw() {
    const { state, numBytes, aboutBytes, isOffline } = this.pin;
    const isTooLarge = state === "none" && aboutBytes > MOST_PINNED_BYTES;
    const about = aboutBytes ? ` · about ${megabytes(aboutBytes)}` : "";
    const keep = isTooLarge
      ? "More than 64 MB: too large to pin"
      : "Keep this session in the browser: this page then replays without the server, for as long as it stays open";
    const [words, why] = {
      none: [`Pin${about}`, keep],
      pinning: [`Pinning · ${megabytes(numBytes)}`, "Fetching every step"],
      pinned: [
        `Pinned · ${megabytes(numBytes)}`,
        "Kept in this browser: this page replays without the server, a page that is opened anew needs it for itself. Press to let it go",
      ],
      impossible: ["Pin", "Only a finished session can be pinned, in a browser that keeps data"],
    }[state];
    this.button.textContent = words;
    this.button.title = why;
    this.button.disabled = isTooLarge || state === "pinning" || state === "impossible";
    this.button.setAttribute("aria-pressed", String(state === "pinned"));
    const note = document.getElementById("mri-offline");
    if (note) note.hidden = !isOffline;
  }
}

/** @param {number} numBytes */
function megabytes(numBytes) {
  const mb = numBytes / 1e6;
  return `${mb < 10 ? mb.toFixed(1) : Math.round(mb)} MB`;
}
