"""Tensors → statistics, top-k, attention summaries and top logits, in a few vectorised operations on their device.

Each function takes many rows at once and knows nothing of what they are. What leaves for the host are small arrays.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from mri.format.config import ATTENTION_TOPK
from mri.format.events import Array
from mri.format.hook_points import STATS

MOST_COLUMNS = 1 << 20
"""that are added up at once: a long row needs no second copy of itself in float64."""


def reduce_rows(x: Tensor, exact_zeros: Tensor | None = None, n_positions: int = 1) -> Tensor:
    """Statistics of each row of `x` (R, n) float32: (R, 7) float32 as hook_points.STATS, all NaN where the row holds
    NaN or ±∞, or nothing.

    `exact_zeros` (R,) bool: rows whose sparsity counts exact zeros, None where no row's does. `n_positions` is how many
    positions one row spans: l2 is the root mean square over them. p99 interpolates linearly between order statistics
    (numpy's default quantile).
    """
    x = with_float64(x)
    R, n = x.shape
    if n == 0:
        return x.new_full((R, len(STATS)), torch.nan)
    mag = x.abs()
    rank = 0.99 * (n - 1)
    low = math.floor(rank)
    n_tail = n - low  # how many of the largest magnitudes the quantile needs
    tail = mag.topk(n_tail, 1).values
    share = rank - low
    p99 = tail[:, -1]
    if share:
        p99 = torch.lerp(p99, tail[:, -2], share)
    mean, spread = _moments(x)
    l2 = torch.hypot(spread, mean * n**0.5)
    if n_positions > 1:
        l2 *= n_positions**-0.5
    threshold = tail[:, :1] * 1e-3
    if exact_zeros is not None:
        threshold = threshold.masked_fill(exact_zeros.to(x.device).unsqueeze(1), 0.0)
    sparsity = (mag <= threshold).sum(1).double() * (1.0 / n)  # else in torch's default dtype
    stats = torch.stack([mean, spread * n**-0.5, x.amin(1), x.amax(1), l2, sparsity, p99], 1)  # (R, 7) float64
    return stats.add_(tail[:, :1], alpha=0).float()  # 0 · NaN and 0 · ∞ are NaN, and topk put them first


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Of each row of `x` (R, n) float32 its mean and its distance from it, √Σ(x − mean)²: (R,) float64 both.

    In float32 a sum loses digits with every further column, and squares overflow or vanish.
    """
    n = x.shape[1]
    if n > MOST_COLUMNS:
        half = n // 2
        (mean, spread), (mean_b, spread_b) = _moments(x[:, :half]), _moments(x[:, half:])
        apart, share = mean_b - mean, (n - half) / n
        return mean + apart * share, torch.hypot(torch.hypot(spread, spread_b), apart * (half * share) ** 0.5)
    wide = x.double()
    mean = wide.mean(1)
    return mean, torch.linalg.vector_norm(wide.sub_(mean.unsqueeze(1)), dim=1)


def with_float64(x: Tensor) -> Tensor:
    """`x`, on the CPU where its device has no float64."""
    return x.cpu() if x.device.type == "mps" else x


class AttentionSummary(NamedTuple):
    """Per layer and head; leading axes as the weights had."""

    keys: Tensor  # (…, 8) int64, absolute positions by falling weight
    weights: Tensor  # (…, 8) float32
    entropy: Tensor  # (…) bits: 0 = one key, log2(n_keys) = uniform


def summarize_attention(weights: Tensor) -> AttentionSummary:
    """Strongest keys and entropy of softmax rows (…, n_keys)."""
    top = weights.topk(min(ATTENTION_TOPK, weights.shape[-1]), -1)
    entropy = torch.special.entr(weights).sum(-1) * (1 / math.log(2))
    return AttentionSummary(top.indices, top.values, entropy)


class LogitsSummary(NamedTuple):
    """Of softcapped logits (S, n_vocab), before temperature."""

    token_ids: Tensor  # (S, n) int64 by falling logit
    values: Tensor  # (S, n)
    logsumexp: Tensor  # (S,)
    entropy: Tensor  # (S,) bits
    chosen_logprob: Tensor  # (S,) nats, NaN where nothing was chosen
    chosen_rank: Tensor  # (S,) int64: how many tokens have a higher logit


def summarize_logits(logits: Tensor, chosen_ids: Tensor, n: int) -> LogitsSummary:
    """`chosen_ids` (S,) int64, −1 where nothing was chosen (rank 0, logprob NaN there).

    In float64: of a model that is nearly sure, float32 leaves entropy and logprob no digits.
    """
    logits, chosen_ids = with_float64(logits), with_float64(chosen_ids)
    top = logits.topk(min(n, logits.shape[1]), 1)
    logprobs = torch.log_softmax(logits.double(), 1)  # (S, n_vocab)
    logsumexp = top.values[:, 0] - logprobs.amax(1)
    entropy = (logprobs.exp() * logprobs.clamp(min=-1e3)).sum(1) * (-1 / math.log(2))  # 0 · −∞ would be NaN
    at, none = chosen_ids.clamp(min=0)[:, None], chosen_ids < 0
    logprob = logprobs.gather(1, at)[:, 0].masked_fill(none, torch.nan)
    rank = (logits > logits.gather(1, at)).sum(1).masked_fill(none, 0)
    return LogitsSummary(top.indices, top.values, logsumexp.float(), entropy.float(), logprob.float(), rank)


def softcapped(logits: Tensor, n_vocab: int, softcap: float) -> Tensor:
    """lm_head's output (…, rows) -> what nanochat samples from, (…, n_vocab): cropped, float32, softcap · tanh(logits /
    softcap). `softcap` ∞ is none."""
    cropped = logits[..., :n_vocab].float()
    return softcap * torch.tanh(cropped / softcap) if softcap < math.inf else cropped


def to_host(tensors: list[Tensor]) -> list[Array]:
    """All tensors as numpy arrays, through one copy where they are on another device."""
    if not tensors or tensors[0].device.type == "cpu":
        return [tensor.numpy() for tensor in tensors]
    tensors = [tensor.to(torch.int32) if tensor.dtype == torch.int64 else tensor for tensor in tensors]
    flat = torch.cat([tensor.reshape(-1).view(torch.int32) for tensor in tensors]).cpu()
    parts = torch.split(flat, [tensor.numel() for tensor in tensors])
    return [part.view(t.dtype).view(t.shape).numpy() for part, t in zip(parts, tensors, strict=True)]
