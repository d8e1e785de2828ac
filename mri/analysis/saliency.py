"""Attention mass: how much of each token reaches a step's prediction through attention, rolled out over the layers.

Attention rollout of Abnar & Zuidema 2020 (arXiv 2005.00928): per layer A' = ½ A + ½ I, A averaged over heads, rows
summing to 1; the mass of a token is the last row of A'(last layer) · … · A'(first layer). It follows weights only:
what the values carry, and what the MLPs do, it does not know. Numpy in, numpy out; docs/saliency.md says more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mri.analysis.attention import attention_rows
from mri.errors import ConfigError, SessionNotFound
from mri.events import StepFrame, dequantized
from mri.layout import Layout
from mri.store.reader import SessionReader
from mri.wire import frame_from_bytes, iter_records

Floats = npt.NDArray[np.float32]

STEPS_AT_ONCE = 32
"""Frames in memory while rows are collected."""


class Saliency(NamedTuple):
    """Influence of the positions 0 … n−1 on what position n−1 predicts.

    weights   (n_positions,) sum to 1          exact   whether every row that it needs was captured whole
    note      one sentence on what was missing; empty where exact
    """

    weights: Floats
    exact: bool
    note: str


class _Rows(NamedTuple):
    """Head-averaged rows by position: (n_layer, position + 1), NaN where a layer's row was not captured."""

    rows: dict[int, Floats]
    partial: set[int]
    """Positions of which only the strongest keys were kept; their rows were scaled up to sum to 1."""


def rollout(rows: Mapping[int, Floats], n_layer: int, position: int) -> Floats:
    """Attention mass of the positions 0 … `position` for the prediction of `position`: (position + 1,), sums to 1.

    `rows[p]` (n_layer, p + 1) are the head-averaged weights of query p, each row summing to 1. Where a row is not
    there or NaN, nothing is known of what that position read in that layer: its mass stays with it.
    """
    mass = np.zeros(position + 1, np.float64)
    mass[position] = 1
    for layer in reversed(range(n_layer)):
        after = 0.5 * mass
        for query in np.flatnonzero(mass).tolist():
            row = rows[query][layer] if query in rows else None
            if row is None or np.isnan(row[0]):
                after[query] += 0.5 * mass[query]
            else:
                after[: query + 1] += 0.5 * mass[query] * row
        mass = after
    return mass.astype(np.float32)


def attention_mass(reader: SessionReader, step: int) -> Saliency:
    """Rolled-out attention for the prediction of `step`, from whatever the session captured up to it.

    Memory: n_layer · n_positions² · 2 bytes. Raises SessionNotFound for a step that is not there, ConfigError where
    the step has no attention weights.
    """
    layout = reader.session.layout
    if not 0 <= step < reader.num_steps:
        raise SessionNotFound(f"Session {reader.session.id} has {reader.num_steps} steps: there is no step {step}.")
    found = _Rows({}, set())
    for frame in _frames(reader, step):
        _collect(found, frame, layout)
        position = frame.pos0 + frame.t_add - 1
    if position not in found.rows:
        raise ConfigError(
            f"Step {step} of this session has no attention weights: record again with a larger max_bytes_per_step."
            if layout.n_head
            else "This session was not recorded from a language model with attention: choose another one."
        )
    weights = rollout(found.rows, layout.n_layer, position)
    missing = [p for p in range(1, position + 1) if p not in found.rows or np.isnan(found.rows[p]).any()]
    note = _note(missing, found.partial, position, layout)
    return Saliency(weights, not note, note)


def _frames(reader: SessionReader, last: int) -> Iterator[StepFrame]:
    for start in range(0, last + 1, STEPS_AT_ONCE):
        for record in iter_records(reader.records(start, min(start + STEPS_AT_ONCE, last + 1))):
            yield frame_from_bytes(record.payload)


def _collect(found: _Rows, frame: StepFrame, layout: Layout) -> None:
    """Add the rows of the positions that this step read."""
    if "attention/matrix" in frame.arrays:
        kept = [layer for layer in range(layout.n_layer) if layer not in frame.dropped_layers]
        mean = dequantized(frame.arrays["attention/matrix"], None).mean(axis=1)  # (n_kept, T, n_keys)
        for t in range(frame.t_add):
            position = frame.pos0 + t
            rows = np.full((layout.n_layer, position + 1), np.nan, np.float32)
            rows[kept] = mean[:, t, : position + 1]
            found.rows[position] = _normalised(rows)
    elif "attention/keys" in frame.arrays:
        weights, bounds = attention_rows(frame, layout)  # (n_layer, n_head, n_keys), (n_layer, n_head)
        position = frame.pos0 + frame.t_add - 1
        mean = np.nan_to_num(weights).mean(axis=1)  # of a key that was not kept: 0
        mean[np.isnan(bounds).any(axis=1)] = np.nan
        found.rows[position] = _normalised(mean)
        if (bounds > 0).any():
            found.partial.add(position)


def _normalised(rows: Floats) -> Floats:
    """Rows (n_layer, n) that sum to 1: float16 and 8-bit weights do so only nearly, the strongest keys by far not."""
    with np.errstate(invalid="ignore"):  # a row that 8 bits made all zeros is not known
        out: Floats = rows / rows.sum(axis=-1, keepdims=True)
    return out


def _note(missing: list[int], partial: set[int], position: int, layout: Layout) -> str:
    reasons = []
    if partial:
        reasons.append(
            f"of {len(partial)} of the {position + 1} positions only the strongest keys of each head were kept, "
            "which were scaled up to sum to 1"
        )
    if missing:
        reasons.append(
            f"what {len(missing)} of the {position + 1} positions read was not captured, so that mass stays with them"
        )
    if layout.config.quantization == "q8" and layout.config.attention_tier != "summary":
        reasons.append("weights were kept with 8 bits")
    return f"Approximate: {'; '.join(reasons)}." if reasons else ""
