/**
 * Each layer's best guess of a step whose recording did not keep it: asked of the server, whose worker runs the model once more.
 */

import { frameFromBlob } from "../core/wire.mjs";
import { SourceError } from "./http.mjs";

const POLL_MS = 300;

/** @typedef {{ids: ArrayLike<number>, probs: ArrayLike<number>, width: number}} Found of one step, depth by depth, `width` each: the
 *    strongest tokens and their shares */

/** @param {string} session
 *  @param {number} step
 *  @param {AbortSignal} signal
 *  @param {(message: string) => void} onWait
 *  @param {number} [pollMs]
 *  @returns {Promise<{found: Found, texts: Record<string, string>}>} texts of tokens that the recording does not know
 *  @throws {SourceError} */
export async function fetchGuesses(session, step, signal, onWait, pollMs = POLL_MS) {
  const address = `/sessions/${encodeURIComponent(session)}/why?start=${step}&stop=${step + 1}`;
  for (;;) {
    const response = await fetch(address, { signal });
    if (response.status === 200) return guessesFrom(await response.arrayBuffer());
    const told = await response.json().catch(() => ({}));
    if (response.status !== 202) throw new SourceError(told.error ?? "The server cannot work them out: update it.", response.status);
    onWait(told.message ?? "The model reads it once more …");
    await new Promise((done) => setTimeout(done, pollMs));
  }
}

/** @param {ArrayBuffer} blob of GET /sessions/<id>/why
 *  @returns {{found: Found, texts: Record<string, string>}} of its first step */
export function guessesFrom(blob) {
  const { header, arrays } = frameFromBlob(blob);
  const { stream_ids: ids, stream_probs: probs } = arrays;
  const [, depths, width] = ids.shape;
  const texts = Object.entries(/** @type {any} */ (header).texts ?? {}).map(([id, hex]) => [id, textOf(String(hex))]);
  return { found: { ids: ids.data.subarray(0, depths * width), probs: probs.data.subarray(0, depths * width), width }, texts: Object.fromEntries(texts) };
}

/** @param {string} hex bytes
 *  @returns {string} */
function textOf(hex) {
  return new TextDecoder().decode(Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16)));
}
