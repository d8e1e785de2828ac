/**
 * What an import is at, in words and as a share. Pure.
 */

/** @typedef {{name: string, state: string, share?: number, session_id?: string, message?: string}} Job
 *  state: uploading, waiting, checking, converting, finished, error */

const WORDS = Object.freeze({
  uploading: "being copied",
  waiting: "waiting for its turn",
  checking: "being checked",
  converting: "being written anew",
  finished: "is here",
  error: "was refused",
});

/** Share of the whole at which a state begins, and how much of it the state is. */
const PARTS = Object.freeze({ uploading: [0, 0.3], waiting: [0.3, 0], checking: [0.3, 0.4], converting: [0.7, 0.3], finished: [1, 0], error: [1, 0] });

/** @param {Job} job
 *  @returns {string} such as "being checked, 45 %" */
export function jobWords(job) {
  const words = WORDS[/** @type {keyof typeof WORDS} */ (job.state)] ?? job.state;
  return isDone(job) ? words : `${words}, ${Math.floor(jobShare(job) * 100)} %`;
}

/** @param {Job} job
 *  @returns {number} 0…1 of everything that is to be done */
export function jobShare(job) {
  const [start, part] = PARTS[/** @type {keyof typeof PARTS} */ (job.state)] ?? [0, 0];
  return start + part * Math.min(1, Math.max(0, job.share ?? 0));
}

/** @param {Job} job
 *  @returns {boolean} */
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
  if (file.size > maxBytes) return `${file.name} has ${gigabytes(file.size)} GB, and ${gigabytes(maxBytes)} GB is the most.`;
  return "";
}

/** @param {number} bytes */
function gigabytes(bytes) {
  return (bytes / 2 ** 30).toFixed(bytes < 2 ** 30 ? 2 : 1);
}
