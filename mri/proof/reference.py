"""What nanochat computes, one link at a time, in float64 and NumPy: written from what it computes, not from our model.

Each link is given what the model itself had there, so that an error shows where it is made and nowhere else; links that
are right one by one make a pass that is. The arrays of one sequence: (T, width), heads (n, T, head_dim).
Knows numbers. Refuses to know torch and `mri/nanochat`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mri.arrays import Bools, Doubles


class Facts(NamedTuple):
    """What no weight says: the constants of an era, or as they were set by hand."""

    rotary_base: float
    qk_scale: float
    gate_factor: float
    eps: float
    softcap: float


def normed(x: Doubles, eps: float) -> Doubles:
    out: Doubles = x / np.sqrt((x**2).mean(-1, keepdims=True) + eps)
    return out


def smeared(x: Doubles, gate: Doubles, strength: float) -> Doubles:
    """Of each embedding (T, n_embd) and the one before it; gate (1, channels)."""
    share = strength * _sigmoid(x[1:, : gate.shape[1]] @ gate.T)  # (T - 1, 1)
    return np.concatenate([x[:1], x[1:] + share * x[:-1]])


def heads(x: Doubles, head_dim: int) -> Doubles:
    """(T, n · head_dim) -> (n, T, head_dim)"""
    return x.reshape(len(x), -1, head_dim).transpose(1, 0, 2)


def turned(x: Doubles, base: float) -> Doubles:
    """Rotary positions from 0: the halves of a head are the two coordinates of each plane."""
    n, D = x.shape[1:]
    angles = np.arange(n)[:, None] / base ** (np.arange(0, D, 2) / D)
    one, other = x[..., : D // 2], x[..., D // 2 :]
    cos, sin = np.cos(angles), np.sin(angles)
    return np.concatenate([one * cos + other * sin, other * cos - one * sin], -1)


def query_or_key(h: Doubles, weight: Doubles, head_dim: int, facts: Facts) -> Doubles:
    """What reaches the kernel of the attention's input h (T, n_embd): turned, then normed, then scaled."""
    return facts.qk_scale * normed(turned(heads(h @ weight.T, head_dim), facts.rotary_base), facts.eps)


def value(h: Doubles, weight: Doubles, head_dim: int) -> Doubles:
    return heads(h @ weight.T, head_dim)


def gated(h: Doubles, embedded: Doubles, gate: Doubles, head_dim: int, facts: Facts) -> Doubles:
    """What a value embedding (T, n_kv_head · head_dim) adds to the values; gate (n_kv_head, channels)."""
    share = facts.gate_factor * _sigmoid(h[:, : gate.shape[1]] @ gate.T)  # (T, n_kv_head)
    out: Doubles = share.T[..., None] * heads(embedded, head_dim)
    return out


def seen(n_queries: int, num_earlier: int) -> Bools:
    """(T, T): a query sees itself and so many earlier keys."""
    query, key = np.indices((n_queries, n_queries))
    out: Bools = (key <= query) & (key >= query - num_earlier)
    return out


def mlp(h: Doubles, into: Doubles, out: Doubles) -> Doubles:
    wrote: Doubles = np.maximum(h @ into.T, 0) ** 2 @ out.T
    return wrote


def capped(raw: Doubles, softcap: float) -> Doubles:
    """Logits of what `lm_head` gave; ∞ is no softcap."""
    return softcap * np.tanh(raw / softcap) if np.isfinite(softcap) else raw


def error(got: Doubles, want: Doubles) -> float:
    """Worst difference, relative to the largest number that should be there; NaN and other shapes are never right."""
    if got.shape != want.shape:
        return np.inf
    off = np.abs(got - want).max() / max(np.abs(want).max(), 1e-300)
    return float(off) if np.isfinite(off) else np.inf


def _sigmoid(x: Doubles) -> Doubles:
    out: Doubles = 1 / (1 + np.exp(-x))
    return out
