/**
 * What an import is at, in words and as a share. Pure.
 */

/** @typedef {{name: string, state: string, share?: number, session_id?: string, message?: string}} Job
 *  state: uploading, waiting, checking, converting, finished, error */

/** By state: what is said of it, the share of the whole at which it begins, and how much of it the state is.
 *  @type {Record<string, [string, number, number]>} */
const STATES = Object.freeze({
  uploading: ["being copied", 0, 0.3],
  waiting: ["waiting for its turn", 0.3, 0],
  checking: ["being checked", 0.3, 0.4],
  converting: ["being written anew", 0.7, 0.3],
  finished: ["is here", 1, 0],
  error: ["was refused", 1, 0],
});

/** @param {Job} job
 *  @returns {string} such as "being checked, 45 %" */
export function jobWords(job) {
  const [words] = STATES[job.state] ?? [job.state];
  return isDone(job) ? words : `${words}, ${Math.floor(jobShare(job) * 100)} %`;
}

/** @param {Job} job
 *  @returns {number} 0…1 of everything that is to be done */
export function jobShare(job) {
  const [, start, part] = STATES[job.state] ?? ["", 0, 0];
  return start + part * Math.min(1, Math.max(0, job.share ?? 0));
}

/** @param {Job} job */
export function isDone(job) {
  return job.state === "finished" || job.state === "error";
}

/** What can be said against a file before it is sent.
 *  @param {{name: string, size: number}} file
 *  @param {number} maxBytes
 *  @returns {string} a sentence, or "" */
export function objection(file, maxBytes) {
  if (!/\.(h5|hdf5)$/i.test(file.name)) return `${file.name} is no session file: choose one that ends in .h5.`;
  if (file.size === 0) return `${file.name} is empty: get it again.`;
  const gigabytes = (/** @type {number} */ bytes) => (bytes / 2 ** 30).toFixed(bytes < 2 ** 30 ? 2 : 1);
  return file.size > maxBytes ? `${file.name} has ${gigabytes(file.size)} GB, and ${gigabytes(maxBytes)} GB is the most.` : "";
}
