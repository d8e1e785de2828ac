/**
 * Each layer's best guess of a step whose recording did not keep it: asked of the server, whose worker runs the model once more.
 */

import { textOfHex } from "../core/token_names.mjs";
import { fetchWhy } from "./http.mjs";

/** @typedef {{ids: ArrayLike<number>, probs: ArrayLike<number>, width: number}} Found of one step, depth by depth, `width` each: the
 *    strongest tokens and their shares */

/** @param {string} session
 *  @param {number} step
 *  @param {AbortSignal} signal
 *  @param {(message: string) => void} onWait
 *  @returns {Promise<{found: Found, texts: Record<string, string>}>} texts of tokens that the recording does not know
 *  @throws {import("./http.mjs").SourceError} */
export async function fetchGuesses(session, step, signal, onWait) {
  return guessesFrom(await fetchWhy(session, step, step + 1, null, signal, onWait));
}

/** @param {import("../core/wire.mjs").Frame} answer of GET /sessions/<id>/why
 *  @returns {{found: Found, texts: Record<string, string>}} of its first step */
export function guessesFrom({ header, arrays }) {
  const { stream_ids: ids, stream_probs: probs } = arrays;
  const [, depths, width] = ids.shape;
  const first = (/** @type {import("../core/wire.mjs").FrameArray} */ { data }) => data.subarray(0, depths * width);
  const texts = Object.entries(/** @type {any} */ (header).texts ?? {}).map(([id, hex]) => [id, textOfHex(String(hex))]);
  return { found: { ids: first(ids), probs: first(probs), width }, texts: Object.fromEntries(texts) };
}
