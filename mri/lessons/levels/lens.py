"""The logit lens in a lesson: what stands on top at every depth, and one token's probability down to its weights.

Two footings: "stream" reads the stream as it stands, "exit" what of it will reach the end (see measure/logit_lens.py).
Needs a session whose every value was recorded; among the lesson's weights `lm_head`, the lambdas and the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mri.arrays import Floats
from mri.format.captured import Captured
from mri.format.events import StepFrame
from mri.format.layout import Layout
from mri.format.vocabulary import Vocabulary
from mri.lessons.arithmetic import Place, softcap_of, softcapped_logit, sum_of_products
from mri.lessons.levels.exit import exits
from mri.lessons.numbers import Number
from mri.measure.logit_lens import lens_logits, probabilities, rms
from mri.store.reader import SessionReader

Weights = Mapping[str, npt.NDArray[Any]]
Footing = Literal["stream", "exit"]
FOOTINGS: tuple[Footing, ...] = ("exit", "stream")
NUM_WORDS = 5
END = "final.ln_f"


def vocabulary_of(weights: Weights) -> Vocabulary:
    """The model's whole vocabulary: a lens sees words that no step predicted."""
    return Vocabulary({name: weights[f"vocabulary_{name}"] for name in ("ids", "offsets", "bytes", "special")})


def depths(n_layer: int, footing: Footing) -> list[str]:
    """Hook points at which the lens looks, bottom to top; the last is where the model itself predicts. All that was
    added arrives there, so that by the exit it stands for the last block's end too."""
    blocks = [f"block.{i}.{name}" for i in range(n_layer) for name in ("resid_mid", "resid_post")]
    return ["embed.resid0", *(blocks if footing == "stream" else blocks[:-1]), END]


def streams(frame: StepFrame, layout: Layout, weights: Weights, footing: Footing) -> Floats:
    """(depths, n_embd) what the lens reads. The last is `final.ln_f` as recorded: the model's own prediction."""
    keys = depths(layout.n_layer, footing)
    if footing == "stream":
        return np.stack([Captured(frame, layout).values(key) for key in keys])
    return np.concatenate([exits(frame, layout, weights)[:-1], [Captured(frame, layout).values(END)]])


class Look:
    """Through the lens at one step and depth: its logits, and Numbers of single tokens."""

    def __init__(self, place: Place, key: str, weights: Weights, footing: Footing) -> None:
        at = depths(place.layout.n_layer, footing).index(key)
        self.stream = streams(place.frame, place.layout, weights, footing)[at]  # (n_embd,)
        self.logits = lens_logits(self.stream, weights["lm_head"], softcap_of(place.reader))  # (vocab_size,)
        self.best = int(self.logits.argmax())
        self.source = f"{footing} lens at {key}, step {place.step}"
        self._place, self._weights = place, weights
        self._read = key if footing == "stream" or key == END else f"what reaches the end up to {key}"

    def probability(self, token_id: int) -> Number:
        """Of one token, down to its row of lm_head."""
        most = float(self.logits.max())
        total = float(np.log(np.exp(self.logits.astype(np.float64) - most).sum()) + most)
        x, w = self.stream / rms(self.stream), self._weights["lm_head"][token_id]
        read = f"normed {self._read} neuron #, step {self._place.step}"
        raw = sum_of_products(x, w, x_source=read, w_source=f"weight lm_head[{token_id}, #]")
        logit = softcapped_logit(raw, softcap_of(self._place.reader))
        found = Number(float(np.exp(float(logit.value) - total)), source=self.source)
        over = Number(total, source=f"ln of e^logit added up over {len(self.logits)} tokens")
        return found.by("e^({logit} − {total})", logit=logit, total=over)


def lens_table(reader: SessionReader, weights: Weights, footing: Footing) -> list[list[list[tuple[int, float]]]]:
    """[step][depth] -> the strongest tokens and their probabilities."""
    layout = reader.session.layout
    read = np.stack([streams(reader.frame(step), layout, weights, footing) for step in range(reader.num_steps)])
    shares = probabilities(lens_logits(read, weights["lm_head"], softcap_of(reader)))  # (steps, depths, vocab_size)
    return [[_strongest(row) for row in step] for step in shares]


def _strongest(shares: Floats) -> list[tuple[int, float]]:
    best = np.argpartition(-shares, NUM_WORDS)[:NUM_WORDS]
    best = best[np.argsort(-shares[best], kind="stable")]
    return [(int(i), round(float(shares[i]), 5)) for i in best]
