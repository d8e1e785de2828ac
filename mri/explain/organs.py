"""What nanochat's own parts are worth on a text: each switched off for all of it, in one pass without a cache.

Knows a model and token ids; no sessions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from mri.edit.edited import prepare
from mri.edit.places import Sizes
from mri.edit.text import ORGANS
from mri.errors import ConfigError
from mri.explain.replay import OnProgress
from mri.nanochat.model import GPT, without_autocast


@dataclass(frozen=True)
class Effect:
    """Of one organ, by the edit that switches it off.

    bits         more for each token than with all on, mean
    first        position of the first token before which the strongest prediction is another one, −1: nowhere
    was, now     these two predictions, −1: none
    """

    organ: str
    bits: float
    first: int
    was: int
    now: int


def organs_of(model: GPT) -> dict[str, str]:
    """Those that a model has, in words, and the edit that switches each off."""
    known = Sizes(model).organs
    found = {organ: f"{organ} = off" for organ in ORGANS if organ in known}
    if any(organ.endswith(".ve") for organ in known):
        found["value embeddings"] = "block.*.ve = off"
    return found


def shortest_window(model: GPT) -> int:
    """How many tokens back the shortest look goes; the length of the context where none is shorter."""
    return min(int(block.attn.window) for block in cast("list[Any]", model.transformer["h"]))


def effects(
    model: GPT, texts: Sequence[Sequence[int]], first: int = 1, on_progress: OnProgress = lambda done, of: None
) -> tuple[float, list[Effect]]:
    """Bits of each token of these texts from their position `first` on, with all on, mean; and what each organ is worth
    of them. Texts longer than the context are read in pieces; positions count through all. Raises ConfigError where
    nothing is predicted."""
    room = model.config.sequence_len
    pieces = [list(text[at : at + room]) for text in texts for at in range(0, len(text), room)]
    pieces = [piece for piece in pieces if len(piece) > first]
    if not pieces:
        raise ConfigError("This text predicts no token: give a longer one.")
    found = organs_of(model)
    whole = [_read(model, piece, first) for piece in pieces]
    before = float(np.concatenate([bits for bits, _ in whole]).mean())
    told = []
    for i, (organ, edit) in enumerate(found.items()):
        on_progress(i, len(found))
        with prepare(model, [edit]).passes:
            off = [_read(model, piece, first) for piece in pieces]
        was, now = (np.concatenate([tops for _, tops in each]) for each in (whole, off))
        positions = np.concatenate([np.arange(first, len(piece)) for piece in pieces])
        starts = np.repeat(np.cumsum([0, *map(len, pieces[:-1])]), [len(piece) - first for piece in pieces])
        differs = np.flatnonzero(was != now)
        at = int(differs[0]) if len(differs) else -1
        bits = float(np.concatenate([bits for bits, _ in off]).mean()) - before
        where = (int(positions[at] + starts[at]), int(was[at]), int(now[at])) if at >= 0 else (-1, -1, -1)
        told.append(Effect(organ, bits, *where))
    return before, told


@torch.inference_mode()
def _read(model: GPT, ids: list[int], first: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the tokens from `first` on: bits, and what would have been the strongest."""
    tokens = torch.tensor([ids], device=model.device)
    with without_autocast(model.device.type):
        logits: Tensor = model(tokens)[0, first - 1 : -1]
    logprobs = torch.log_softmax(logits.float(), -1)
    bits = -logprobs.gather(1, tokens[0, first:, None])[:, 0] / np.log(2)
    return bits.cpu().numpy(), logits.argmax(-1).cpu().numpy()
