/**
 * The server's session routes, with failures as sentences: each rejects with a SourceError, or with the AbortError of its signal.
 *
 * Knows addresses and HTTP. Refuses to know what frames mean, and when to ask for them.
 */

import { frameFromBlob } from "../core/wire.mjs";

/** Refusals that a moment later may not be one: too slow, too early, too many. */
const NOT_YET = Object.freeze([408, 425, 429]);

/** A request that did not give what was asked. The message is a sentence for a person. */
export class SourceError extends Error {
  /** @param {string} sentence
   *  @param {number} [status] of the answer, 0 where there was none */
  constructor(sentence, status = 0) {
    super(sentence);
    this.status = status;
  }

  /** Whether the server answered that there is no such thing, so that asking again is of no use. */
  get isFinal() {
    return this.status > 0 && this.status < 500 && !NOT_YET.includes(this.status);
  }
}

/** @param {string} id
 *  @param {AbortSignal} [signal]
 *  @returns {Promise<Wire.Meta>} */
export function fetchMeta(id, signal) {
  return answer(id, "meta", { signal });
}

/** Waits until the server has compared a session's checksums.
 *  @param {string} id
 *  @param {string} integrity of the meta: "checking", "right" or "damaged: " and a sentence
 *  @param {AbortSignal} [signal]
 *  @param {number} [pollMs]
 *  @returns {Promise<string>} "" where they fit, else the sentence */
export async function damageOf(id, integrity, signal, pollMs = 1000) {
  while (integrity === "checking" && !signal?.aborted) {
    await new Promise((done) => setTimeout(done, pollMs));
    try {
      integrity = (await answer(id, "integrity", { signal })).integrity;
    } catch (error) {
      if (error instanceof SourceError && error.status) return ""; // deleted: others say so
    }
  }
  return integrity?.startsWith("damaged: ") ? integrity.slice("damaged: ".length) : "";
}

/** @param {string} id
 *  @param {AbortSignal} [signal]
 *  @returns {Promise<Wire.Tokens>} */
export function fetchTokens(id, signal) {
  return answer(id, "tokens", { signal });
}

/** Wire records of the steps start…stop−1.
 *  @param {string} id
 *  @param {number} start
 *  @param {number} stop
 *  @param {AbortSignal} [signal]
 *  @param {string} [version] of the meta: lets the browser keep the answer for ever; "" while recording
 *  @returns {Promise<ArrayBuffer>} */
export function fetchFrames(id, start, stop, signal, version = "") {
  return answer(id, `frames?start=${start}&stop=${stop}${ofVersion(version)}`, { read: "arrayBuffer", signal });
}

/** @param {string} id
 *  @param {string} stat column of the statistics, as "l2"
 *  @param {string} [version] of the meta: lets the browser keep the answer for ever; "" while recording
 *  @param {AbortSignal} [signal]
 *  @returns {Promise<import("../core/types.mjs").Series>} */
export async function fetchSeries(id, stat, version = "", signal) {
  return seriesFromBytes(await answer(id, `series?stat=${encodeURIComponent(stat)}${ofVersion(version)}`, { read: "arrayBuffer", signal }));
}

/** @param {ArrayBuffer} bytes as the server sends them
 *  @returns {import("../core/types.mjs").Series} */
export function seriesFromBytes(bytes) {
  const { header, arrays } = frameFromBlob(bytes);
  const line = (/** @type {string} */ name) => /** @type {Float32Array} */ (arrays[name].data);
  const { every, first_odd: odd, extra = [] } = /** @type {any} */ (header);
  const added = extra.map((/** @type {string} */ name, /** @type {number} */ i) => ({
    name,
    values: line(`extra/${i}/values`),
    present: line(`extra/${i}/present`),
  }));
  const [surprise, entropy, points] = ["surprise", "entropy", "points"].map(line);
  return { surprise, entropy, points, every, extra: added, firstOdd: odd && { step: odd[0], point: odd[1] } };
}

/** Attention mass of every position on what the step predicts.
 *  @param {string} id
 *  @param {number} step
 *  @param {string} [version]
 *  @param {AbortSignal} [signal]
 *  @returns {Promise<{weights: number[], exact: boolean, most_off: number, note: string}>}
 *  @throws {SourceError} also where too little was captured, with what to record */
export async function fetchSaliency(id, step, version = "", signal) {
  const found = await answer(id, `saliency?step=${step}${ofVersion(version)}`, { signal });
  if (!found.weights) throw new SourceError(found.note, 200);
  return found;
}

const POLL_MS = 300;

