"""A model with some heads switched off, for what a lesson says of them and for its controls.

What a switched-off head found never reaches the stream. Nothing is left of it behind the `with` block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from mri.capture.attention import AttentionCall, AttentionTap
from mri.nanochat.model import GPT

Heads = Sequence[tuple[int, int]]
"""Block and head of each."""


@contextmanager
def without_heads(model: GPT, heads: Heads) -> Iterator[None]:
    """While the block lasts, what these heads found does not reach the stream: c_proj is 0 there."""
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


@contextmanager
def without_head_at_end(model: GPT, layer: int, head: int) -> Iterator[None]:
    """While the block lasts, what this head found at the last position read does not reach the stream."""
    attn = model.transformer["h"][layer].attn  # type: ignore[index]
    columns = slice(head * model.config.head_dim, (head + 1) * model.config.head_dim)

    def zero(_module: object, args: tuple[Tensor]) -> tuple[Tensor]:
        found = args[0].clone()  # (1, T, n_embd)
        found[:, -1, columns] = 0
        return (found,)

    hook = attn.c_proj.register_forward_pre_hook(zero)
    try:
        yield
    finally:
        hook.remove()


def read_without(model: GPT, ids: Sequence[int], heads: Heads) -> tuple[Tensor, list[Tensor]]:
    """As `read`, without what these heads found anywhere."""
    with without_heads(model, heads):
        return read(model, ids)


def read(model: GPT, ids: Sequence[int]) -> tuple[Tensor, list[Tensor]]:
    """The text read in one pass: logits (T, vocab_size) and each block's attention weights (n_head, T, T)."""
    weights: list[Tensor] = []

    def keep(call: AttentionCall) -> None:
        weights.append(torch.softmax(call.scores(len(ids)), -1))

    with torch.inference_mode(), AttentionTap(model, keep):
        return model(torch.tensor([[*ids]]))[0], weights
