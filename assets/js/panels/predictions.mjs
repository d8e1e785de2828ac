/** Columns of mri/panels/predictions.py from a frame: the strongest next tokens. Pure. */

import { formatPercent } from "../core/format.mjs";
import { predictions, strongest, temperatureWords } from "../core/predictions.mjs";
import { escaped, howChosen, nextName } from "../core/token_names.mjs";

/** @type {import("./feeder.mjs").ColumnsOf} */
export function columns(frame, { tokens, numPrompt }, { temperature = 1 }) {
  const all = predictions(frame, temperature);
  if (!all) return null;
  const { ids, ranks, logits, probs, chosen } = strongest(all);
  const how = howChosen(frame, numPrompt);
  return {
    bar: ids.map((_, i) => i),
    bar_name: ids.map((id, i) => escaped(nextName(tokens, frame, id)) + (ranks[i] === i ? "" : ` · rank ${ranks[i] + 1}`)),
    bar_range: [ids.length - 0.5, -0.5],
    shown: probs,
    followed: probs.map((p, i) => (i === chosen ? p : null)),
    words: probs.map((p, i) => formatPercent(p) + (i === chosen ? `  ◂ ${how}` : "")),
    shown_logit: logits,
    place: ranks.map((rank) => rank + 1),
    axis: temperatureWords(all.ids.length, temperature, probs),
  };
}
