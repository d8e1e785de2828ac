"""The logit lens in a lesson: what stands on top at every depth, and one token's probability down to its weights.

Needs a session whose every value was recorded, and `lm_head` and the vocabulary among the lesson's weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mri.analysis.logit_lens import lens_logits, probabilities, rms
from mri.lessons.arithmetic import Place, softcap_of, softcapped_logit, sum_of_products
from mri.lessons.numbers import Number
from mri.store.reader import SessionReader
from mri.store.vocabulary import Vocabulary

Weights = Mapping[str, npt.NDArray[Any]]
NUM_WORDS = 5


def vocabulary_of(weights: Weights) -> Vocabulary:
    """The model's whole vocabulary: a lens sees words that no step predicted."""
    return Vocabulary({name: weights[f"vocabulary_{name}"] for name in ("ids", "offsets", "bytes", "special")})


def depths(n_layer: int) -> list[str]:
    """Hook points at which the lens looks, bottom to top; behind the last one the model itself predicts."""
    blocks = [f"block.{i}.{name}" for i in range(n_layer) for name in ("resid_mid", "resid_post")]
    return ["embed.resid0", *blocks, "final.ln_f"]


def logits_at(place: Place, key: str, weights: Weights) -> npt.NDArray[np.float32]:
    """What the lens sees at one hook point: (vocab_size,) softcapped logits."""
    return lens_logits(place.values(key), weights["lm_head"], softcap_of(place.reader))


def lens_probability(
    place: Place, key: str, token_id: int, weights: Weights, logits: npt.NDArray[np.float32]
) -> Number:
    """Probability of one token by the lens, down to its row of lm_head. `logits`: of `logits_at`."""
    stream, most = place.values(key), float(logits.max())
    total = float(np.log(np.exp(logits.astype(np.float64) - most).sum()) + most)
    raw = sum_of_products(
        stream / rms(stream), weights["lm_head"][token_id], x_source=f"normed {key} neuron #, step {place.step}",
        w_source=f"weight lm_head[{token_id}, #]",
    )  # fmt: skip
    logit = softcapped_logit(raw, softcap_of(place.reader))
    return Number(
        float(np.exp(float(logit.value) - total)), "e^({logit} − {total})",
        {"logit": logit, "total": Number(total, source=f"ln of e^logit added up over all {len(logits)} tokens")},
        source=f"logit lens at {key}, step {place.step}",
    )  # fmt: skip


def lens_table(reader: SessionReader, weights: Weights) -> list[list[list[tuple[int, float]]]]:
    """[step][depth] -> the strongest tokens and their probabilities."""
    layout, steps = reader.session.layout, range(reader.num_steps)
    frames = [reader.frame(step) for step in steps]
    keys = depths(layout.n_layer)
    streams = np.stack([[frame.values(layout, key) for key in keys] for frame in frames])  # (steps, depths, n_embd)
    shares = probabilities(lens_logits(streams, weights["lm_head"], softcap_of(reader)))  # (steps, depths, vocab_size)
    return [[_strongest(row) for row in step] for step in shares]


def _strongest(shares: npt.NDArray[np.float32]) -> list[tuple[int, float]]:
    best = np.argpartition(-shares, NUM_WORDS)[:NUM_WORDS]
    best = best[np.argsort(-shares[best], kind="stable")]
    return [(int(i), round(float(shares[i]), 5)) for i in best]
