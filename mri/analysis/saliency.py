"""Attention mass: how much of each token reaches a step's prediction through attention, rolled out over the layers.

Attention rollout of Abnar & Zuidema 2020 (arXiv 2005.00928): per layer A' = ½ A + ½ I, A averaged over heads, rows
summing to 1; the mass of a token is the last row of A'(last layer) · … · A'(first layer). It follows weights only:
what the values carry, and what the MLPs do, it does not know. Refuses where a row that it needs was not captured, or so
little of one that most of the mass could stand elsewhere. Numpy in, numpy out; docs/saliency.md says more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mri.captured import Captured
from mri.errors import ConfigError, SessionNotFound
from mri.events import StepFrame
from mri.layout import Layout
from mri.store.reader import SessionReader
from mri.wire import frame_from_bytes, iter_records

Floats = npt.NDArray[np.float32]

STEPS_AT_ONCE = 32
"""Frames in memory while rows are collected."""

MOST_OFF = 0.5
"""Mass that may stand elsewhere at most: beyond, there is no answer. About a seventh of it does (docs/saliency.md)."""


class Saliency(NamedTuple):
    """Influence of the positions 0 … n−1 on what position n−1 predicts.

    weights   (n_positions,) sum to 1          exact   whether every row that it needs was captured whole
    most_off  how much of the mass can stand elsewhere at most (total variation), 0 … MOST_OFF
    note      one sentence on what was missing; empty where exact
    """

    weights: Floats
    exact: bool
    most_off: float
    note: str


class _Rows(NamedTuple):
    """By position: head-averaged rows (n_layer, position + 1), scaled to sum to 1, NaN where a layer's row was not
    captured; and where only the strongest keys were kept, what they left of 1 (n_layer,)."""

    rows: dict[int, Floats]
    left: dict[int, Floats]


def rollout(
    rows: Mapping[int, Floats], n_layer: int, position: int, left: Mapping[int, Floats] | None = None
) -> tuple[Floats, float]:
    """Attention mass of the positions 0 … `position` for the prediction of `position`, and how far it can be off.

    `rows[p]` (n_layer, p + 1) are the head-averaged weights of query p, each row summing to 1; `left[p]` (n_layer,) the
    share of a row that was not kept, and may belong to other keys.  -> mass (position + 1,), sums to 1; total variation
    """
    mass, off = np.zeros(position + 1, np.float64), 0.0
    mass[position] = 1
    for layer in reversed(range(n_layer)):
        after = 0.5 * mass
        for query in np.flatnonzero(mass).tolist():
            after[: query + 1] += 0.5 * mass[query] * rows[query][layer]
            if left and query in left:
                off += 0.5 * mass[query] * float(left[query][layer])
        mass = after
    return mass.astype(np.float32), off


def attention_mass(reader: SessionReader, step: int) -> Saliency:
    """Rolled-out attention for the prediction of `step`, from what the session captured up to it.

    Memory: n_layer · n_positions² · 2 bytes. Raises SessionNotFound for a step that is not there, ConfigError where
    rows that it needs were not captured, with what to record instead.
    """
    layout = reader.session.layout
    if not 0 <= step < reader.num_steps:
        raise SessionNotFound(f"Session {reader.session.id} has {reader.num_steps} steps: there is no step {step}.")
    if not layout.n_head:
        raise ConfigError("This session was not recorded from a language model with attention: choose another one.")
    found, at_once = _Rows({}, {}), 0
    for frame in _frames(reader, step):
        position = frame.pos0 + frame.t_add - 1
        _collect(found, frame, layout)
        at_once += (frame.t_add - 1) * (not Captured(frame, layout).has_matrix)
    missing = [p for p in range(1, position + 1) if p not in found.rows or np.isnan(found.rows[p]).any()]
    if at_once and missing:
        raise ConfigError(
            f"What {len(missing)} of the {position + 1} tokens looked at was not captured, since the prompt was read "
            "in one pass: record it token by token, with the preset `rows`."
        )
    if missing:
        raise ConfigError(
            f"The attention weights of {len(missing)} of the {position + 1} tokens were not captured, or are NaN: "
            "record again with a larger max_bytes_per_step."
        )
    weights, off = rollout(found.rows, layout.n_layer, position, found.left)
    if off > MOST_OFF:
        raise ConfigError(
            f"Of so many tokens the strongest keys alone do not say enough: up to {min(off, 1):.0%} of the attention "
            "mass could stand elsewhere. Record whole rows, with the preset `rows`."
        )
    note = _note(len(found.left), position, off, layout)
    return Saliency(weights, not note, off, note)


def _frames(reader: SessionReader, last: int) -> Iterator[StepFrame]:
    for start in range(0, last + 1, STEPS_AT_ONCE):
        for record in iter_records(reader.records(start, min(start + STEPS_AT_ONCE, last + 1))):
            yield frame_from_bytes(record.payload)


def _collect(found: _Rows, frame: StepFrame, layout: Layout) -> None:
    """Add the rows of the positions that this step read."""
    captured = Captured(frame, layout)
    if captured.has_matrix:
        nothing = np.full((frame.t_add, frame.pos0 + frame.t_add), np.nan, np.float32)
        matrices = [captured.matrix(layer) for layer in range(layout.n_layer)]  # (n_head, T, n_keys) each
        mean = np.stack([nothing if each is None else each.mean(axis=0) for each in matrices])
        for t in range(frame.t_add):
            position = frame.pos0 + t
            found.rows[position] = _normalised(mean[:, t, : position + 1])
    elif captured.has_attention:
        weights, bounds = captured.attention()  # (n_layer, n_head, n_keys), (n_layer, n_head)
        position = frame.pos0 + frame.t_add - 1
        mean = np.nan_to_num(weights).mean(axis=1)  # of a key that was not kept: 0
        mean[np.isnan(bounds).any(axis=1)] = np.nan
        found.rows[position] = _normalised(mean)
        if (bounds > 0).any():
            found.left[position] = np.maximum(0, 1 - mean.sum(axis=-1))


def _normalised(rows: Floats) -> Floats:
    """Rows (n_layer, n) that sum to 1: float16 and 8-bit weights do so only nearly, the strongest keys by far not."""
    with np.errstate(invalid="ignore"):  # a row that 8 bits made all zeros is not known
        out: Floats = rows / rows.sum(axis=-1, keepdims=True)
    return out


def _note(num_partial: int, position: int, off: float, layout: Layout) -> str:
    reasons = []
    if num_partial:
        reasons.append(
            f"of {num_partial} of the {position + 1} positions only the strongest keys of each head were kept, which "
            f"were scaled up to sum to 1, so that up to {off:.1%} of the mass may stand elsewhere"
        )
    if layout.config.quantization == "q8" and layout.config.attention_tier != "summary":
        reasons.append("weights were kept with 8 bits")
    return f"Approximate: {'; '.join(reasons)}." if reasons else ""
