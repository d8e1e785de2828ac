"""The cosine of two vectors of which each side kept a part: what is likeliest, given what the other part is at most.

Each vector is scaled to length 1, so that a neuron has a mean square of 1/width, and each is taken for a regression on
the other with normal errors: y = r·x + e, of variance (1 − r²)/width, and the same the other way. A regression is not
biased by which x were kept, so its slope r, the cosine, holds for the neurons that nobody kept, too. A neuron that only
x kept enters as what is known of it: |y| ≤ its bound (a censored regression, Tobin, *Econometrica* 26, 1958; of both
directions the composite likelihood). Maximised by expectation and maximisation, sped up by Aitken's δ². There is
nothing to tune. docs/comparison.md says how far it is off. Knows no hook points and no sessions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mri.arrays import Bools, Doubles
from mri.measure.truncated import between

LEAST_KNOWN = 4
"""Neurons that both kept, or one kept beyond the other's bound: fewer say nothing of the others."""

BISECTIONS = 40
LEAST_VARIANCE = 1e-14


class Side(NamedTuple):
    """What one of the vectors x kept, both scaled to length 1; rows are pairs of vectors.

    own, other   (n_rows, n) values of x, and of y at the same neurons, where it has them    both  (n_rows, n) where
    most         (n_rows,) the magnitude that the values which y did not keep do not exceed, ∞ where nothing bounds them
    """

    own: Doubles
    other: Doubles
    both: Bools
    most: Doubles


class _Alone:
    """The values of one side whose partner was not kept, one after the other."""

    def __init__(self, side: Side, width: int) -> None:
        self.num_rows, self.width = len(side.own), width
        self.row, column = np.nonzero(~side.both)
        self.own = side.own[self.row, column].astype(np.float32)
        self.most = side.most.astype(np.float32)[self.row]
        self.is_bounded = np.isfinite(self.most)
        self.is_beyond = (np.abs(self.own) > self.most).astype(np.float32)
        self.all_bounded = bool(self.is_bounded.all())

    def expect(self, r: Doubles) -> None:
        """Means and variances of the partners, where the cosine is r (n_rows,)."""
        std = np.sqrt(np.maximum(1 - r * r, LEAST_VARIANCE) / self.width)
        self.mean, self.variance = between(r[self.row] * self.own, std[self.row], -self.most, self.most)

    def sums(self, each: npt.NDArray[np.floating]) -> Doubles:
        return np.bincount(self.row, each, self.num_rows).astype(np.float64)

    def bounded(self, each: npt.NDArray[np.floating]) -> Doubles:
        """Of those that say something of r: a partner that may be anything says nothing."""
        return self.sums(each if self.all_bounded else np.where(self.is_bounded, each, 0.0))


def squared_gap(x: Side, y: Side, width: int) -> Doubles:
    """‖x − y‖² of the vectors of length 1, which is 2 − 2·cosine: (n_rows,), 0 where all that is known is the same, NaN
    where too little is."""
    num_both = x.both.sum(axis=-1)
    product, square_x = (np.where(x.both, x.own * each, 0).sum(axis=-1) for each in (x.other, x.own))
    square_y, apart = (np.where(x.both, each**2, 0).sum(axis=-1) for each in (x.other, x.own - x.other))
    alone = _Alone(x, width), _Alone(y, width)
    telling = num_both + sum(each.sums(each.is_beyond) for each in alone)
    count = 2.0 * num_both + sum(each.bounded(np.ones(len(each.own))) for each in alone)
    fixed = square_x + square_y + sum(each.bounded(each.own**2) for each in alone)

    def likelier(r: Doubles) -> Doubles:
        crossed, expected = 2 * product, square_x + square_y
        for each in alone:
            each.expect(r)
            crossed = crossed + each.bounded(each.own * each.mean)
            expected = expected + each.bounded(each.mean**2 + each.variance)
        return _maximum(count, width * fixed, width * crossed, width * expected)

    length_x, length_y = (each.sums(each.is_beyond * each.own**2) for each in alone)
    lengths = (square_x + length_x) * (square_y + length_y)
    r = _start(product, lengths, width * apart / np.maximum(num_both, 1), num_both)
    first = likelier(r)
    second = likelier(first)
    step = first - r
    rate = np.clip(np.divide(second - first, step, out=np.zeros_like(r), where=np.abs(step) > 1e-12), 0, 0.9)
    r = np.clip(second + (second - first) * rate / (1 - rate), -1, 1)  # more rounds would move √gap by 0.01 at most
    known, rests = apart, list[Doubles]()
    for each, side in zip(alone, (x, y), strict=True):
        each.expect(r)
        known = known + each.sums((each.own - each.mean) ** 2 + each.variance)
        rests.append(1 - (side.own**2).sum(axis=-1))
    # what is left of y's length behind what x has alone, and the other way
    behind = (each.sums(each.mean**2 + each.variance) for each in reversed(alone))
    rests = [np.maximum(0, rest - of_other) for rest, of_other in zip(rests, behind, strict=True)]
    unrelated = rests[0] + rests[1] + 2 * np.maximum(0, -r) * np.sqrt(rests[0] * rests[1])
    gap: Doubles = np.where(known == 0, 0.0, np.clip(2 - 2 * r, known, known + unrelated))
    return np.where((telling < LEAST_KNOWN) & (num_both < width), np.nan, gap)


def _start(product: Doubles, lengths: Doubles, gap: Doubles, num_both: Any) -> Doubles:
    """Near the cosine. By what both kept it is too high; with zeros beside the values that are beyond the other's bound
    it is too low. The more is in common, the nearer is the first."""
    high = np.where(num_both > 1, np.clip(1 - gap / 2, -0.9, 1 - 1e-9), 0.0)
    low = np.clip(np.divide(product, np.sqrt(lengths), out=np.zeros_like(product), where=lengths > 0), -0.999, 0.999)
    return np.asarray(low + (high - low) * np.abs(low), np.float64)


def _maximum(count: Any, own: Doubles, crossed: Doubles, other: Doubles) -> Doubles:
    """The r at which count·log(1 − r²) + (other − 2r·crossed + r²·own)/(1 − r²) is least: its slope, by bisection."""
    low, high = np.full(own.shape, -1.0), np.full(own.shape, 1.0)
    for _ in range(BISECTIONS):
        r = (low + high) / 2
        left = 1 - r * r
        rises = left * (r * own - crossed - count * r) + r * (other - 2 * r * crossed + r * r * own) > 0
        low, high = np.where(rises, low, r), np.where(rises, r, high)
    most_likely: Doubles = (low + high) / 2
    return most_likely
