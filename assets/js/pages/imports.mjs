/**
 * Files of others come in: dropped anywhere on the page or chosen, sent one after the other, and followed until they
 * are here or refused.
 *
 * The list outlives the page: who looks elsewhere in the meantime finds it again. The server checks the files; this
 * only sends them.
 */

import { isDone, jobShare, jobWords, objection } from "../core/imports.mjs";
import { fetchJson } from "../run/http.mjs";
import { button, el, say } from "../shell/dom.mjs";
import { toldUntilAnswered } from "../shell/failed.mjs";
import { showToast } from "../shell/shell.mjs";

/** @typedef {import("../core/imports.mjs").Job & {file?: File, row?: any}} Row */

const ASK_MS = 250;

/** @type {Row[]} */
const jobs = [];
let isSending = false;
let maxBytes = Infinity;
let isListening = false;

/** Called by Dash on every visit of the Sessions page.
 *  @param {{max_bytes: number}} given */
export function mountImports(given) {
  maxBytes = given.max_bytes;
  const host = hostNow();
  if (!host) return;
  const change = () => {
    take([...input.files]);
    input.value = "";
  };
  const accepted = { type: "file", accept: ".h5,.hdf5", multiple: true };
  const input = el("input", { ...accepted, hidden: true, id: "sessions-import-files", "aria-label": "Session files", on: { change } });
  const choose = button(() => input.click(), { text: "Choose a file …" });
  const says = " Drop a session file (.h5) from someone else anywhere on this page. It is checked before anything in it is opened.";
  const strip = el("div", { class: "session-import-strip" }, el("p", {}, el("b", { text: "Import" }), says), input, choose);
  host.replaceChildren(strip, el("ul", { class: "session-import-list", "aria-label": "Imports" }, ...jobs.map(rowOf)));
  if (!isListening) listen();
  isListening = true;
}

/** @returns {HTMLElement|null} */
function hostNow() {
  return document.getElementById("sessions-import");
}

/** Drops are heard by the document, so that a file never replaces the page; elsewhere nothing happens. */
function listen() {
  const carries = (/** @type {DragEvent} */ event) => hostNow() && event.dataTransfer?.types.includes("Files");
  const mark = (/** @type {boolean} */ over) => document.documentElement.classList.toggle("is-dropping", over);
  document.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && mark(false));
  document.addEventListener("drop", (event) => {
    mark(false);
    if (!carries(event)) return;
    event.preventDefault();
    take([.../** @type {DataTransfer} */ (event.dataTransfer).files]);
  });
}

/** @param {File[]} files */
function take(files) {
  for (const file of files) {
    const message = objection(file, maxBytes);
    /** @type {Row} */
    const job = { name: file.name, state: message ? "error" : "waiting", share: 0, message, file };
    jobs.push(job);
    document.querySelector(".session-import-list")?.append(rowOf(job));
    job.row?.scrollIntoView({ block: "nearest" }); // whoever drops a file far below sees what becomes of it
  }
  send();
}

/** The files that wait, one after the other. */
async function send() {
  if (isSending) return;
  isSending = true;
  for (let job; (job = jobs.find((each) => each.file && !isDone(each)));) {
    try {
      await follow(job, await upload(job));
    } catch (error) {
      change(job, { state: "error", message: /** @type {Error} */ (error).message });
    }
    job.file = undefined;
    if (!isSeen(job.row)) showToast(`${job.name}: ${[jobWords(job), job.message].filter(Boolean).join(". ")}`, job.state === "error" ? "error" : "info");
    if (job.state === "finished") window.dash_clientside.set_props("sessions-changed", { data: { imported: job.session_id } });
  }
  isSending = false;
}

/** @param {Row} job
 *  @returns {Promise<string>} the import's id */
function upload(job) {
  change(job, { state: "uploading", share: 0 });
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how much was sent
    request.open("POST", `/import?name=${encodeURIComponent(job.name)}`);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => change(job, { share: event.loaded / Math.max(1, event.total) }));
    request.addEventListener("load", () =>
      request.status === 202
        ? resolve(request.response.id)
        : reject(new Error(request.response?.error ?? `The server refused with status ${request.status}: look at its log.`)),
    );
    request.addEventListener("error", () => reject(new Error(`${job.name} could not be sent: check that the server is running and has room on its disk.`)));
    request.send(job.file);
  });
}

/** @param {Row} job
 *  @param {string} id */
async function follow(job, id) {
  while (!isDone(job)) {
    const { state, share, session_id, message } = await toldUntilAnswered(() => fetchJson(`/import/${id}`), new AbortController().signal);
    change(job, { state, share, session_id, message });
    if (!isDone(job)) await new Promise((done) => setTimeout(done, ASK_MS));
  }
}

/** @param {HTMLElement|undefined} row
 *  @returns {boolean} whether it is in the window */
function isSeen(row) {
  const { top, bottom, height } = row?.isConnected ? row.getBoundingClientRect() : new DOMRect();
  return height > 0 && bottom > 0 && top < innerHeight;
}

/** @param {Row} job
 *  @param {Partial<Row>} fields */
function change(job, fields) {
  Object.assign(job, fields);
  if (job.row?.isConnected) draw(job);
}

/** @param {Row} job
 *  @returns {HTMLElement} */
function rowOf(job) {
  const dismiss = button(() => forget(job), { class: "mri-icon", "aria-label": `Dismiss ${job.name}`, text: "×" });
  const bar = el("progress", { max: 1, "aria-label": `Import of ${job.name}` });
  const state = el("span", { class: "session-import-state", role: "status" });
  job.row = el("li", {}, el("b", { text: job.name }), state, bar, el("p"), el("a", { text: "Open the scan" }), dismiss);
  draw(job);
  return job.row;
}

/** @param {Row} job */
function draw(job) {
  const [state, bar, message, link, dismiss] = ["span", "progress", "p", "a", "button"].map((tag) => job.row.querySelector(tag));
  job.row.className = `is-${job.state}`;
  say(state, jobWords(job));
  say(message, job.message ?? "");
  bar.value = jobShare(job);
  bar.hidden = isDone(job);
  dismiss.hidden = !isDone(job);
  message.hidden = !job.message;
  link.hidden = job.state !== "finished";
  if (job.session_id) link.href = `/?session=${encodeURIComponent(job.session_id)}`;
}

/** @param {Row} job */
function forget(job) {
  jobs.splice(jobs.indexOf(job), 1);
  job.row.remove();
  /** @type {HTMLElement|null} */ (document.querySelector(".session-import-strip button"))?.focus();
}
