/**
 * "Why this word?": to the step that chose it, where the clock stops, with Why open.
 */

import { wordOf } from "../core/why_words.mjs";
import { showToast } from "../shell/shell.mjs";

/** @param {import("./scanner.mjs").Scanner} scanner
 *  @param {number|null} position of the word in the text; null: what the present step chose */
export function openWhy({ run, player, desk }, position) {
  if (!run.layout.n_head) return showToast("This recording is of another module than a nanochat model: no step of it chose a word.");
  const { tokens, stepOf } = run;
  const { pos0, t_add: numRead } = tokens.steps;
  const step = position === null ? player.step : (stepOf[position - 1] ?? -1);
  if (step < 0) return showToast("No step chose this word: nothing was read before it.");
  const next = pos0[step] + numRead[step];
  const at = position ?? next;
  if (next !== at) return showToast("No step chose this word: the prompt was read in one pass.");
  desk.select({ tab: "why", picture: null, token: null, against: null });
  player.pause();
  if (step !== player.step) player.seek(step);
  const id = tokens.sequence[at];
  const word = id === undefined ? "the next word" : `“${wordOf(tokens, id)}”`;
  const says = at < run.numPrompt ? `${word} is the prompt's own. What the model would have said after step ${step}` : `Why ${word}: step ${step}`;
  showToast(`${says}.`);
}
