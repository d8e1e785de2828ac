"""What a frame, and a whole session, knows of its attention weights: values where they were kept, bounds where not.

Numpy in, numpy out. The browser does the same in `assets/js/core/layout.mjs`; tests hold the two together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mri.arrays import Bools, Doubles, Floats
from mri.errors import ConfigError
from mri.events import WEIGHT_MAX, StepFrame, dequantized
from mri.layout import DROP_ORDER, Layout
from mri.store.reader import SessionReader

ROW_SUM_ERROR = 1e-5
"""A softmax row computed in float32 sums to 1 within this."""

MAP_MOST_BYTES = 32_000_000
"""A map reads at most so much of whole rows: what a click can wait for."""
MAP_MOST_POSITIONS = 4096
"""A map of so many takes 134 MB."""


def attention_rows(frame: StepFrame, layout: Layout) -> tuple[Floats, Floats]:
    """Weights of the last query over absolute positions, and the most that an unknown one can be.

    -> weights (n_layer, n_head, n_keys), NaN where not captured;
       bounds (n_layer, n_head), 0 where the whole row was captured, NaN where nothing of it was or it is NaN.
    """
    n_keys = frame.pos0 + frame.t_add
    weights = np.full((layout.n_layer, layout.n_head, n_keys), np.nan, np.float32)
    bounds = np.full((layout.n_layer, layout.n_head), np.nan, np.float32)
    kept = [layer for layer in range(layout.n_layer) if layer not in frame.dropped_layers]
    if "attention/rows" in frame.arrays:
        weights[kept] = dequantized(frame.arrays["attention/rows"], None)
        bounds[kept] = 0
    elif "attention/keys" in frame.arrays:
        keys = frame.arrays["attention/keys"].astype(np.int64)  # (n_kept, n_head, n_strongest)
        strongest = frame.arrays["attention/weights"]
        rows = np.full((len(kept), layout.n_head, n_keys), np.nan, np.float32)
        np.put_along_axis(rows, keys, strongest.astype(np.float32), axis=-1)
        weights[kept] = rows
        bounds[kept] = _bound_of_others(strongest) if keys.shape[-1] < n_keys else 0
    odd = odd_heads(frame, layout)
    weights[odd] = bounds[odd] = np.nan
    return weights, bounds


def weight_rounding(frame: StepFrame, weights: Floats) -> Floats:
    """How far `attention_rows` of this frame are from the weights before they were stored, at most; 0 where NaN."""
    stored = frame.arrays.get("attention/rows", frame.arrays.get("attention/weights"))
    off = np.zeros_like(weights)
    if stored is not None and stored.dtype == np.uint8:
        off = np.where(np.isnan(weights), 0, 0.5 / WEIGHT_MAX * (1 + ROW_SUM_ERROR)).astype(np.float32)
    elif stored is not None and stored.dtype == np.float16:
        off = np.maximum(np.float32(2.0**-11) * weights, np.float32(2.0**-25))
    return np.nan_to_num(off)


def odd_heads(frame: StepFrame, layout: Layout) -> Bools:
    """(n_layer, n_head): whose row was captured and is NaN, as its entropy says."""
    kept = np.array([layer not in frame.dropped_layers for layer in range(layout.n_layer)], bool)
    if "attention/entropy" not in frame.arrays:
        kept[:] = False
    odd: Bools = kept[:, None] & np.isnan(attention_entropy(frame, layout))
    return odd


def attention_entropy(frame: StepFrame, layout: Layout) -> Floats:
    """Entropy of each head's row in bits.  -> (n_layer, n_head), NaN where it was not captured"""
    entropy = np.full((layout.n_layer, layout.n_head), np.nan, np.float32)
    if "attention/entropy" in frame.arrays:
        entropy[[layer for layer in range(layout.n_layer) if layer not in frame.dropped_layers]] = frame.arrays[
            "attention/entropy"
        ]
    return entropy


def mean_distance(weights: Floats, bounds: Floats, rounding: Floats) -> tuple[Floats, Floats]:
    """How far back each head looks on average: Σ w·(query − key), in tokens; weights and bounds as `attention_rows`,
    `rounding` as `weight_rounding` of them.

    -> low, high (n_layer, n_head): every weight at the least that it can be, and what that leaves of 1 put where there
       is room for it, on the nearest keys and on the farthest. Equal where the whole row is known in float32, NaN where
       nothing of it is.
    """
    unknown, known = np.isnan(weights), weights.astype(np.float64)
    least = np.where(unknown, 0, np.maximum(0, known - rounding))
    room = np.where(unknown, bounds[..., None], np.minimum(1, known + rounding)) - least
    distance = np.arange(weights.shape[-1], dtype=np.float64)[::-1]  # the query is the last position
    sure, left = (least * distance).sum(axis=-1), 1 - least.sum(axis=-1)
    low = sure + _filled(room[..., ::-1], left - ROW_SUM_ERROR, distance[::-1])
    high = sure + _filled(room, left + ROW_SUM_ERROR, distance)
    return low.astype(np.float32), high.astype(np.float32)


