"""Bits per byte on a kilobyte of English: whether a model that loaded is the model that was trained.

A model from whose file parts were dropped runs and babbles. The text was written for this, so that no model was trained
on it; it is about what every model of English has read about. Knows models and tokenizers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from mri.errors import PromptError
from mri.nanochat.eras import ERAS, Era
from mri.nanochat.model import GPT
from mri.nanochat.tokenizer import Tokenizer

MOST_OF_ENGLISH = 2.5
"""A small model trained on English needs about 1 to 1.3 bits a byte; with a part dropped it needs more than this."""

ENGLISH = """The harbour was quiet when the first boats came back. Two women waited on the stone wall with baskets at \
their feet, and an old man counted the sails as they passed the lighthouse. He had done so every morning for thirty \
years, although nobody paid him for it any more. The wind had turned during the night. It blew from the west now, and \
it carried the smell of rain over the town.

In the afternoon the children came out of school and ran down to the water. They wanted to know how many fish had been \
caught, and whether the big net, which had been torn in the storm last week, was ready to be used again. "Not yet," \
said the fisherman, "but if you bring me some thread, I can finish it before dark."

Most people think that a small town has no history. But the church was built in 1742, the market is older than the \
roads that lead to it, and in the library there are letters that describe how the winter of that first year killed \
half of the trees. Those who stayed planted new ones. They are the tall trees which stand along the river today.
"""

NAMES = {
    "resid_lambdas": "the residual lambdas",
    "value_embeds": "value embeddings",
    "smear_gate": "smear",
    "backout_lambda": "backout",
}


@dataclass(frozen=True)
class BitsPerByte:
    """value    of the model
    uniform  of who holds every token equally likely
    """

    value: float
    uniform: float

    @property
    def words(self) -> str:
        """For people: a number beside others, no judgement."""
        return (
            f"{self.value:.2f} bits per byte on a kilobyte of English (a uniform guess {self.uniform:.2f}, a model of "
            "English about 1)."
        )


@torch.inference_mode()
def bits_per_byte(model: GPT, tokenizer: Tokenizer) -> BitsPerByte | None:
    """On ENGLISH, its first token given the beginning of a document where there is one. None where the tokenizer
    cannot write it."""
    try:
        ids = tokenizer.begun(tokenizer.encode(ENGLISH))
    except PromptError:
        return None
    room, bits = model.config.sequence_len, 0.0
    starts = range(0, len(ids) - 1, max(1, room - 1))  # a text longer than the context is read in pieces
    for start in starts:
        piece = torch.tensor([ids[start : start + room]], device=model.device)
        logits = model(piece)[0, :-1]
        bits += float(F.cross_entropy(logits.double(), piece[0, 1:], reduction="sum")) / math.log(2)
    n_bytes = len(tokenizer.decode(ids[1:]).encode())
    return BitsPerByte(bits / n_bytes, (len(ids) - 1) * math.log2(tokenizer.n_vocab) / n_bytes)


def missing_parts(era: Era) -> str:
    """What the newest era has and this one has not, in words."""
    newest = [*ERAS.values()][-1]
    return ", ".join(words for key, words in NAMES.items() if key in newest.keys - era.keys)


def alarm_of(found: BitsPerByte | None, era: Era) -> str:
    """Of a file that has no place for some parts: "" where the model writes English all the same."""
    if found is not None and found.value <= MOST_OF_ENGLISH:
        return ""
    figure = (
        "it has no tokenizer to be tried with"
        if found is None
        else f"it needs {found.value:.2f} bits per byte of English (a uniform guess {found.uniform:.2f}, a model of "
        "English about 1)"
    )
    return (
        f"This may not be the model that was trained: the file lacks {missing_parts(era)}, as ports do that drop them, "
        f"and {figure}: load the checkpoint that nanochat wrote."
    )
