/** A player by a clock that a test moves. */

import assert from "node:assert/strict";

import { Player } from "../../assets/js/desk/player.mjs";

/** A clock that stands until `run(ms)`, which draws a picture every 10 ms. */
export class FakeClock {
  constructor() {
    this.ms = 1000;
    this.callback = null;
    this.pictures = 0;
    this.now = () => this.ms;
    this.raf = (callback) => {
      assert.equal(this.callback, null, "two loops at once");
      this.callback = callback;
    };
  }

  run(ms, tickMs = 10) {
    for (const end = this.ms + ms; this.ms < end;) {
      this.ms += tickMs;
      const callback = this.callback;
      this.callback = null;
      if (callback) this.pictures++;
      callback?.();
    }
  }
}

export function setUp(options = {}) {
  const clock = new FakeClock();
  const player = new Player({ numSteps: 20, now: clock.now, raf: clock.raf, ...options });
  const seen = [];
  player.subscribe(({ step, mode }) => seen.push(`${mode} ${step}`));
  return { clock, player, seen };
}