/** Gradient × input of one step: has the server's worker compute it, and waits for it.
 *  @param {string} id
 *  @param {number} step
 *  @param {AbortSignal} [signal]
 *  @param {(message: string) => void} [onWait] called with what it waits for
 *  @param {number} [pollMs]
 *  @returns {Promise<{signed: number[], token_id: number, logit: number}>} */
export async function fetchAttribution(id, step, signal, onWait = () => {}, pollMs = POLL_MS) {
  const begun = await answer(id, "attribution", { ...posted({ step }), signal });
  const found = await whenDone(begun, () => answer(id, `attribution?step=${step}`, { signal }), onWait, pollMs);
  if (found.status === "error") throw new SourceError(found.message, 200);
  return found;
}

/** @typedef {{token: number, against: number}|null} Pair null: the tokens that the server takes by itself, which are those of each step */

/** What every part wrote, by source token and by neuron, of the steps from `start` on: as many as the server sends at a time.
 *  @param {string} id
 *  @param {number} start
 *  @param {number} stop
 *  @param {Pair} pair
 *  @param {AbortSignal} signal
 *  @param {(message: string) => void} onWait called with what it waits for
 *  @returns {Promise<import("../core/wire.mjs").Frame>} its header has `start` and `stop` */
export function fetchWhy(id, start, stop, pair, signal, onWait) {
  const query = new URLSearchParams({ start: String(start), stop: String(stop), ...ofPair(pair) });
  return polled(id, `why?${query}`, null, signal, onWait);
}

/** The logits of a step with each of its parts off.
 *  @param {string} id
 *  @param {number} step
 *  @param {Pair} pair tokens beside those that were kept
 *  @param {AbortSignal} signal
 *  @param {(message: string) => void} onWait
 *  @returns {Promise<import("../core/wire.mjs").Frame>} */
export function fetchSweep(id, step, pair, signal, onWait) {
  const query = new URLSearchParams({ step: String(step), kind: "ablate", ...ofPair(pair) });
  return polled(id, `sweep?${query}`, { path: "sweep", body: { step, kind: "ablate", ...pair } }, signal, onWait);
}

/** @param {Pair} pair
 *  @returns {Record<string, string>} */
function ofPair(pair) {
  return pair ? { token: String(pair.token), against: String(pair.against) } : {};
}

/** An answer in arrays that may take its time: asked for again while the server says that it is running.
 *  @param {string} id
 *  @param {string} what
 *  @param {{path: string, body: Record<string, any>}|null} first posted, where it has to be begun
 *  @param {AbortSignal} signal
 *  @param {(message: string) => void} onWait
 *  @returns {Promise<import("../core/wire.mjs").Frame>} */
async function polled(id, what, first, signal, onWait) {
  const read = async (/** @type {Response} */ response) => (response.status === 202 ? response.json() : frameFromBlob(await response.arrayBuffer()));
  const ask = () => answer(id, what, { read, signal });
  return whenDone(await (first ? answer(id, first.path, { ...posted(first.body), read, signal }) : ask()), ask, onWait);
}

/** @param {any} found where a computation stands
 *  @param {() => Promise<any>} ask after it
 *  @param {(message: string) => void} onWait
 *  @param {number} [pollMs]
 *  @returns {Promise<any>} its first answer that is not "running" */
async function whenDone(found, ask, onWait, pollMs = POLL_MS) {
  while (found.status === "running") {
    onWait(found.message);
    await new Promise((done) => setTimeout(done, pollMs));
    found = await ask();
  }
  return found;
}

/** What a prompt would be for a model, and what recording it would weigh.
 *  @param {Record<string, any>} prompt body of POST /record/check
 *  @param {AbortSignal} signal
 *  @returns {Promise<Wire.RecordPlan>} */
export function checkPrompt(prompt, signal) {
  return answerAt("/record/check", { ...posted(prompt), signal });
}

/** Has a model loaded, and waits for it.
 *  @param {string} id of GET /models
 *  @param {{device: string, dtype: string}} as "" as the server has it
 *  @param {AbortSignal} signal
 *  @param {(waits: Wire.ModelLoading) => void} onWait
 *  @returns {Promise<Wire.LoadedFacts>} */
