"""How alike two sessions are as a whole: pooled cosine of every hook point, one score, linear CKA.

Pooled: the mean vector of a hook point over all steps that read one token; what was not captured counts as 0 and its
length bounds the angle. Linear CKA (Kornblith et al. 2019, arXiv 1905.00414) needs whole or sampled values of matched
steps. docs/comparison.md has the formulas. Numpy in, numpy out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mri.analysis.vectors import read_vectors
from mri.errors import ConfigError
from mri.events import group_of_mode
from mri.layout import Layout
from mri.store.reader import SessionReader

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STEPS_AT_ONCE = 64
MOST_STEPS = 256
"""Steps that a mean, or CKA, is taken of at most: of more, every k-th."""


class Pooled(NamedTuple):
    """Mean vectors, and how alike they are; (n_keys,) each but the means.

    mean_a, mean_b   hook point -> (width,) mean over steps, neurons that a step did not capture as 0
    cosine           of the means          low, high   the range of the whole means' own
    num_a, num_b     steps they are of
    """

    mean_a: dict[str, Doubles]
    mean_b: dict[str, Doubles]
    cosine: Doubles
    low: Doubles
    high: Doubles
    num_a: int
    num_b: int

    @property
    def score(self) -> tuple[float, float, float]:
        """Mean over hook points: cosine, and the range it lies in; NaN where there is none."""
        known = np.isfinite(self.cosine)
        if not known.any():
            return float("nan"), float("nan"), float("nan")
        return float(self.cosine[known].mean()), float(self.low[known].mean()), float(self.high[known].mean())


def pooled(one: SessionReader, other: SessionReader, keys: Sequence[str]) -> Pooled:
    """Of hook points that both keep values of."""
    means_a, rest_a, num_a = _means(one, keys)
    means_b, rest_b, num_b = _means(other, keys)
    found = [_angle(means_a[key], rest_a[key], means_b[key], rest_b[key]) for key in keys]
    cosine, low, high = (np.array([each[i] for each in found]) for i in range(3))
    return Pooled(means_a, means_b, cosine, low, high, num_a, num_b)


def _means(reader: SessionReader, keys: Sequence[str]) -> tuple[dict[str, Doubles], dict[str, float], int]:
    """Mean vector of each hook point, and the most that the whole mean can be away from it."""
    layout = reader.session.layout
    steps = np.flatnonzero(np.asarray(reader.steps()["t_add"]) == 1)
    steps = steps[:: max(1, -(-len(steps) // MOST_STEPS))]
    means: dict[str, Doubles] = {}
    rests: dict[str, float] = {}
    for group in {group_of_mode(layout, key) or "": None for key in keys}:
        names = [key for key in keys if group_of_mode(layout, key) == group]
        total, rest = np.zeros((len(names), layout.width(names[0]))), np.zeros(len(names))
        for start in range(0, len(steps), STEPS_AT_ONCE):
            found = read_vectors(reader, group, names, steps[start : start + STEPS_AT_ONCE])
            total += found.scattered()[0].sum(axis=0)
            known = np.sqrt((found.values**2).sum(axis=-1))
            rest += (found.rest(known)[1] + found.rounding(known)).sum(axis=0)
        count = max(1, len(steps))
        means |= dict(zip(names, total / count, strict=True))
        rests |= dict(zip(names, (rest / count).tolist(), strict=True))
    return means, rests, len(steps)


def _angle(a: Doubles, rest_a: float, b: Doubles, rest_b: float) -> tuple[float, float, float]:
    """Cosine of two vectors, and its range where each may be off by a vector of that length.

    A vector within r of x is at most asin(r / ‖x‖) away from it in angle.
    """
    square_a, square_b, dot = float((a * a).sum()), float((b * b).sum()), float((a * b).sum())
    if square_a == 0 or square_b == 0 or not np.isfinite(square_a + square_b):
        return float("nan"), -1.0, 1.0
    cosine = min(1.0, max(-1.0, dot / float(np.sqrt(square_a * square_b))))
    if not np.isfinite(rest_a + rest_b) or rest_a**2 >= square_a or rest_b**2 >= square_b:
        return cosine, -1.0, 1.0
    slack = float(np.arcsin(rest_a / np.sqrt(square_a)) + np.arcsin(rest_b / np.sqrt(square_b)))
    angle = float(np.arccos(cosine))
    low, high = float(np.cos(min(np.pi, angle + slack))), float(np.cos(max(0.0, angle - slack)))
    return cosine, min(low, cosine), max(high, cosine)


def linear_cka(x: Doubles, y: Doubles) -> float:
    """Linear centred kernel alignment of n samples: x (n, p), y (n, q) -> 0 … 1; NaN where one of them never varies.

    ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖), columns centred, Frobenius norms; computed by the Gram matrices (n, n), which give the same.
    Raises ConfigError on fewer than two samples, or not as many of one as of the other.
    """
    if len(x) != len(y) or len(x) < 2:
        raise ConfigError(f"CKA compares at least two samples of each: here are {len(x)} and {len(y)}.")
    gram_x, gram_y = _gram(x), _gram(y)
    square_x, square_y = float((gram_x * gram_x).sum()), float((gram_y * gram_y).sum())
    if square_x == 0 or square_y == 0:
        return float("nan")
    return min(1.0, float((gram_x * gram_y).sum()) / float(np.sqrt(square_x * square_y)))


def _gram(x: Doubles) -> Doubles:
    centred = x - x.mean(axis=0)
    gram: Doubles = centred @ centred.T
    return gram


def cka_keys(one: Layout, other: Layout, keys: Sequence[str]) -> list[str]:
    """Those hook points of which both keep the same neurons in every step: whole or sampled, not the strongest."""

    def is_fixed(layout: Layout, key: str) -> bool:
        return (group_of_mode(layout, key) or "").startswith(("full/", "sampled/"))

    return [key for key in keys if is_fixed(one, key) and is_fixed(other, key)]


def cka_of_points(one: SessionReader, other: SessionReader, steps: Ints, keys: Sequence[str]) -> Doubles:
    """Linear CKA of these hook points over matched steps (n, 2): (n_keys,), NaN where it is not defined."""
    out = np.full(len(keys), np.nan)
    steps = steps[:: max(1, -(-len(steps) // MOST_STEPS))]
    if len(steps) < 2:
        return out
    for i, key in enumerate(keys):
        sides = [
            read_vectors(reader, group_of_mode(reader.session.layout, key) or "", [key], steps[:, side])
            for side, reader in enumerate((one, other))
        ]
        here = sides[0].here[:, 0] & sides[1].here[:, 0]
        if here.sum() >= 2:
            out[i] = linear_cka(sides[0].values[here, 0], sides[1].values[here, 0])
    return out
