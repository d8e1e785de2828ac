/**
 * One line for who sees a recording for the first time: what it is of, and what a dot is.
 *
 * Says no more than the recording tells: whose checkpoint it is by its folder's name, what the model was asked by the prompt. Pure.
 */

/** About so many weights in its blocks, 12 · n_layer · n_embd², and a model is no small one any more. */
const SMALL_WEIGHTS = 1.2e8;

/** @param {{kind?: string, model_id?: string, model_config?: Record<string, any>, prompt?: string, messages?: any[]}} session of the meta
 *  @param {{n_layer: number}} layout
 *  @returns {string} two sentences */
export function ledeOf({ kind, model_id: model = "", model_config: config = {}, prompt = "", messages = [] }, { n_layer: numLayers }) {
  const dots = "Every glowing dot is a number inside it, measured.";
  if (!numLayers || kind === "training") return `A neural network, recorded pass by pass. ${dots}`;
  const numWeights = 12 * numLayers * Number(config.n_embd) ** 2; // NaN where it is not told
  return `A ${numWeights < SMALL_WEIGHTS ? "small " : ""}language model${kin(model)} ${deed(prompt, messages)}. ${dots}`;
}

/** @param {string} model id, "chatsft/d6/5760"; of a watched one its class
 *  @returns {string} */
function kin(model) {
  const [source, ...more] = model.split("/");
  if (more.length && /^(chatsft|chatrl|mid)$/.test(source)) return ", the kind inside a chatbot,";
  if (more.length && source === "base") return ", not yet taught to chat,";
  return "";
}

/** @param {string} prompt
 *  @param {any[]} messages of a chat
 *  @returns {string} */
function deed(prompt, messages) {
  if (messages.length || prompt.includes("<|user_start|>")) return "answers a message";
  if (!prompt.trim()) return "reads and writes";
  return /[.!?…]["'”’)\]]*\s*$/.test(prompt) ? "goes on with a text" : "finishes a sentence";
}
