/**
 * What the dialog that records says of a prompt, a preset and the dice. Pure.
 */

const MOST_NAMED = 3;
const MOST_TOLD = 100; // mri/web/plan.py: one more says that there are more

/** @typedef {{strong?: string, text?: string}} Said a part of a sentence */

/** @param {Wire.RecordPlan} plan
 *  @returns {Said[]} of a prompt that is not empty */
export function promptWords({ tokens, unknown }) {
  const count = { text: `${tokens.toLocaleString("en")} token${tokens === 1 ? "" : "s"}.` };
  if (!unknown.length) return [count];
  const named = unknown.slice(0, MOST_NAMED);
  const names = named.flatMap(({ text }, i) => [{ text: i ? ", " : " It does not know " }, { strong: text }]);
  const reads = named.map(({ pieces }) => `“${pieces.join("·")}”`).join(", ");
  const more = unknown.length - named.length;
  const others = more ? `; nor ${unknown.length > MOST_TOLD ? `${MOST_TOLD - named.length} and more` : more} other word${more === 1 ? "" : "s"}` : "";
  return [count, ...names, { text: `: it reads ${reads}${others}.` }];
}

/** @param {number} bytes
 *  @returns {string} at most so much */
export function sizeWords(bytes) {
  const [amount, unit] = bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `≤ ${amount < 0.1 ? "0.1" : amount < 100 ? (Math.ceil(amount * 10) / 10).toFixed(1) : Math.ceil(amount).toLocaleString("en")} ${unit}`;
}

/** Below the fields of how it writes, what they do as they stand.
 *  @param {{temperature: number, topK: number|null}} sampling
 *  @returns {{most: string, temperature: string, topK: string, seed: string}} */
export function samplingWords({ temperature, topK }) {
  const isGreedy = temperature === 0;
  return {
    most: "it may end earlier by itself",
    temperature: isGreedy ? "0: always the likeliest" : temperature === 1 ? "1: as it finds them" : "0: always the likeliest\n1: as it finds them",
    topK: isGreedy ? "no draw at temperature 0" : topK === null ? "empty: draws among all" : `draws among the ${topK.toLocaleString("en")} likeliest`,
    seed: isGreedy ? "no dice at temperature 0: same text again" : "same seed, same dice: same text again",
  };
}

/** The preset that is marked as suggested: what the pages read where that is cheap, else what fits any model. Two that are compared
 *  need a step for every word of their prompts.
 *  @param {Wire.PresetOffer[]} presets
 *  @param {boolean} isPair
 *  @returns {string} its name */
export function suggested(presets, isPair) {
  const can = presets.filter(({ problem }) => !problem);
  const fits = (/** @type {Wire.PresetOffer} */ { is_stepwise: isStepwise }) => isStepwise || !isPair;
  const standard = can.find((preset) => preset.name === "standard" && fits(preset));
  return (standard ?? can.find((preset) => fits(preset)) ?? can[0])?.name ?? "standard";
}

/** Presets for several prompts: what the longest is offered, with the sizes of all.
 *  @param {Wire.RecordPlan[]} plans
 *  @returns {Wire.PresetOffer[]} */
export function offersOf(plans) {
  const longest = plans.reduce((one, other) => (other.tokens > one.tokens ? other : one));
  const sum = (/** @type {number} */ i, /** @type {"bytes"|"steps"} */ what) => plans.reduce((all, { presets }) => all + presets[i][what], 0);
  return longest.presets.map((preset, i) => ({ ...preset, bytes: sum(i, "bytes"), steps: sum(i, "steps") }));
}

/** @param {Wire.RecordingStatus} status of one that has not made its first step
 *  @param {string} name "" or which of several
 *  @returns {string} */
export function beginningWords({ state, position, message, max_steps: most, step }, name) {
  const begin = name ? `${name}: ` : "";
  if (state === "queued") return `${begin}${position > 1 ? `place ${position} in the queue.` : "next in the queue."}`;
  return begin + (message || (most ? `step ${step + 1} of at most ${most}.` : "Starting the model…"));
}
