"""How far apart two sessions are: per matched step and hook point, and neuron by neuron, bounded where values miss.

Of a hook point's vector a session knows the captured neurons, the exact length (statistic l2) and, in top-k capture,
the most that any other neuron can be. From these follow the likeliest difference of the whole vectors (censored.py)
and the range that the true one must lie in; docs/comparison.md derives them. Numpy in, numpy out; the browser does
`neuron_differences` in `assets/js/core/difference.mjs`, and tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mri.arrays import Bools, Doubles, Floats, Ints
from mri.format.captured import Captured
from mri.format.captured_steps import by_width
from mri.format.events import StepFrame
from mri.format.layout import Layout
from mri.measure.censored import Side, squared_gap
from mri.measure.vectors import HALF_CODE, HALF_STEP_F16, HALF_ULP, LENGTH_ERROR, Vectors, lengths, read_vectors
from mri.store.reader import SessionReader

CELLS_AT_ONCE = 4_000_000
"""Neurons of one side in memory while a map is computed."""


class Distances(NamedTuple):
    """Of pairs of whole vectors, each array of the same shape; NaN where nothing is known.

    difference  ‖x − y‖ / ½(‖x‖ + ‖y‖): 0 equal, 2 opposite or one of them 0; where neurons are missing, the likeliest
    cosine      −1 … 1, the likeliest; NaN where one of them is 0
    low, high   the range in which the difference is certain to lie
    cosine_low, cosine_high   the same of the cosine
    """

    difference: Doubles
    cosine: Doubles
    low: Doubles
    high: Doubles
    cosine_low: Doubles
    cosine_high: Doubles


class NeuronDifferences(NamedTuple):
    """Neurons that at least one side captured, the largest sure difference first.

    neurons             (n,) int64
    a, b                (n,) values, NaN where that side did not capture the neuron
    bound_a, bound_b    the most that a neuron can be that the side did not capture, NaN where nothing bounds it
    difference          (n,) b − a; where one side is missing, the least that it can be, with its sign: 0 where it may
                        have either; NaN where nothing bounds the missing side
    both                (n,) whether both sides captured it
    rounding            (n,) how far b − a is off at most because captured values were rounded; 0 where one side is
                        missing, for there it is in the difference already
    """

    neurons: Ints
    a: Floats
    b: Floats
    bound_a: float
    bound_b: float
    difference: Floats
    both: Bools
    rounding: Floats


def distances(x: Vectors, y: Vectors) -> Distances:
    """Of two stacks of vectors, pair by pair."""
    in_x, in_y = _Against(x, y), _Against(y, x)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        low, high = _range(x, y, in_x, in_y)
        low, high = _relative(low, x.norm, y.norm), _relative(high, x.norm, y.norm)
        both, product = x.norm**2 + y.norm**2, x.norm * y.norm
        mean = (x.norm + y.norm) / 2
        ends = [np.clip((both - (end * mean) ** 2) / (2 * product), -1, 1) for end in (high, low)]
        gap = squared_gap(in_x.side(x.norm, y), in_y.side(y.norm, x), x.width).reshape(x.norm.shape)
        is_known = x.here & y.here & np.isfinite(in_x.square + in_y.square + product)
        gap = np.where(is_known, np.where(product == 0, 0, gap), np.nan)  # one that is 0 has no angle
        between = np.sqrt((x.norm - y.norm) ** 2 + product * gap)
        cosine = np.where(product == 0, np.nan, 1 - gap / 2)
    return Distances(_within(_relative(between, x.norm, y.norm), low, high), _within(cosine, *ends), low, high, *ends)


class _Against:
    """The captured neurons of x (…, n), beside what y has of them; sums over them (…).

    square            Σ x²                 apart   Σ (x − y)² of those that y captured, too
    square_only, sum_only   Σ x², Σ |x| of those that y did not capture          num_both   of those that it did
    """

    def __init__(self, x: Vectors, y: Vectors) -> None:
        values, captured = y.scattered()
        self.own, self.other = x.values, np.take_along_axis(values, x.neurons, -1)
        self.both = np.take_along_axis(captured, x.neurons, -1) & x.here[..., None]
        only = np.where(self.both, 0, self.own)
        with np.errstate(invalid="ignore", over="ignore"):
            self.square = (self.own * self.own).sum(axis=-1)
            self.apart = (np.where(self.both, self.own - self.other, 0) ** 2).sum(axis=-1)
            self.square_only = (only * only).sum(axis=-1)
            self.sum_only = np.abs(only).sum(axis=-1)
        self.num_both = self.both.sum(axis=-1)

    def side(self, norm: Doubles, y: Vectors) -> Side:
        """Scaled to length 1, one pair a row.  norm: of x"""
        n = self.own.shape[-1]
        own, other = self.own / norm[..., None], self.other / y.norm[..., None]
        return Side(own.reshape(-1, n), other.reshape(-1, n), self.both.reshape(-1, n), (y.bound / y.norm).reshape(-1))


def _range(x: Vectors, y: Vectors, in_x: _Against, in_y: _Against) -> tuple[Doubles, Doubles]:
    """Least and most that ‖x − y‖ of the whole vectors can be."""
    known_x, known_y = np.sqrt(in_x.square), np.sqrt(in_y.square)
    rest_x, rest_y = x.rest(known_x), y.rest(known_y)
    neither = x.width - x.num_captured - y.num_captured + in_x.num_both
    # ‖x − y‖² = apart + |only x|² + |only y|² + |rest of x|² + |rest of y|² − 2·cross, and |cross| is at most
    cross = (
        np.fmin(y.bound * in_x.sum_only, rest_y[1] * np.sqrt(in_x.square_only))
        + np.fmin(x.bound * in_y.sum_only, rest_x[1] * np.sqrt(in_y.square_only))
        + np.fmin(x.bound * y.bound * neither, rest_x[1] * rest_y[1])
    )
    known = in_x.apart + in_x.square_only + in_y.square_only
    low = np.maximum(known + rest_x[0] ** 2 + rest_y[0] ** 2 - 2 * cross, in_x.apart)
    high = known + rest_x[1] ** 2 + rest_y[1] ** 2 + 2 * cross
    rounding = x.rounding(known_x) + y.rounding(known_y)
    least = np.fmax(np.sqrt(low) - rounding, np.abs(x.norm - y.norm) * (1 - LENGTH_ERROR))
    most = np.fmin(np.sqrt(high) + rounding, x.norm + y.norm)
    return np.minimum(np.maximum(least, 0), most), most


def _relative(between: Doubles, norm_x: Doubles, norm_y: Doubles) -> Doubles:
    """Two vectors that are both 0 do not differ."""
    mean = (norm_x + norm_y) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((mean == 0) & (between == 0), 0.0, between / mean)


def _within(estimate: Doubles, low: Doubles, high: Doubles) -> Doubles:
    """The estimate, where it is beyond what is certain the nearest end; as it is where nothing is certain."""
    return np.where(np.isnan(estimate), np.nan, np.fmin(np.fmax(estimate, low), high))


def shared_keys(one: Layout, other: Layout) -> list[str]:
    """Hook points that both have at the same width, bottom to top; the logits are divergence.py's."""
    return [
        point.key
        for point in one.points
        if point.key in other.rows and other.width(point.key) == point.width and point.layer_type != "logits"
    ]


