"""What else of the same size would have done it: a fork beside its base and beside random pushes at the same place.

All of them are rows of one batch that read the same tokens up to the fork and write on by themselves. Knows a model
and a planned fork; no sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mri.edit.changes import Rows
from mri.edit.edited import prepare
from mri.edit.sources import Sessions
from mri.edit.text import Edit
from mri.errors import ConfigError
from mri.format.events import Array
from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import KVCache, without_autocast
from mri.run.engine import Chooser
from mri.run.fork import Fork, check_draws

BASE, FORK = 0, 1
"""Rows; the pushes come after."""
OnProgress = Callable[[int, int], None]


def control(
    loaded: LoadedModel,
    fork: Fork,
    sessions: Sessions,
    *,
    draws: int = 20,
    seed: int = 0,
    may_read_files: bool = True,
    on_progress: OnProgress = lambda done, of: None,
) -> dict[str, Array]:
    """Arrays of R = 2 + draws rows: the base gone on with, the fork, and `draws` pushes as large as what it changed, in
    a random direction each, at the same place (docs/edits.md).

    tokens (R, n) int32: what each wrote from the fork's step on, −1 behind its end; bits (R,) float32: surprise at the
    base's word of that step; parts_at (R,) int32: the position at which what is read first differs from the base, −1
    where nothing does; first (): the position of the first of `tokens`. Raises ConfigError for edits that have no size.
    """
    check_draws(draws, seed)
    _refuse_without_size(fork.own)
    rows = Rows(draws, seed)
    inherited, own = fork.edits[: fork.inherited], [edit for edit in fork.own if not edit.is_word]
    told: dict[str, Any] = {"sessions": sessions, "may_read_files": may_read_files, "tokenizer": loaded.tokenizer}
    prepared = prepare(loaded.model, inherited, own=own, rows=rows, **told)
    words = prepare(loaded.model, [edit for edit in fork.own if edit.is_word], **told).words
    written = _Written(loaded, fork, draws + 2, [prepared.words, *[{**prepared.words, **words}] * (draws + 1)])
    with torch.inference_mode(), without_autocast(loaded.device.type), prepared.passes:
        return written.run(on_progress)


@torch.inference_mode()
def costs(
    loaded: LoadedModel, fork: Fork, token_ids: Sequence[int], sessions: Sessions, *, may_read_files: bool = True
) -> dict[str, Array]:
    """What each of the base's tokens costs from the fork's step on, read as they are: positions (n,) int32 of what was
    read before it, before and after (n,) float32 bits. `token_ids`: all of the base's."""
    first = fork.first
    ids = torch.tensor([list(token_ids)], device=loaded.device)
    told: dict[str, Any] = {"sessions": sessions, "may_read_files": may_read_files, "tokenizer": loaded.tokenizer}
    bits = []
    for edits in (fork.edits[: fork.inherited], fork.edits):
        with without_autocast(loaded.device.type), prepare(loaded.model, edits, **told).passes:
            logprobs = torch.log_softmax(loaded.model(ids[:, :-1])[0, first:], -1)
        bits.append(-logprobs.gather(1, ids[0, first + 1 :, None])[:, 0] / np.log(2))
    before, after = (each.cpu().numpy() for each in bits)
    positions = np.arange(first, first + len(before), dtype=np.int32)
    return {"positions": positions, "before": before, "after": after}


class _Written:
    """The rows of a control, and what each has written so far."""

    def __init__(self, loaded: LoadedModel, fork: Fork, num_rows: int, words: Sequence[Mapping[int, int]]) -> None:
        self._loaded, self._fork, self._words = loaded, fork, words
        tokenizer, sampling = loaded.tokenizer, fork.sampling
        one = Chooser(loaded.config, loaded.device, tokenizer, fork.prompt_ids, sampling, stepwise=True)
        self._read: list[int] = []
        nothing = torch.zeros(loaded.config.vocab_size, device=loaded.device)
        self._first = fork.first
        while one.position < self._first:
            if not one.is_within_prompt:
                one.force(fork.said[one.position][0])
            self._read += one.chunk
            one.take(nothing)  # draws as the base did, and throws it away
        self._rows = [one.copy() for _ in range(num_rows)]

    def run(self, on_progress: OnProgress) -> dict[str, Array]:
        model, rows = self._loaded.model, self._rows
        cache = KVCache(model, len(rows), self._first + self._fork.sampling.max_new_tokens + 1)
        texts: list[list[int]] = [[] for _ in rows]
        chunks = [[*self._read, *row.chunk] for row in rows]
        bits: Tensor | None = None
        start = rows[BASE].state.num_chosen
        most = self._fork.sampling.max_new_tokens - start
        while any(row.end_reason is None for row in rows):
            on_progress(len(texts[BASE]), most)
            logits = model(torch.tensor(chunks, device=model.device), cache)[:, -1]
            for row, text, own, words in zip(rows, texts, logits, self._words, strict=True):
                if row.end_reason is None:
                    if (word := words.get(row.position)) is not None:
                        row.force(word)
                    text.append(row.take(own).next_id)
            if bits is None:
                bits = -torch.log_softmax(logits, -1)[:, texts[BASE][0]] / np.log(2)
            chunks = [[text[-1]] for text in texts]
        assert bits is not None
        n = max(map(len, texts))
        tokens = np.full((len(rows), n), -1, np.int32)
        for of_row, text in zip(tokens, texts, strict=True):
            of_row[: len(text)] = text
        differs = tokens != tokens[BASE]
        parts_at = np.where(differs.any(1), self._first + 1 + differs.argmax(1), -1).astype(np.int32)
        first = np.array(self._first + 1, np.int32)
        return {"tokens": tokens, "bits": bits.float().cpu().numpy(), "parts_at": parts_at, "first": first}


def _refuse_without_size(own: Sequence[Edit]) -> None:
    """Raises ConfigError."""
    sized = [edit for edit in own if not edit.is_word]
    if not sized:
        raise ConfigError("Nothing of the model was changed, so there is no change of the same size to draw.")
    for edit in sized:
        if edit.is_organ:
            raise ConfigError(
                f"{edit}: an organ works in many places at once, so no push is as large at the same place: compare "
                "it with another organ."
            )
