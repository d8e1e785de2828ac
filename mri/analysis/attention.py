"""What a frame, and a whole session, knows of its attention weights: values where they were kept, bounds where not.

Numpy in, numpy out. The browser does the same in `assets/js/core/layout.mjs`; tests hold the two together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mri.captured import Captured
from mri.captured_steps import CapturedSteps
from mri.errors import ConfigError
from mri.store.reader import SessionReader

Floats = npt.NDArray[np.float32]

MAP_MOST_BYTES = 32_000_000
"""A map reads at most so much of whole rows: what a click can wait for."""
MAP_MOST_POSITIONS = 4096
"""A map of so many takes 134 MB."""


def mean_distance(weights: Floats, bounds: Floats) -> tuple[Floats, Floats]:
    """How far back each head looks on average: Σ w·(query − key), in tokens; of what `Captured.attention` gives.

    -> low, high (n_layer, n_head): with what the kept keys leave of 1 on the nearest and on the farthest of the other
       keys. Equal where the whole row is known, NaN where nothing of it is.
    """
    distance = np.arange(weights.shape[-1], dtype=np.float64)[::-1]  # the query is the last position
    unknown = np.isnan(weights)
    known = np.nansum(weights * distance, axis=-1)
    left = np.where(unknown.any(axis=-1), np.maximum(0, 1 - np.nansum(weights, axis=-1, dtype=np.float64)), 0)
    nearest = np.where(unknown, distance, np.inf).min(axis=-1, initial=weights.shape[-1])
    farthest = np.where(unknown, distance, 0).max(axis=-1, initial=0)
    nothing = np.isnan(bounds)
    low, high = (np.where(nothing, np.nan, known + left * end).astype(np.float32) for end in (nearest, farthest))
    return low, high


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
