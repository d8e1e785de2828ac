/**
 * A recording under way on the page: the bar hears of it, and its Run goes to the one Scanner when its first step is there.
 *
 * Refuses to know the stream, drawing, and the page around the Scanner.
 */

import { Feed } from "../run/feed.mjs";
import { toldUntilAnswered } from "../shell/failed.mjs";
import { rememberedPace } from "../shell/pace.mjs";
import { showToast } from "../shell/shell.mjs";
import { Scanner } from "./scanner.mjs";

/** @typedef {object} LiveBoot
 *  @property {string|null} session null: the form
 *  @property {number} num_steps recorded when the page was made
 *  @property {boolean} is_steerable whether this server's worker records it
 *  @property {number} limit largest magnitude of any value so far
 *  @property {import("../core/address.mjs").View} [asked] what a lesson shows, instead of what the address asks for
 *  @property {boolean} [startsPaused] its clock stands at the first step until somebody lets it go */

export class Following {
  /** @type {Scanner|null} */
  scanner = null;

  /** @param {LiveBoot} boot of a recording
   *  @param {object} context
   *  @param {Record<string, any>} context.scales assets/scales.json
   *  @param {import("./live_bar.mjs").LiveBar} context.bar
   *  @param {() => boolean} context.isHere whether the page is still there
   *  @param {() => void} context.makeRoom the first step is there: the Scanner's place must be seen before it is built
   *  @param {(scanner: Scanner) => void} context.onScanner it was built
   *  @param {(endReason: string) => void} [context.onEnd] every step of the recording is here */
  constructor(boot, { scales, bar, isHere, makeRoom, onScanner, onEnd }) {
    this.boot = boot;
    const orLeave = () => isHere() || (this.close(), false);
    bar.begin(boot.is_steerable);
    this.feed = new Feed(/** @type {{session: string, num_steps: number, limit: number}} */ (boot), {
      insist: toldUntilAnswered,
      onGiveUp: (error) => showToast(error.message, "error"),
      onLink: (link, waitMs, next) => bar.setLink(link, waitMs, next),
      onMessage: (message) => orLeave() && bar.hear(message),
      onFrames: (frames) => orLeave() && bar.count(frames),
      onEnd,
      onRun: (run) => {
        makeRoom();
        const { asked, startsPaused = false, num_steps: from } = boot;
        const begin = startsPaused ? "paused" : from ? "newest" : "first";
        this.scanner = window.mri = new Scanner(run, scales, { asked, pace: rememberedPace(), begin });
        bar.follow(this.scanner.player);
        onScanner(this.scanner);
      },
    });
  }

  /** Stop following. */
  close() {
    this.feed.close();
    this.scanner?.close();
  }
}
