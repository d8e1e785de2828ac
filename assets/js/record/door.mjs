/**
 * The one door to record, from everywhere. There is one dialog at a time, and what stood in it is there again the next time.
 */

import { AT_FIRST, RecordDialog } from "./dialog.mjs";

let kept = AT_FIRST;
/** @type {RecordDialog|null} */
let open = null;

/** @typedef {object} Given
 *  @property {string} [prompt] instead of the one that stood there
 *  @property {boolean} [chat] whether it is a chat
 *  @property {boolean} [isPair] two prompts that are compared */

/** @param {Given} [given] */
export function openRecord({ prompt, chat, isPair = false } = {}) {
  if (open) return;
  const [first, second] = kept.prompts;
  kept = { ...kept, prompts: [prompt ?? first, second], chat: chat ?? kept.chat };
  open = new RecordDialog(kept, isPair, (now) => {
    kept = now;
    open = null;
  });
}
