/** A frame cache over a fake source, for tests. */

import { Again } from "../../assets/js/run/again.mjs";
import { FrameCache } from "../../assets/js/run/cache.mjs";
import { recordsOf } from "./bytes.mjs";
import { FakeSource, FakeTime } from "./fake_source.mjs";

export const WINDOW_BYTES = recordsOf(0, 8).byteLength;

export const late = () => Object.assign(new FakeSource(), { isLate: true });

/** Windows of 8 of a hundred steps. */
export function cacheOf(source, { time = new FakeTime(), ...options } = {}) {
  return new FrameCache({ fetchWindow: source.frames, numSteps: 100, windowSteps: 8, again: new Again({ ...time, news: undefined }), ...options });
}
