"""Models of every era, the embedded one, and what is computed of them by other means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from mri.nanochat.checkpoint import LoadedModel
from mri.nanochat.model import GPT, KVCache
from tests.explain.conftest import embedded as embedded
from tests.explain.conftest import golden as golden
from tests.explain.conftest import small_model as small_model

torch.set_num_threads(1)


def some_ids(loaded: LoadedModel, n: int = 24) -> list[int]:
    """Tokens of a text that no rule made."""
    generator = torch.Generator().manual_seed(3)
    return torch.randint(loaded.config.vocab_size - 20, (n,), generator=generator).tolist()


@torch.inference_mode()
def logits_of(model: nn.Module, ids: Sequence[int]) -> Tensor:
    """(T, n_vocab) of one pass over all tokens, without a cache."""
    logits: Tensor = model(torch.tensor([list(ids)]))[0]
    return logits


@torch.inference_mode()
def cached_logits(model: GPT, ids: Sequence[int], chunks: Sequence[int] = (7, 1, 1, 3)) -> Tensor:
    """The same, read in chunks from a cache."""
    cache, found, at, i = KVCache(model), [], 0, 0
    while at < len(ids):
        n = chunks[i % len(chunks)]
        found.append(model(torch.tensor([list(ids[at : at + n])]), cache)[0])
        at, i = at + n, i + 1
    return torch.cat(found)


def off_by(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max())


@contextmanager
def changed(tensor: Tensor, change: Callable[[Tensor], object]) -> Iterator[None]:
    kept = tensor.detach().clone()
    with torch.no_grad():
        change(tensor)
    try:
        yield
    finally:
        with torch.no_grad():
            tensor.copy_(kept)
