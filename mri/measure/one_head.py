"""One attention head of nanochat, computed anew from what it read and its weights, each stage kept.

Numpy in, numpy out; the formulas are nanochat's: RMSNorm of query and key, rotary turning by halves, the era's scale.
Knows nothing of value embeddings: for a block that has them, `v` is not the whole value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mri.arrays import Doubles, Floats
from mri.nanochat.eras import Era

EPS = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class OneHead:
    """Stages of one head over n tokens; D = head_dim.

    raw_q, raw_k   (n, D) what the weights make of the normed stream
    q, k, v        (n, D) query and key after norm, turning and scale; the value
    scores         (n, n) q·k / √D, query by key, also above the diagonal, where the model never looks
    weights        (n, n) softmax of each query's scores over itself and the tokens before, 0 above the diagonal
    out            (n, D) weighted sum of the values
    """

    raw_q: Doubles
    raw_k: Doubles
    q: Doubles
    k: Doubles
    v: Doubles
    scores: Doubles
    weights: Doubles
    out: Doubles


def one_head(streams: npt.ArrayLike, weights: Mapping[str, Floats], era: Era) -> OneHead:
    """`streams` (n, n_embd): ln1 of the tokens 0 … n-1; weights: c_q, c_k, c_v (D, n_embd) of the head."""
    stream = np.asarray(streams, np.float64)
    raw_q, raw_k, v = (stream @ np.asarray(weights[name], np.float64).T for name in ("c_q", "c_k", "c_v"))
    positions = np.arange(len(stream))
    q, k = (era.qk_scale * turned(normed(raw), positions, era.rotary_base) for raw in (raw_q, raw_k))
    scores = q @ k.T / np.sqrt(q.shape[1])  # (n, n)
    seen = np.where(np.tri(len(scores), dtype=bool), scores, -np.inf)
    softmax = np.exp(seen - seen.max(1, keepdims=True))
    softmax /= softmax.sum(1, keepdims=True)
    return OneHead(raw_q, raw_k, q, k, v, scores, softmax, softmax @ v)


def normed(x: npt.ArrayLike) -> Doubles:
    """RMSNorm over the last axis: x / √(mean(x²) + eps)."""
    x = np.asarray(x, np.float64)
    out: Doubles = x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS)
    return out


def angles(num_pairs: int, base: float) -> Doubles:
    """How far each pair turns from one position to the next, in radians: base^(−j/num_pairs).  -> (num_pairs,)"""
    return base ** (-np.arange(num_pairs) / num_pairs)


def turned(x: npt.ArrayLike, positions: npt.ArrayLike, base: float) -> Doubles:
    """Rotary embedding: the pair (x[j], x[j + D/2]) is turned clockwise by position · angle j.  (n, D) -> (n, D)"""
    x = np.asarray(x, np.float64)
    half = x.shape[-1] // 2
    turn = np.asarray(positions, np.float64)[:, None] * angles(half, base)  # (n, D/2)
    first, second, cos, sin = x[:, :half], x[:, half:], np.cos(turn), np.sin(turn)
    return np.concatenate([first * cos + second * sin, second * cos - first * sin], 1)


def score_by_distance(query: npt.ArrayLike, key: npt.ArrayLike, era: Era, distances: npt.ArrayLike) -> Doubles:
    """Scores of one normed query and one normed key, (D,) each, not yet turned, were they so many tokens apart."""
    query, key, far = np.asarray(query, np.float64), np.asarray(key, np.float64), np.asarray(distances)
    asked = turned(np.tile(query, (len(far), 1)), far, era.rotary_base)  # only the difference of the positions counts
    score: Doubles = era.qk_scale**2 * (asked @ key) / np.sqrt(len(query))
    return score
