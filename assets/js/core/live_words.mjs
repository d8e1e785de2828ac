/**
 * Where a recording under way stands, in words, and which of its buttons do something. Pure.
 */

/** @typedef {object} LiveStatus
 *  @property {"connecting"|"queued"|"running"|"paused"|"over"} state
 *  @property {number} position in the queue, from 1; 0: in hand
 *  @property {number} numSteps recorded, as far as this page knows
 *  @property {number} maxSteps 0: unknown
 *  @property {string} message of the worker, or why it is over
 *  @property {boolean} hasFailed it ended otherwise than a recording should
 *  @property {boolean} isSteerable this server's worker records it */

/** @param {LiveStatus} status
 *  @returns {string} one or two words */
export function headline({ state, hasFailed, isSteerable }) {
  if (state === "over") return hasFailed ? "Ended early" : "Finished";
  return { connecting: "Connecting", queued: "Waiting", running: isSteerable ? "Recording" : "Recording elsewhere", paused: "Paused" }[state];
}

/** @param {LiveStatus} status
 *  @returns {string} a sentence, or "" where the headline says it all */
export function sentenceOf({ state, position, message, numSteps }) {
  if (state === "queued") return position > 1 ? `Place ${position} in the queue.` : "Next in the queue.";
  if (message) return message;
  if (state === "running" && !numSteps) return "Reading the prompt…";
  return "";
}

/** @param {LiveStatus} status
 *  @param {number} stepsPerS measured, 0: not known
 *  @returns {string} how far it is */
export function progress({ state, numSteps, maxSteps }, stepsPerS) {
  if (!numSteps) return "";
  const far = state === "over" || !maxSteps ? `${numSteps} step${numSteps === 1 ? "" : "s"}` : `step ${numSteps} of at most ${maxSteps}`;
  return state === "running" && stepsPerS ? `${far} · ${stepsPerS < 10 ? stepsPerS.toFixed(1) : Math.round(stepsPerS)} steps/s` : far;
}

/** @param {number} numSteps
 *  @returns {string} how far the picture is behind the model; one step is none: the next is about to be shown */
export function behindWords(numSteps) {
  return numSteps > 1 ? `the picture is ${numSteps} steps behind the model` : "";
}

/** @param {number} payloads
 *  @param {number} frames
 *  @param {boolean} isOver
 *  @returns {string} what the stream left out, "" where nothing */
export function drops(payloads, frames, isOver) {
  const count = (/** @type {number} */ n, /** @type {string} */ what) => (n ? [`${n} step${n === 1 ? "" : "s"} ${what}`] : []);
  const parts = [...count(payloads, "without values"), ...count(frames, "late")];
  return parts.length ? `Too slow for the stream: ${parts.join(", ")}; fetched ${isOver ? "since" : "when it is over"}.` : "";
}

/** @param {string} link of the socket
 *  @param {number} waitMs
 *  @param {boolean} wasLost it is a new connection after a lost one
 *  @param {number} next step */
export function linkWords(link, waitMs, wasLost, next) {
  if (link === "waiting") return `Connection lost: trying again in ${waitMs < 1000 ? "a moment" : `${Math.round(waitMs / 1000)} s`}. The recording goes on.`;
  if (link === "connecting" && wasLost) return "Connecting again…";
  if (link === "open" && wasLost) return `Connected again, from step ${next} on.`;
  return "";
}

/** @param {{time_us: number}[]} latest headers of steps, in order
 *  @returns {number} steps per second, 0 where that cannot be said */
export function rate(latest) {
  const us = latest.length > 1 ? latest[latest.length - 1].time_us - latest[0].time_us : 0;
  return us > 0 ? ((latest.length - 1) * 1e6) / us : 0;
}
