"""How far apart two distributions are of which each side kept the strongest part: attention rows, predictions.

What was not captured is bounded, and so are the numbers made of it; docs/comparison.md derives the bounds.
Numpy in, numpy out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mri.arrays import Bools, Doubles, Floats, Ints
from mri.format.captured import Captured
from mri.format.events import StepFrame
from mri.format.layout import Layout
from mri.measure.alignment import union_axis

NATS_PER_BIT = float(np.log(2))


class AttentionDivergence(NamedTuple):
    """Attention of the last query of two steps, on one axis: positions that stand for each other share a place.

    a, b            (n_layer, n_head, n_places) weights, NaN where not captured, 0 where that side has no such token
    bound_a, bound_b   (n_layer, n_head) the most that a weight can be that was not captured
    low, high       (n_layer, n_head) Jensen–Shannon divergence in bits, 0 … 1, of the rows before they were rounded:
                    equal where both are known whole and as float32
    place_a, place_b   (n_keys,) place of each position
    """

    a: Floats
    b: Floats
    bound_a: Floats
    bound_b: Floats
    low: Doubles
    high: Doubles
    place_a: Ints
    place_b: Ints


class PredictionDivergence(NamedTuple):
    """Predictions of two steps over one vocabulary; n tokens that either captured, the most likely first.

    token_ids       (n,)
    a, b            (n,) probabilities at temperature 1, NaN where not captured
    bound_a, bound_b   the most that a probability can be that was not captured
    kl_low, kl_high bits: Kullback–Leibler divergence of B from A, Σ p log₂(p/q), p of A and q of B; kl_high is ∞
                    where nothing keeps q from 0
    """

    token_ids: Ints
    a: Doubles
    b: Doubles
    bound_a: float
    bound_b: float
    kl_low: float
    kl_high: float


def jensen_shannon(
    a: Doubles, b: Doubles, off_a: Floats | float = 0.0, off_b: Floats | float = 0.0
) -> tuple[Doubles, Doubles]:
    """Least and most Jensen–Shannon divergence in bits of rows (…, n) that sum to 1, NaN where not known, and elsewhere
    within ± off of what they were before they were rounded.

    A place adds the more, the further apart its two weights are. Least: of each place known in both the nearest pair
    within rounding; all others put together into one (merging never adds divergence). Most: the furthest pair, and
    what is left of each side has no place in common.
    """
    known = ~(np.isnan(a) | np.isnan(b))
    whole = np.asarray(known.all(axis=-1))
    (p_low, p_high), (q_low, q_high) = (_ends(side, off) for side, off in ((a, off_a), (b, off_b)))
    low = np.where(known, _nearest(p_low, p_high, q_low, q_high), 0).sum(axis=-1)
    rests = [_rest(known, whole, *ends) for ends in ((p_low, p_high), (q_low, q_high))]
    low = np.clip(low + _nearest(*rests[0], *rests[1]), 0, 1)
    furthest = np.maximum(_shares(p_low, q_high), _shares(p_high, q_low))
    high = _with_rest(furthest, known, rests)
    # where both may have been 0, all together is one more rest
    is_sure: Bools = np.asarray(known & ((p_low > 0) | (q_low > 0) | (p_high + q_high == 0)))
    rests = [_rest(is_sure, np.asarray(is_sure.all(axis=-1)), *ends) for ends in ((p_low, p_high), (q_low, q_high))]
    high = np.minimum(high, _with_rest(furthest, is_sure, rests))
    return low, np.clip(np.maximum(low, high), 0, 1)


Ends = tuple[Doubles, Doubles]


def _ends(side: Doubles, off: Floats | float) -> Ends:
    return np.clip(side - off, 0, 1), np.clip(side + off, 0, 1)


def _rest(known: Bools, whole: Bools, low: Doubles, high: Doubles) -> Ends:
    """Least and most that a row leaves for the places that are not known."""
    least, most = (np.clip(1 - np.where(known, end, 0).sum(axis=-1), 0, 1) for end in (high, low))
    return np.where(whole, 0, least), np.where(whole, 0, most)


def _with_rest(furthest: Doubles, known: Bools, rests: list[Ends]) -> Doubles:
    total: Doubles = np.where(known, furthest, 0).sum(axis=-1) + (rests[0][1] + rests[1][1]) / 2
    return total


def _nearest(p_low: Doubles, p_high: Doubles, q_low: Doubles, q_high: Doubles) -> Doubles:
    """Share of a place whose weights are as near to each other as their ranges allow."""
    nearest = np.where(p_high < q_low, _shares(p_high, q_low), np.where(q_high < p_low, _shares(p_low, q_high), 0.0))
    return np.asarray(nearest, np.float64)


def _shares(p: Doubles, q: Doubles) -> Doubles:
    """½ p log₂(2p/(p+q)) + ½ q log₂(2q/(p+q)) of each place; 0 where both are 0."""
    mean = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(side > 0, side * np.log2(side / mean), 0.0) for side in (p, q)]
    return np.asarray((parts[0] + parts[1]) / 2, np.float64)


def attention_divergence(
    frame_a: StepFrame, layout_a: Layout, frame_b: StepFrame, layout_b: Layout, positions: Ints
) -> AttentionDivergence | None:
    """Of two steps whose positions stand for each other as `Alignment.positions` says; None where one has no attention
    or the two models differ in heads.
    """
    in_a, in_b = Captured(frame_a, layout_a), Captured(frame_b, layout_b)
    if not (in_a.has_attention and in_b.has_attention):
        return None
    if (layout_a.n_layer, layout_a.n_head) != (layout_b.n_layer, layout_b.n_head):
        return None
    (rows_a, bound_a), (rows_b, bound_b) = in_a.attention(), in_b.attention()
    place_a, place_b, size = union_axis(positions, rows_a.shape[-1], rows_b.shape[-1])
    a, b = _placed(rows_a, place_a, size), _placed(rows_b, place_b, size)
    off_a = _placed(in_a.weight_rounding(rows_a), place_a, size)
    off_b = _placed(in_b.weight_rounding(rows_b), place_b, size)
    low, high = jensen_shannon(_normalised(a, off_a), _normalised(b, off_b), off_a, off_b)
    nothing = np.isnan(rows_a).all(axis=-1) | np.isnan(rows_b).all(axis=-1)  # dropped, or NaN itself
    low, high = np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)
    return AttentionDivergence(a, b, bound_a, bound_b, low, high, place_a, place_b)


def _placed(rows: Floats, place: Ints, size: int) -> Floats:
    out = np.zeros((*rows.shape[:-1], size), np.float32)
    out[..., place] = rows
    return out


def _normalised(rows: Floats, off: Floats) -> Doubles:
    """Rows that were stored as they were sum to 1 then; of those that were rounded, or miss a weight, nothing is known
    that would allow it."""
    total = np.where(off.any(axis=-1), np.nan, rows.sum(axis=-1, dtype=np.float64))[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isnan(total) | (total == 0), rows, rows / total)


def prediction_divergence(
    frame_a: StepFrame, frame_b: StepFrame, n_vocab: int, softcap: float | None
) -> PredictionDivergence | None:
    """Of two steps that predict tokens of one vocabulary; None where one has no predictions, or they are no numbers.

    softcap: what no logit of B exceeds in magnitude, None where there is no such thing: without it, a token that B did
    not capture may have any small probability, and the divergence no upper bound.
    """
    if "logits/token_ids" not in frame_a.arrays or "logits/token_ids" not in frame_b.arrays:
        return None
    if not all(_are_numbers(frame) for frame in (frame_a, frame_b)):
        return None
    of_a, bound_a = _probabilities(frame_a, n_vocab)
    of_b, bound_b = _probabilities(frame_b, n_vocab)
    ids = np.array(sorted({*of_a, *of_b}), np.int64)
    a = np.array([of_a.get(token_id, np.nan) for token_id in ids.tolist()])
    b = np.array([of_b.get(token_id, np.nan) for token_id in ids.tolist()])
    order = np.argsort(-np.fmax(a, b), kind="stable")
    floor = 0.0
    if softcap is not None:
        floor = float(np.exp(-softcap - np.float64(frame_b.arrays["logits/logsumexp"])))
    low, high = _kullback_leibler(a, b, bound_a, floor)
    return PredictionDivergence(ids[order], a[order], b[order], bound_a, bound_b, low, high)


def _are_numbers(frame: StepFrame) -> bool:
    """A logit of −∞ is a probability of 0, NaN is none."""
    return bool(np.isfinite(frame.arrays["logits/logsumexp"]) and not np.isnan(frame.arrays["logits/values"]).any())


def _probabilities(frame: StepFrame, n_vocab: int) -> tuple[dict[int, float], float]:
    """Captured probabilities by token id, and the most that another can be: the weakest kept, and what they leave."""
    ids = frame.arrays["logits/token_ids"].astype(np.int64)
    probs = np.exp(frame.arrays["logits/values"].astype(np.float64) - np.float64(frame.arrays["logits/logsumexp"]))
    bound = 0.0 if len(ids) >= n_vocab else min(float(probs.min(initial=1)), max(0.0, 1 - float(probs.sum())))
    return dict(zip(ids.tolist(), probs.tolist(), strict=True)), bound


def _kullback_leibler(a: Doubles, b: Doubles, bound_a: float, floor: float) -> tuple[float, float]:
    """Bits, of probabilities by token, NaN where not captured.  floor: the least that an unknown one of B can be

    Least: the tokens that not both captured, put together into one. Most: each of A's others as large as it can be,
    B's as small.
    """
    both = ~(np.isnan(a) | np.isnan(b))
    sure = float(_terms(a[both], b[both]).sum())
    rest_a, rest_b = max(0.0, 1 - float(a[both].sum())), max(0.0, 1 - float(b[both].sum()))
    low = sure + (rest_a * float(np.log(rest_a / rest_b)) if rest_a > 0 and rest_b > 0 else 0.0)
    only_a = a[np.isnan(b)]
    unknown = max(0.0, 1 - float(np.nansum(a)))
    if bound_a == 0:
        unknown = 0.0
    high = sure
    if len(only_a) or unknown:
        if floor == 0:
            return max(0.0, low) / NATS_PER_BIT, float("inf")
        high += float(_terms(only_a, np.full(len(only_a), floor)).sum())
        high += unknown * float(np.log(bound_a / floor)) if unknown else 0.0
    low = max(0.0, low)
    return low / NATS_PER_BIT, max(low, high) / NATS_PER_BIT


def _terms(p: Doubles, q: Doubles) -> Doubles:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * np.log(p / q), 0.0)