def _filled(room: Doubles, left: Doubles, distance: Doubles) -> Doubles:
    """Σ w·distance of what `left` (…) puts on keys that have `room` (…, n) for it, the first of them first."""
    taken = np.minimum(np.cumsum(room, axis=-1), np.maximum(0, left)[..., None])
    filled: Doubles = (np.diff(taken, axis=-1, prepend=0) * distance).sum(axis=-1)
    return filled


def attention_map(
    reader: SessionReader, layer: int, head: int, most_bytes: int = MAP_MOST_BYTES
) -> tuple[Floats, Floats]:
    """One head over the whole session, query by key: the last row of every step, all rows of a prompt's matrix.

    -> weights (n, n), NaN where not captured and above the diagonal; bounds (n, n), the most that a not captured
       weight can be, NaN where it is known or nothing is. Where whole rows would take more than `most_bytes` to
       read, only the strongest keys are. Raises UnknownHookPoint where no step has attention, ConfigError beyond
       MAP_MOST_POSITIONS.
    """
    layout, steps = reader.session.layout, reader.steps()
    keys = reader.column("attention/keys", layer, head)  # (num_steps, 8)
    strongest = reader.column("attention/weights", layer, head)  # (num_steps, 8), NaN behind the last
    ends = (steps["pos0"] + steps["t_add"]).tolist()  # keys of each step
    n = max(ends)
    if n > MAP_MOST_POSITIONS:
        raise ConfigError(f"A map of {n:,} × {n:,} tokens is too large: up to {MAP_MOST_POSITIONS:,} are drawn.")
    num_bytes = 2 * layout.n_layer * layout.n_head * sum(ends)
    rows = None
    if layout.config.attention_tier != "summary" and num_bytes <= most_bytes:
        rows = reader.column("attention/rows", layer, head)  # (num_steps, n)
    has_row = steps["dropped"] >> DROP_ORDER.index("attention/rows") & 1 == 0
    weights, bounds = np.full((n, n), np.nan, np.float32), np.full((n, n), np.nan, np.float32)
    for step, end in enumerate(ends):
        kept = np.isfinite(strongest[step])
        if rows is not None and has_row[step] and kept.any():
            weights[end - 1, :end] = dequantized(rows[step, :end], None)
        elif kept.any():
            weights[end - 1, keys[step, kept].astype(np.int64)] = strongest[step, kept]
            unknown = np.isnan(weights[end - 1, :end])
            bounds[end - 1, :end][unknown] = _bound_of_others(strongest[step, kept])
    for step in np.flatnonzero((steps["phase"] == "prefill") & (steps["t_add"] > 1)).tolist():
        _put_matrix(weights, reader.frame(step), layer, head)
    return weights, bounds


def _put_matrix(weights: Floats, frame: StepFrame, layer: int, head: int) -> None:
    if "attention/matrix" not in frame.arrays or layer in frame.dropped_layers:
        return
    row = layer - sum(dropped < layer for dropped in frame.dropped_layers)
    matrix = dequantized(frame.arrays["attention/matrix"][row, head], None)  # (t_add, n_keys)
    for query, values in enumerate(matrix[:-1], frame.pos0):  # the last one's row is every step's
        weights[query, : query + 1] = values[: query + 1]


def _bound_of_others(strongest: npt.NDArray[np.floating]) -> Floats:
    """Largest weight a key outside the kept ones can have: at most the weakest kept one, and at most what they leave
    of 1, both at the far edge of float16 rounding.  strongest (…, n), falling -> (…,)"""
    weights = strongest.astype(np.float64)
    half_ulp = np.zeros_like(weights)
    if strongest.dtype == np.float16:
        half_ulp = np.spacing(np.nan_to_num(strongest)).astype(np.float64) / 2
    left = 1 + ROW_SUM_ERROR - (weights - half_ulp).sum(axis=-1)
    bound: Floats = np.maximum(0, np.minimum(weights[..., -1] + half_ulp[..., -1], left)).astype(np.float32)
    return bound