export async function fetchLoaded(id, as, signal, onWait) {
  for (;;) {
    const found = await answerAt(`/models/${encodeURIComponent(id)}/loaded?${new URLSearchParams(as)}`, { signal });
    if (found.status === "finished") return found;
    onWait(found);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

/** It need not be loaded.
 *  @param {string} id
 *  @param {{device: string, dtype: string}} as */
export function cancelLoading(id, as) {
  return answerAt(`/models/${encodeURIComponent(id)}/cancel?${new URLSearchParams(as)}`, { method: "POST" });
}

/** Have a prompt recorded.
 *  @param {Record<string, any>} request body of POST /record (docs/live.md)
 *  @returns {Promise<{id: string}>} the session's id, from now on */
export function startRecording(request) {
  return answerAt("/record", posted(request));
}

/** Where a recording stands.
 *  @param {string} id
 *  @returns {Promise<Wire.RecordingStatus>} */
export function recordingStatus(id) {
  return answerAt(`/record/${encodeURIComponent(id)}`, { id });
}

/** The models that can record, the default first.
 *  @returns {Promise<{id: string, label: string}[]>} */
export function fetchModels() {
  return answerAt("/models", {});
}

/** Have a model held against its reference.
 *  @param {{model: string, dtype: string}} asked id of a model; "" is as the server has it
 *  @returns {Promise<Wire.CheckStatus>} */
export function startCheck(asked) {
  return answerAt("/check", posted(asked));
}

/** @param {string} id
 *  @param {AbortSignal} signal
 *  @returns {Promise<Wire.CheckStatus>} */
export function checkStatus(id, signal) {
  return answerAt(`/check/${id}`, { signal });
}

/** It is not wanted any more.
 *  @param {string} id
 *  @returns {Promise<unknown>} */
export function stopCheck(id) {
  return answerAt(`/check/${id}/stop`, { method: "POST" });
}

/** How two sessions are aligned (mri/study/comparison.py).
 *  @param {string} a
 *  @param {string} b
 *  @param {string} align
 *  @param {AbortSignal} [signal]
 *  @returns {Promise<Wire.Alignment>} */
export function fetchAlignment(a, b, align, signal) {
  return answerAt(`/compare/alignment?${new URLSearchParams({ a, b, align })}`, { id: a, signal });
}

/** @param {string} address of this server
 *  @param {AbortSignal} [signal]
 *  @returns {Promise<any>} */
export function fetchJson(address, signal) {
  return answerAt(address, { signal });
}

/** @param {string} address of this server
 *  @returns {Promise<string>} */
export function fetchText(address) {
  return answerAt(address, { read: "text" });
}

/** @param {AbortSignal} [signal]
 *  @returns {Promise<Record<string, any>>} assets/scales.json */
export function fetchScales(signal) {
  return fetchJson(new URL("../../scales.json", import.meta.url).pathname, signal);
}

/** @param {string} id of a recording
 *  @param {"pause"|"resume"|"step"|"stop"} what */
export function steerRecording(id, what) {
  return answerAt(`/record/${encodeURIComponent(id)}/${what}`, { id, method: "POST" });
}

/** @param {string} version
 *  @returns {string} what a query says of it, as its last part */
function ofVersion(version) {
  return version && `&v=${encodeURIComponent(version)}`;
}

/** @param {Record<string, any>} body
 *  @returns {RequestInit} */
function posted(body) {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

/** @typedef {RequestInit & {id?: string, read?: "json"|"arrayBuffer"|"text"|((response: Response) => Promise<any>)}} Asked `id`: of the session, for what cannot be found */

/** @param {string} id
 *  @param {string} what
 *  @param {Asked} asked
 *  @returns {Promise<any>} as answerAt */
function answer(id, what, asked) {
  return answerAt(`/sessions/${encodeURIComponent(id)}/${what}`, { id, ...asked });
}

/** @param {string} address
 *  @param {Asked} asked
 *  @returns {Promise<any>} */
async function answerAt(address, { id = "", read = "json", ...init }) {
  let response;
  try {
    response = await fetch(address, init);
    if (response.ok) return await (typeof read === "function" ? read(response) : response[read]());
  } catch (error) {
    if (init.signal?.aborted) throw error;
    const cause = response ? "The server's answer broke off" : "The server does not answer";
    throw new SourceError(`${cause}: check that it is running, then retry.`);
  }
  throw new SourceError(await sentenceOf(response, id), response.status);
}

/** @param {Response} response that failed
 *  @param {string} id
 *  @returns {Promise<string>} the server's own sentence where it sent one ({"error": …}) */
async function sentenceOf(response, id) {
  const body = await response.json().catch(() => null);
  if (typeof body?.error === "string") return body.error;
  if (response.status === 404) return `There is no session “${id}”: choose another one from the list.`;
  return `The server refused with status ${response.status}: retry, or look at its log.`;
}
