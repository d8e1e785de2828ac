"""What positions do in a nanochat model: rotary embeddings, and who may look at whom. Pure functions of tensors."""

from __future__ import annotations

import torch
from torch import Tensor


def rotary_tables(sequence_len: int, head_dim: int, base: float, scale: float) -> tuple[Tensor, Tensor]:
    """`scale` · cos and sin of pos / base^(2j/head_dim), as (sequence_len, 1, head_dim) float32 for `rotate`.

    Both halves of a row hold the same angles; the sine of the second half is negated, as `rotate` needs it.
    Always on the CPU, so that a model laid out on the meta device still has real tables.
    """
    inverse = base ** (-torch.arange(0, head_dim, 2, dtype=torch.float32, device="cpu") / head_dim)
    angles = torch.outer(torch.arange(sequence_len, dtype=torch.float32, device="cpu"), inverse)
    cos, sin = angles.cos() * scale, angles.sin() * scale  # (sequence_len, head_dim/2)
    return torch.cat([cos, cos], 1).unsqueeze(1), torch.cat([sin, -sin], 1).unsqueeze(1)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding on halves: y1 = x1·cos + x2·sin, y2 = x2·cos − x1·sin. x (B,T,heads,D), tables (T,1,D)."""
    return torch.addcmul(x * cos, x.roll(x.shape[-1] // 2, -1), sin)


def causal_mask(pos: int, n_new: int, window: int, device: torch.device) -> Tensor | None:
    """Which keys the queries `pos` .. `pos + n_new - 1` may see: (n_new, n_keys) bool.

    The keys end at the newest position. None where SDPA's own causal rule says the same, or no rule is needed
    (one query, the keys being cut to its window).
    """
    if n_new == 1 or (pos == 0 and window >= n_new - 1):
        return None
    first = max(0, pos - window)  # the oldest key that any of these queries sees
    query = torch.arange(pos, pos + n_new, device=device).unsqueeze(1)
    key = torch.arange(first, pos + n_new, device=device).unsqueeze(0)
    return (key <= query) & (key >= query - window)
