/**
 * Every term that stands on a screen, with its meaning in a line. Words only.
 *
 * docs/hook-points.md has the formulas; a test holds the hook points, statistics and captures of Python against this list.
 */

/** By heading [term, meaning][], from the picture to the small print.
 *  @type {Record<string, readonly (readonly [string, string])[]>} */
export const GLOSSARY = Object.freeze({
  "The picture": [
    ["plate", "one hook point: a place in the model whose values are read at every step"],
    ["dot", "one neuron there; size and colour tell how large its value is in this step"],
    ["tower, flat", "the same numbers as plates in space, or as plates side by side"],
    ["± sign", "colours by sign, red above and blue below zero, instead of by size"],
    ["one plate", "only the plate of the chosen hook point"],
    ["particles", "how much each block wrote into the stream: more and faster is more"],
    ["not captured", "the recording did not keep this number: it is at most the bound under the pointer, never taken for zero"],
    ["zero", "measured, and exactly 0"],
    ["NaN, ±∞", "no number: something divided by zero or grew too large in the model"],
    ["clipped", "larger than the file's number format holds (±65,504)"],
  ],
  "The model": [
    ["token", "a word or a piece of one: what the model reads and writes, one at a time"],
    ["<|bos|>", "a special token: where a text begins; others mark turns of a chat and the calculator"],
    ["layer, block", "attention and then an MLP; a model is a stack of them, numbered from 0"],
    ["attention", "the part of a block that looks back at earlier tokens and copies from them"],
    ["head", "one of several independent looks in the attention of a block; its weights over the tokens add up to 1"],
    ["MLP", "the part of a block that works on one position alone, with neurons of its own"],
    ["neuron", "one number of a hook point"],
    ["stream", "the list of numbers that runs through all blocks; each block adds to it"],
    ["hook point", "a place in the model where numbers are read, such as block.3.mlp_out"],
    ["logit", "the score of one possible next token; softmax turns all scores into probabilities"],
    ["temperature", "divides the scores before the draw: below 1 safer, above 1 bolder, 0 always the likeliest"],
    ["top-k", "in sampling: only the k likeliest tokens may be drawn; in capture: only the k largest values are kept"],
    ["seed", "the start of the dice: the same seed gives the same text again"],
  ],
  "Hook points": [
    ["resid0", "the token's embedding, where the stream starts"],
    ["resid_pre", "the stream as it enters a block"],
    ["ln1", "the stream, normed, as attention reads it"],
    ["attn_summary", "where each head looks: its strongest keys"],
    ["attn_out", "what attention adds to the stream"],
    ["resid_mid", "the stream between attention and MLP"],
    ["ln2", "the stream, normed, as the MLP reads it"],
    ["mlp_pre", "the MLP's neurons before relu²"],
    ["mlp_act", "the MLP's neurons after relu²: never below zero"],
    ["mlp_out", "what the MLP adds to the stream"],
    ["resid_post", "the stream as it leaves a block"],
    ["ln_f", "the stream after the last norm: all that the predictions are made from"],
    ["logits", "the scores of all next tokens"],
  ],
  Statistics: [
    ["mean, std", "average of a hook point's values, and how far they spread around it"],
    ["min, max", "the smallest and the largest value"],
    ["l2, ‖x‖", "length of a hook point's values, √(Σx²)"],
    ["p99", "99 in 100 of its values are at most this large, |x| ≤ p99"],
    ["sparsity", "share of values that are zero, or as good as: below a thousandth of the largest"],
    ["asinh scale", "linear near zero, logarithmic far from it, so that small and large both show"],
  ],
  "A step": [
    ["step", "one pass through the model: it reads, and then chooses the next token"],
    ["prefill, decode", "a step that reads the prompt, or one that reads what the model wrote itself"],
    ["p, probability", "how likely the model held a token, after softmax"],
    ["rank", "how many tokens were likelier; 0 is the likeliest"],
    ["surprise", "−log₂ p of the token that followed: 0 bits where the model was certain"],
    ["entropy", "how spread a choice is: 0 bits for a single candidate, one more each time they double"],
    ["influence", "how much each token mattered to a prediction, by one of two measures, both marked derived"],
    ["attention mass", "looks multiplied through all blocks, down to the tokens"],
    ["gradient × input", "how the chosen score would change if a token's embedding grew"],
    ["loop", "a stretch of steps that is played again and again"],
  ],
  "The recording": [
    ["session", "one recording: every step of one generation, in one file"],
    ["measured", "read in the model, as it is"],
    ["derived", "computed from measured numbers, by a formula that the page names"],
    ["picture", "drawn from measured numbers to be looked at, not to be read off"],
    ["bound", "the largest value that was not kept: what is missing is at most that large"],
    ["capture", "what a recording keeps: light, standard, rows or everything"],
    ["watched neuron", "one whose line over all steps is drawn beside others"],
    ["dossier", "all that is known of one neuron: its strongest moments, its companions, the tokens it speaks for"],
    ["CKA", "linear similarity of two sets of vectors: 1 where one is the other, turned and scaled"],
    ["JSD, KL", "how far two distributions are apart, in bits: 0 where they are equal"],
  ],
});
