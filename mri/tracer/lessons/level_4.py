"""Records level 4, attention: a short sentence with every value, a list that comes again with all heads and with three
of them switched off, a text longer than the sliding window; and the weights of one head.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from mri.config import TraceConfig
from mri.events import Array
from mri.nanochat.checkpoint import LoadedModel, load_model
from mri.nanochat.model import GPT
from mri.nanochat.sampling import Sampling
from mri.tracer.lessons.level_3 import EVERY_VALUE, array
from mri.tracer.lessons.record import fresh
from mri.tracer.record import record_generation

LAYER, HEAD = 2, 2
"""The head that the level takes apart: it looks at the token before, and its block has no value embedding."""

SWITCHED_OFF = ((2, 1), (2, 2), (4, 2))
"""Block and head: those that look back by one the most on the list below."""

SENTENCE = "The dog saw a red ball"
WORDS = " lamp duck kite pen coat cup bed drum box key"
LONG = (
    "Once there was a girl named Mia. She lived in a small house near the park. One day Mia found a red ball in the "
    "garden. She gave the ball to Tom. Tom was happy. Tom and Mia went to the park. They played with the ball all day. "
    "Then it was late. The sun went down. Tom said thank you. Mia went home. The next day Mia lost her hat. She looked "
    "in the kitchen and in the garden. Tom helped her. They found the hat under the bed. Mia was happy. Once there was "
    "a boy named Leo. He lived in a big house near the farm. Leo gave some tomatoes to"
)
"""More tokens than the short window of 128."""

LIGHT = TraceConfig(topk=16, attention_tier="full_row", prefill="stepwise")
AT_ONCE = TraceConfig(topk=16, attention_tier="full_row")


def record(folder: Path) -> None:
    """Makes lesson-dog, lesson-list, lesson-list-off and lesson-long (.h5), and weights.npz, in the lesson's folder."""
    loaded = load_model(device="cpu")
    model = loaded.model

    def make(session_id: str, name: str, text: str, config: TraceConfig, max_new_tokens: int = 1) -> None:
        record_generation(
            loaded, text, sampling=Sampling(max_new_tokens=max_new_tokens, temperature=0.0), config=config,
            sessions=folder, name=name, session_id=fresh(folder, session_id),
        )  # fmt: skip

    make("lesson-dog", "A dog and a red ball", SENTENCE, EVERY_VALUE)
    make("lesson-list", "A list that comes again", WORDS + WORDS, LIGHT)
    with without_heads(model, SWITCHED_OFF):
        make("lesson-list-off", "The same list, three heads switched off", WORDS + WORDS, LIGHT)
    make("lesson-long", "Longer than the window", LONG, AT_ONCE, max_new_tokens=16)
    np.savez_compressed(folder / "weights.npz", **weights_of(loaded))  # type: ignore[arg-type]


@contextmanager
def without_heads(model: GPT, heads: Sequence[tuple[int, int]]) -> Iterator[None]:
    """While the block lasts, what these heads (block, head) found does not reach the stream: c_proj is 0 there."""
    width = model.config.head_dim
    weights = [model.transformer["h"][layer].attn.c_proj.weight for layer, _ in heads]  # type: ignore[index]
    with torch.no_grad():
        kept = [weight.clone() for weight in weights]
        for weight, (_, head) in zip(weights, heads, strict=True):
            weight[:, head * width : (head + 1) * width] = 0
    try:
        yield
    finally:
        with torch.no_grad():
            for weight, whole in reversed(list(zip(weights, kept, strict=True))):  # a block's first copy is its whole
                weight.copy_(whole)


def weights_of(loaded: LoadedModel) -> dict[str, Array]:
    """float32 by name: c_q, c_k, c_v (head_dim, n_embd) of the head; c_proj (n_embd, head_dim), what it writes with."""
    width = loaded.config.head_dim
    attn = loaded.model.transformer["h"][LAYER].attn  # type: ignore[index]
    rows = slice(HEAD * width, (HEAD + 1) * width)
    return {name: array(getattr(attn, name).weight[rows]) for name in ("c_q", "c_k", "c_v")} | {
        "c_proj": array(attn.c_proj.weight[:, rows])
    }
