"""What a step predicted: the strongest tokens, the one that follows among them, their probabilities at a temperature.

Numpy in, numpy out. The browser does the same in `assets/js/core/predictions.mjs`; tests hold the two together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mri.arrays import Floats, Ints
from mri.format.events import StepFrame


class Predictions(NamedTuple):
    """The captured predictions, strongest first, then the token that follows where it is not among them.

    token_ids, ranks  (n,) int64, rank 0 = the strongest of the whole vocabulary
    logits            (n,) softcapped, before temperature; that of a token that was not captured is
                      chosen_logprob + logsumexp
    probs             (n,) exp(logit − logsumexp) at temperature 1, exact; at another, exp(logit / temperature) as a
                      share of these n tokens: the others' logits are not known
    chosen            row of the token that follows, −1 where none does
    """

    token_ids: Ints
    ranks: Ints
    logits: Floats
    probs: Floats
    chosen: int


def predictions(frame: StepFrame, temperature: float = 1.0) -> Predictions | None:
    """None where the step has none. `temperature` is positive."""
    arrays = frame.arrays
    if "logits/token_ids" not in arrays:
        return None
    token_ids, logits = arrays["logits/token_ids"].astype(np.int64), arrays["logits/values"]
    ranks, logsumexp = np.arange(len(token_ids)), float(arrays["logits/logsumexp"])
    logprob = float(arrays["logits/chosen_logprob"])
    if frame.chosen_id >= 0 and frame.chosen_id not in token_ids and np.isfinite(logprob):
        token_ids = np.append(token_ids, frame.chosen_id)
        ranks = np.append(ranks, int(arrays["logits/chosen_rank"]))
        logits = np.append(logits, np.float32(logprob + logsumexp))
    if temperature == 1:
        probs = np.exp(logits - np.float64(logsumexp))
    else:
        probs = np.exp((logits - logits.max()) / np.float64(temperature))
        probs /= probs.sum()
    rows = np.flatnonzero(token_ids == frame.chosen_id)
    return Predictions(token_ids, ranks, logits, probs.astype(np.float32), int(rows[0]) if len(rows) else -1)


def strongest(found: Predictions, num_tokens: int = 20) -> Predictions:
    """The first of them, and the token that follows where it is not among those. Probabilities stay what they are."""
    rows = np.arange(min(num_tokens, len(found.token_ids)))
    if found.chosen >= num_tokens:
        rows = np.append(rows, found.chosen)
    chosen = min(found.chosen, num_tokens)
    return Predictions(found.token_ids[rows], found.ranks[rows], found.logits[rows], found.probs[rows], chosen)
