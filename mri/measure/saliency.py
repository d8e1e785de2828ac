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

from mri.arrays import Doubles, Floats
from mri.errors import ConfigError
from mri.format.captured import Captured
from mri.format.events import StepFrame
from mri.format.layout import Layout
from mri.format.wire import frame_from_bytes, iter_records
from mri.store.reader import SessionReader, check_step

STEPS_AT_ONCE = 32
"""Frames in memory while rows are collected."""

MOST_OFF = 0.5
"""Mass that may stand elsewhere at most: beyond, there is no answer. About a seventh of it does (docs/saliency.md)."""


class Saliency(NamedTuple):
    """Influence of the positions 0 … n−1 on what position n−1 predicts.

    weights   (n_positions,) sum to 1          exact   whether every row that it needs was captured whole, in float32
    most_off  how much of the mass can stand elsewhere at most (total variation), 0 … MOST_OFF
    note      one sentence on what was missing; empty where exact
    """

    weights: Floats
    exact: bool
    most_off: float
    note: str


class _Rows(NamedTuple):
    """By position: head-averaged rows (n_layer, position + 1), scaled to sum to 1, NaN where a layer's row was not
    captured; and how far these can be off (n_layer,), see `_off`. partial: positions of which only the strongest keys
    were kept."""

    rows: dict[int, Floats]
    off: dict[int, Doubles]
    partial: set[int]


def rollout(
    rows: Mapping[int, Floats], n_layer: int, position: int, row_off: Mapping[int, Doubles] | None = None
) -> tuple[Floats, float]:
    """Attention mass of the positions 0 … `position` for the prediction of `position`, and how far it can be off.

    `rows[p]` (n_layer, p + 1) are the head-averaged weights of query p, each row summing to 1; `row_off[p]` (n_layer,)
    how much of a row may belong to other keys.  -> mass (position + 1,), sums to 1; total variation
    """
    mass, off = np.zeros(position + 1, np.float64), 0.0
    mass[position] = 1
    for layer in reversed(range(n_layer)):
        after = 0.5 * mass
        for query in np.flatnonzero(mass).tolist():
            after[: query + 1] += 0.5 * mass[query] * rows[query][layer]
            if row_off:
                off += 0.5 * mass[query] * float(row_off[query][layer])
        mass = after
    return mass.astype(np.float32), float(off)


def attention_mass(reader: SessionReader, step: int) -> Saliency:
    """Rolled-out attention for the prediction of `step`, from what the session captured up to it.

    Memory: n_layer · n_positions² · 2 bytes. Raises SessionNotFound for a step that is not there, ConfigError where
    rows that it needs were not captured, with what to record instead.
    """
    layout = reader.session.layout
    check_step(reader, step)
    if not layout.n_head:
        raise ConfigError("This session was not recorded from a language model with attention: choose another one.")
    found, at_once = _Rows({}, {}, set()), 0
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
    weights, off = rollout(found.rows, layout.n_layer, position, found.off)
    if off > MOST_OFF:
        what = "the strongest keys alone" if found.partial else "weights of 8 bits"
        raise ConfigError(
            f"Of so many tokens {what} do not say enough: up to {min(off, 1):.0%} of the attention mass could stand "
            "elsewhere. Record whole rows, with the preset `rows`."
        )
    return Saliency(weights, off == 0, off, _note(len(found.partial), position, off, layout))


def _frames(reader: SessionReader, last: int) -> Iterator[StepFrame]:
    for start in range(0, last + 1, STEPS_AT_ONCE):
        for record in iter_records(reader.records(start, min(start + STEPS_AT_ONCE, last + 1))):
            yield frame_from_bytes(record.payload)


def _collect(found: _Rows, frame: StepFrame, layout: Layout) -> None:
    """Add the rows of the positions that this step read."""
    captured = Captured(frame, layout)
    if captured.has_matrix:
        nothing = np.full((layout.n_head, frame.t_add, frame.pos0 + frame.t_add), np.nan, np.float32)
        layers = [captured.matrix(layer) for layer in range(layout.n_layer)]
        weights = np.stack([nothing if each is None else each for each in layers])  # (n_layer, n_head, T, n_keys)
        rounding = captured.matrix_rounding(weights)
        for t in range(frame.t_add):
            end = frame.pos0 + t + 1
            _add(found, weights[:, :, t, :end], rounding[:, :, t, :end], is_whole=True)
    elif captured.has_attention:
        weights, bounds = captured.attention()  # (n_layer, n_head, n_keys), (n_layer, n_head)
        rounding, is_whole = captured.weight_rounding(weights), not (bounds > 0).any()
        known = np.where(np.isnan(bounds)[..., None], np.nan, np.nan_to_num(weights))  # of a key that was not kept: 0
        _add(found, known, rounding, is_whole)


def _add(found: _Rows, weights: Floats, rounding: Floats, is_whole: bool) -> None:
    """The row of a position: weights and how far they were rounded, (n_layer, n_head, position + 1)."""
    position, mean = weights.shape[-1] - 1, weights.mean(axis=1)
    with np.errstate(invalid="ignore"):  # a row over so many keys that 8 bits made all of it zeros is not known
        found.rows[position] = mean / mean.sum(axis=-1, keepdims=True)
    found.off[position] = _off(weights, rounding, is_whole)
    if not is_whole:
        found.partial.add(position)


def _off(weights: Floats, rounding: Floats, is_whole: bool) -> Doubles:
    """Total variation between the scaled mean of rows and the mean of the rows that they were, at most: (n_layer,).

    A row that sums to 1 is above what was kept of it by as much as that lacks of 1, and besides up here by as much as
    it is down there: no more than the weights can be down, nor, where all keys are known, than they can be up.
    """
    if is_whole and not rounding.any():
        return np.zeros(len(weights))
    lacking = 1 - weights.sum(axis=-1, dtype=np.float64)  # (n_layer, n_head)
    moved = np.minimum(weights, rounding).sum(axis=-1, dtype=np.float64)
    if is_whole:
        moved = np.minimum(moved, np.minimum(rounding, 1 - weights).sum(axis=-1, dtype=np.float64) - lacking)
    off: Doubles = np.maximum(moved, 0).mean(axis=-1) + np.maximum(lacking.mean(axis=-1), 0)
    return off


def _note(num_partial: int, position: int, off: float, layout: Layout) -> str:
    if off == 0:
        return ""
    reasons = []
    if num_partial:
        reasons.append(
            f"of {num_partial} of the {position + 1} positions only the strongest keys of each head were kept, which "
            "were scaled up to sum to 1"
        )
    if layout.config.quantization != "f32":
        bits = 8 if layout.config.quantization == "q8" and layout.config.attention_tier != "summary" else 16
        reasons.append(f"weights were rounded to {bits} bits")
    return f"Approximate: {'; '.join(reasons)}. Up to {off:.2%} of the mass may stand elsewhere."