def captured_keys(one: Layout, other: Layout) -> list[str]:
    """Those of the shared hook points of which both keep values, not only statistics."""
    return [key for key in shared_keys(one, other) if key in one.places and key in other.places]


def difference_map(one: SessionReader, other: SessionReader, steps: Ints, keys: Sequence[str]) -> Distances:
    """Distances (n_keys, n) of hook points that both keep values of, over pairs of steps (n, 2)."""
    out = Distances(*(np.full((len(keys), len(steps)), np.nan) for _ in Distances._fields))
    for names in by_width(one.session.layout, keys):
        rows = [keys.index(name) for name in names]
        at_once = max(1, CELLS_AT_ONCE // (one.session.layout.width(names[0]) * len(names)))
        for start in range(0, len(steps), at_once):
            part = steps[start : start + at_once]
            found = distances(read_vectors(one, names, part[:, 0]), read_vectors(other, names, part[:, 1]))
            for array, values in zip(out, found, strict=True):
                array[rows, start : start + at_once] = values.T
    return out


def length_map(one: SessionReader, other: SessionReader, steps: Ints, keys: Sequence[str]) -> Doubles:
    """(‖y‖ − ‖x‖) / ½(‖x‖ + ‖y‖), x of A and y of B: (n_keys, n), −2 … 2, NaN where a layer was dropped.

    Known in every capture mode, for it needs the statistic l2 only.
    """
    x, y = lengths(one, keys, steps[:, 0].tolist()), lengths(other, keys, steps[:, 1].tolist())
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(x + y == 0, y - x, (y - x) / ((x + y) / 2)).T


def neuron_differences(
    frame_a: StepFrame, layout_a: Layout, frame_b: StepFrame, layout_b: Layout, key: str
) -> NeuronDifferences:
    """Every neuron of hook point `key` that one of the steps captured. Raises UnknownHookPoint."""
    in_a, in_b = Captured(frame_a, layout_a), Captured(frame_b, layout_b)
    a, b = in_a.values(key), in_b.values(key)  # (width,)
    has_a, has_b = in_a.mask(key), in_b.mask(key)
    bound_a, bound_b = in_a.bound(key), in_b.bound(key)
    off_a, off_b = _rounding(in_a, key, a), _rounding(in_b, key, b)
    both = has_a & has_b
    with np.errstate(invalid="ignore"):
        least_b = np.sign(b) * np.maximum(0, np.abs(b) - off_b - np.float32(bound_a))  # A lies within ± its bound
        least_a = -np.sign(a) * np.maximum(0, np.abs(a) - off_a - np.float32(bound_b))
        difference = np.where(both, b - a, np.where(has_b, least_b, least_a)).astype(np.float32)
        rounding = np.where(both, off_a + off_b, np.float32(0))
    neurons = np.flatnonzero(has_a | has_b)
    size = np.nan_to_num(np.abs(difference[neurons]), nan=-1.0, posinf=np.inf)
    order = neurons[np.argsort(-size, kind="stable")]
    sides = a[order], b[order], bound_a, bound_b
    return NeuronDifferences(order, *sides, difference[order], both[order], rounding[order])


def _rounding(captured: Captured, key: str, values: Floats) -> Floats:
    """(width,) the most that a captured value is off by, as it was stored."""
    kind, payload = captured.layout.config.quantization, captured.payload(key)
    if payload is not None and payload.scale is not None:
        return np.full(values.shape, payload.scale * np.float32(HALF_CODE), np.float32)
    if kind == "f16":
        return np.maximum(np.abs(values) * np.float32(HALF_ULP["f16"]), np.float32(HALF_STEP_F16))
    return np.zeros_like(values)
