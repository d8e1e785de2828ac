"""What a frame, and a whole session, knows of its attention weights: values where they were kept, bounds where not.

Numpy in, numpy out. The browser does the same in `assets/js/core/layout.mjs`; tests hold the two together.
"""

from __future__ import annotations

import numpy as np

from mri.arrays import Doubles, Floats
from mri.errors import ConfigError
from mri.format.captured import ROW_SUM_ERROR, Captured
from mri.format.captured_steps import CapturedSteps
from mri.store.reader import SessionReader

MAP_MOST_BYTES = 32_000_000
"""A map reads at most so much of whole rows: what a click can wait for."""
MAP_MOST_POSITIONS = 4096
"""A map of so many takes 134 MB."""


def mean_distance(weights: Floats, bounds: Floats, rounding: Floats) -> tuple[Floats, Floats]:
    """How far back each head looks on average: Σ w·(query − key), in tokens; weights and bounds as
    `Captured.attention`, `rounding` as `Captured.weight_rounding` of them.

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
    layout, steps, captured = reader.session.layout, reader.steps(), CapturedSteps(reader)
    ends = (steps["pos0"] + steps["t_add"]).tolist()  # keys of each step
    n = max(ends)
    if n > MAP_MOST_POSITIONS:
        raise ConfigError(f"A map of {n:,} × {n:,} tokens is too large: up to {MAP_MOST_POSITIONS:,} are drawn.")
    num_bytes = 2 * layout.n_layer * layout.n_head * sum(ends)
    whole = layout.config.attention_tier != "summary" and num_bytes <= most_bytes
    weights, bounds = np.full((n, n), np.nan, np.float32), np.full((n, n), np.nan, np.float32)
    for end, (row, bound) in zip(ends, captured.rows(layer, head, whole=whole), strict=True):
        weights[end - 1, :end] = row
        if (unknown := np.isnan(row)).any():
            bounds[end - 1, :end][unknown] = bound
    for step in np.flatnonzero((steps["phase"] == "prefill") & (steps["t_add"] > 1)).tolist():
        frame = reader.frame(step)
        matrix = Captured(frame, layout).matrix(layer, head)  # (t_add, n_keys)
        for query, values in enumerate(matrix[:-1] if matrix is not None else (), frame.pos0):
            weights[query, : query + 1] = values[: query + 1]  # the last one's row is every step's
    return weights, bounds
