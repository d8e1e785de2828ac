"""How alike two sessions are as a whole: the cosine of every hook point over the matched steps, one score, linear CKA.

Where no token stands for another (pooled): the cosine of the mean vectors, if both means are of every token that was
read and of the same part of the neurons. Where a number would be of something else there is none, and a sentence says
why. Linear CKA (Kornblith et al. 2019, arXiv 1905.00414), debiased (Nguyen et al. 2021, arXiv 2010.15327), needs whole
or sampled values of matched steps. docs/comparison.md has the formulas. Numpy in, numpy out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mri.arrays import Bools, Doubles, Ints
from mri.errors import ConfigError
from mri.format.captured_steps import CapturedSteps, by_width
from mri.format.layout import Layout
from mri.measure.difference import difference_map
from mri.measure.vectors import read_vectors
from mri.store.reader import SessionReader
from mri.study.comparison import Comparison

STEPS_AT_ONCE = 64
MOST_STEPS = 256
"""Steps that a mean, or CKA, is taken of at most: of more, every k-th."""

LEAST_CKA_STEPS = 24
"""Fewer have no CKA: of 24 steps that have nothing to do with each other, 95 in 100 give less than 0.11, of 12 less
than 0.24, of 5 less than 0.75 (`python -m benchmarks compare`)."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """How alike every hook point is; (n_keys,) each.

    cosine         mean over the matched steps; pooled: of the mean vectors. NaN where there is none
    low, high      the range in which that of the whole vectors is certain to lie
    num_steps      steps that it is of
    has_nan        whether it has no number because in one of the steps a value is NaN, ∞ or clipped
    reason         why there is no number at all; empty where there is one
    """

    cosine: Doubles
    low: Doubles
    high: Doubles
    num_steps: Ints
    has_nan: Bools
    reason: str = ""

    @property
    def score(self) -> tuple[float, float, float]:
        """Mean over the hook points that have a number: cosine, and the range it lies in; NaN where none has."""
        known = np.isfinite(self.cosine)
        if not known.any():
            return float("nan"), float("nan"), float("nan")
        return float(self.cosine[known].mean()), float(self.low[known].mean()), float(self.high[known].mean())

    @property
    def left_out(self) -> str:
        """What the score is not of: "5 hold NaN, …"; empty where it is of all hook points."""
        unknown = ~np.isfinite(self.cosine)
        num_nan = int((unknown & self.has_nan).sum())
        num_other = int(unknown.sum()) - num_nan
        parts = [f"{num_nan} {'holds' if num_nan == 1 else 'hold'} NaN, ∞ or clipped values"] if num_nan else []
        if num_other:
            parts.append(f"{num_other} {'has' if num_other == 1 else 'have'} too few values in both, or only zeros")
        return "; ".join(parts)


def likeness(found: Comparison) -> Likeness:
    """Of the hook points `found.keys`, along the alignment of `found`."""
    return _pooled(found) if found.alignment.strategy == "pooled" else _matched(found)


def _nothing(keys: Sequence[str], reason: str) -> Likeness:
    n = len(keys)
    none = np.full(n, np.nan)
    return Likeness(none, none, none, np.zeros(n, np.int64), np.zeros(n, bool), reason)


def _matched(found: Comparison) -> Likeness:
    one, other, keys = found.one, found.other, found.keys
    steps = _some(found.matched_steps)
    if not len(steps):
        return _nothing(keys, "No steps are matched: there is nothing to compare.")
    each = difference_map(one, other, steps, keys)
    captured = _captured(one, keys)[:, steps[:, 0]] & _captured(other, keys)[:, steps[:, 1]]
    has_nan = np.asarray((captured & np.isnan(each.low)).any(axis=1))  # captured, and yet no range
    known = np.isfinite(each.cosine) & ~has_nan[:, None]
    if not known.any():
        if has_nan.all():
            return _nothing(keys, "Every hook point holds NaN, ∞ or clipped values in a matched step.")
        if captured.any():
            return _nothing(keys, "Too few neurons are known of both sides: record both with one preset, say `rows`.")
        return _nothing(keys, "No matched step has values in both: record token by token, with the preset `rows`.")
    measured = each.cosine, each.cosine_low, each.cosine_high
    cosine, low, high = (_means(np.where(known, values, 0), known) for values in measured)
    return Likeness(cosine, low, high, known.sum(axis=1), has_nan)


def _means(values: Doubles, known: Bools) -> Doubles:
    count = known.sum(axis=1)
    means: Doubles = np.where(count > 0, values.sum(axis=1) / np.maximum(count, 1), np.nan)
    return means


def _some(steps: Ints) -> Ints:
    return steps[:: max(1, -(-len(steps) // MOST_STEPS))]


def _captured(reader: SessionReader, keys: Sequence[str]) -> Bools:
    """(n_keys, num_steps)"""
    captured = CapturedSteps(reader)
    return np.stack([captured.has(key) for key in keys])


def _pooled(found: Comparison) -> Likeness:
    one, other, keys = found.one, found.other, found.keys
    for name, reader in (("A", one), ("B", other)):
        at_once = int(np.max(reader.steps()["t_add"], initial=0))
        if at_once > 1:
            return _nothing(
                keys,
                f"{name} read {at_once} tokens in one pass, of which its mean would know nothing: record it token by "
                "token, with the preset `rows`, or align by exact tokens.",
            )
    if _part_kept(one.session.layout) != _part_kept(other.session.layout):
        return _nothing(
            keys,
            "They keep different parts of the neurons, so their means are of different things: align by exact tokens.",
        )
    means = [_mean_vectors(reader, keys) for reader in (one, other)]
    is_whole = _captured(one, keys).all(axis=1) & _captured(other, keys).all(axis=1)
    has_nan = is_whole & ~np.array([all(np.isfinite(side[key][0]).all() for side in means) for key in keys])
    angles = [_angle(*means[0][key], *means[1][key]) for key in keys]
    cosine, low, high = (np.where(is_whole, [each[i] for each in angles], np.nan) for i in range(3))
    count = min(one.num_steps, other.num_steps, MOST_STEPS)
    return Likeness(cosine, low, high, np.where(np.isfinite(cosine), count, 0), has_nan)


def _part_kept(layout: Layout) -> tuple[object, ...]:
    """Which neurons a mean is of: those of two sessions compare where this is the same."""
    config = layout.config
    few = {"topk": (layout.topk,), "sampled": (config.sample_stride, config.sample_seed)}
    return config.capture_mode, *few.get(config.capture_mode, ())


def _mean_vectors(reader: SessionReader, keys: Sequence[str]) -> dict[str, tuple[Doubles, float]]:
    """Hook point -> mean vector (width,) over all steps, neurons that a step did not capture as 0, and the most that
    the whole mean can be away from it; NaN where a step has no values."""
    layout, steps = reader.session.layout, _some(np.arange(reader.num_steps))
    means: dict[str, tuple[Doubles, float]] = {}
    for names in by_width(layout, keys):
        total, rest = np.zeros((len(names), layout.width(names[0]))), np.zeros(len(names))
        for start in range(0, len(steps), STEPS_AT_ONCE):
            found = read_vectors(reader, names, steps[start : start + STEPS_AT_ONCE])
            total += np.where(found.here[..., None], found.scattered()[0], np.nan).sum(axis=0)
            known = np.sqrt((found.values**2).sum(axis=-1))
            rest += (found.rest(known)[1] + found.rounding(known)).sum(axis=0)
        count = max(1, len(steps))
        means |= {key: (total[i] / count, float(rest[i]) / count) for i, key in enumerate(names)}
    return means


def _angle(a: Doubles, rest_a: float, b: Doubles, rest_b: float) -> tuple[float, float, float]:
    """Cosine of two vectors, and its range where each may be off by a vector of that length.

    A vector within r of x is at most asin(r / ‖x‖) away from it in angle.
    """
    square_a, square_b, dot = float((a * a).sum()), float((b * b).sum()), float((a * b).sum())
    if square_a == 0 or square_b == 0 or not np.isfinite(square_a + square_b):
        return float("nan"), float("nan"), float("nan")
    cosine = min(1.0, max(-1.0, dot / float(np.sqrt(square_a * square_b))))
    if not np.isfinite(rest_a + rest_b) or rest_a**2 >= square_a or rest_b**2 >= square_b:
        return cosine, -1.0, 1.0
    slack = float(np.arcsin(rest_a / np.sqrt(square_a)) + np.arcsin(rest_b / np.sqrt(square_b)))
    angle = float(np.arccos(cosine))
    low, high = float(np.cos(min(np.pi, angle + slack))), float(np.cos(max(0.0, angle - slack)))
    return cosine, min(low, cosine), max(high, cosine)


def linear_cka(x: Doubles, y: Doubles) -> float:
    """Debiased linear centred kernel alignment of n samples, x (n, p), y (n, q): 1 the same but for rotation and scale,
    about 0 (also a little below) unrelated; NaN where one of them never varies.

    Of the Gram matrices without their diagonals, centred so that HSIC is unbiased (Song et al., *JMLR* 13, 2012): the
    usual CKA of samples that have nothing to do with each other goes to 1 as p grows beyond n.
    Raises ConfigError on fewer than LEAST_CKA_STEPS samples, or not as many of one as of the other.
    """
    if len(x) != len(y) or len(x) < LEAST_CKA_STEPS:
        raise ConfigError(
            f"CKA compares at least {LEAST_CKA_STEPS} samples of each, since of fewer unrelated ones look alike: here "
            f"are {len(x)} and {len(y)}."
        )
    return debiased_cka(x, y)


def debiased_cka(x: Doubles, y: Doubles) -> float:
    """What `linear_cka` gives, of at least four samples: benchmarks/accuracy.py shows why it asks for more."""
    gram_x, gram_y = _gram(x), _gram(y)
    square_x, square_y = float((gram_x * gram_x).sum()), float((gram_y * gram_y).sum())
    if square_x == 0 or square_y == 0:
        return float("nan")
    return min(1.0, float((gram_x * gram_y).sum()) / float(np.sqrt(square_x * square_y)))


def _gram(x: Doubles) -> Doubles:
    """Products of the samples (n, n): no diagonal, and every row and column sums to 0."""
    n, centred = len(x), x - x.mean(axis=0)
    gram: Doubles = centred @ centred.T
    np.fill_diagonal(gram, 0)
    row = gram.sum(axis=0) / (n - 2)
    gram = gram - row[:, None] - row[None, :] + gram.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(gram, 0)
    return gram


def cka_keys(one: Layout, other: Layout, keys: Sequence[str]) -> list[str]:
    """Those hook points of which both keep some neurons in every step, and one no others than the other: whole or
    sampled alike, not the strongest."""

    def fixed(layout: Layout, key: str) -> set[int]:
        neurons = layout.neurons(key) if key in layout.places else None
        return set() if neurons is None else set(neurons.tolist())

    def shared(key: str) -> bool:
        a, b = fixed(one, key), fixed(other, key)
        return bool(a and b) and (a <= b or b <= a)

    return [key for key in keys if shared(key)]


def cka_of_points(one: SessionReader, other: SessionReader, steps: Ints, keys: Sequence[str]) -> Doubles:
    """Linear CKA of these `cka_keys` over matched steps (n, 2), of the neurons that both keep: (n_keys,), NaN where it
    is not defined."""
    out, steps = np.full(len(keys), np.nan), _some(steps)
    if len(steps) < LEAST_CKA_STEPS:
        return out
    for i, key in enumerate(keys):
        sides = [read_vectors(reader, [key], steps[:, side]) for side, reader in enumerate((one, other))]
        here = sides[0].here[:, 0] & sides[1].here[:, 0]
        if here.sum() >= LEAST_CKA_STEPS:
            of_x, of_y = (side.neurons[0, 0] for side in sides)
            x = sides[0].values[here, 0][:, np.isin(of_x, of_y)]
            y = sides[1].values[here, 0][:, np.isin(of_y, of_x)]
            out[i] = linear_cka(x, y)
    return out
