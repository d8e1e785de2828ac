"""Over all steps of a session: surprise, entropy and a statistic of every hook point; one neuron's value; scales.

Reads columns of a session, gives arrays; knows no figures.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mri.arrays import Floats
from mri.errors import ConfigError, UnknownHookPoint
from mri.format.captured_steps import CapturedSteps
from mri.format.hook_points import STATS
from mri.format.layout import LAYERS_DROPPED_BIT
from mri.store.reader import SessionReader

MAX_COLUMNS = 2048
"""Most columns of a series: more steps than a screen has pixels are taken together."""


class Series(NamedTuple):
    """Lines over all steps, NaN where nothing was captured. Column c stands for the steps every·c … every·(c+1)−1.

    surprise   (n_columns,) bits, −log2 p of the chosen token at temperature 1
    entropy    (n_columns,) bits, of the whole distribution
    points     (n_points, n_columns) one statistic of every hook point, in the layout's order
    every      steps to a column, of which the largest value is kept (of `min`, the smallest)
    """

    surprise: Floats
    entropy: Floats
    points: Floats
    every: int


def series_over_steps(reader: SessionReader, stat: str) -> Series:
    """What the timeline and the layer list draw of a whole session. Raises ConfigError on an unknown statistic.

    Memory: the statistic's column, 4 bytes · num_steps · n_points.
    """
    if stat not in STATS:
        raise ConfigError(f"stat={stat!r} is no statistic: use one of {', '.join(STATS)}.")
    num_steps = reader.num_steps
    every = _steps_to_a_column(num_steps)
    starts = np.arange(0, num_steps, every)
    nats, entropy = _scalars(reader, "logits/chosen_logprob"), _scalars(reader, "logits/entropy")
    points = np.empty((0, len(reader.session.layout.points)), np.float32)
    if num_steps:
        points = reader.column("stats", slice(None), STATS.index(stat))  # (num_steps, n_points)
    extreme = np.fmin if stat == "min" else np.fmax  # of a number and NaN, the number
    return Series(
        np.fmax.reduceat(nats / np.float32(-np.log(2)), starts) if num_steps else nats,
        np.fmax.reduceat(entropy, starts) if num_steps else entropy,
        np.ascontiguousarray(extreme.reduceat(points, starts, axis=0).T if num_steps else points.T),
        every,
    )


def first_odd(reader: SessionReader) -> tuple[int, str] | None:
    """The first step with NaN or ±∞ and its first hook point that has them, in the layout's order: where it began.

    Memory: 4 bytes · num_steps · n_points.
    """
    layout = reader.session.layout
    if not reader.num_steps or not layout.points:
        return None
    odd = ~np.isfinite(reader.column("stats", slice(None), STATS.index("l2")))  # (num_steps, n_points)
    gaps = reader.steps()["dropped"] >> LAYERS_DROPPED_BIT & 1  # rows of dropped layers read as NaN
    for step in np.flatnonzero(odd.any(axis=1)).tolist():
        dropped = reader.dropped_layers(step) if gaps[step] else ()
        for row in np.flatnonzero(odd[step]).tolist():
            if layout.points[row].layer_index not in dropped:
                return step, layout.points[row].key
    return None


class Extra(NamedTuple):
    """A number that a training script recorded beside the hook points, such as its loss, over the columns of a Series.

    values     (n_columns,) the largest of each column's steps; NaN where one of them is, or where there is none
    present    (n_columns,) False where no step has one
    """

    values: Floats
    present: npt.NDArray[np.bool_]


def extras_over_steps(reader: SessionReader) -> dict[str, Extra]:
    """By name, the loss first; of arrays that are no single number nothing. `every` is that of `series_over_steps`."""
    num_steps = reader.num_steps
    starts = np.arange(0, num_steps, _steps_to_a_column(num_steps))
    found = {}
    for name, present in reader.present("extra/").items():
        if reader.column(name, steps=[int(np.flatnonzero(present)[0])]).ndim > 1:
            continue
        values = np.where(present, reader.column(name), -np.inf).astype(np.float32)
        largest, has = np.maximum.reduceat(values, starts), np.logical_or.reduceat(present, starts)
        found[name.removeprefix("extra/")] = Extra(np.where(has, largest, np.float32(np.nan)), has)
    return dict(sorted(found.items(), key=lambda item: (item[0] != "loss", item[0])))


def _steps_to_a_column(num_steps: int) -> int:
    return max(1, -(-num_steps // MAX_COLUMNS))


class History(NamedTuple):
    """One neuron in every step, (num_steps,) each.

    values     NaN where not captured; a captured NaN is NaN too
    bounds     the most its magnitude can be where it fell below the top-k, NaN elsewhere
    captured   tells the two kinds of NaN apart
    """

    values: Floats
    bounds: Floats
    captured: npt.NDArray[np.bool_]


def neuron_over_steps(reader: SessionReader, key: str, neuron: int) -> tuple[Floats, Floats]:
    """Values and bounds of `neuron_history`, as figures draw them."""
    history = neuron_history(reader, key, neuron)
    return history.values, history.bounds


def neuron_history(reader: SessionReader, key: str, neuron: int) -> History:
    """One neuron of hook point `key` in every step, read by columns.

    Raises UnknownHookPoint, IndexError on a neuron that is not there.
    """
    layout = reader.session.layout
    width = layout.width(key)
    if not 0 <= neuron < width:
        raise IndexError(f"{key} has the neurons 0 to {width - 1}, there is no {neuron}.")
    captured = CapturedSteps(reader)
    unknown, has = np.full(reader.num_steps, np.nan, np.float32), captured.has(key)
    payload = captured.payload(key, neuron=neuron) if has.any() else None
    if payload is None:
        return History(unknown, unknown.copy(), np.zeros(len(unknown), bool))
    if payload.neurons.ndim == 1:  # this one alone
        return History(payload.values[:, 0], unknown, has)
    here = (payload.neurons == neuron) & has[:, None]
    values, found = np.where(here, payload.values, np.float32(0)).sum(axis=1, dtype=np.float32), here.any(axis=1)
    nan = np.float32(np.nan)
    return History(np.where(found, values, nan), np.where(found, nan, payload.bounds), found)


def full_scales(reader: SessionReader) -> dict[str, float]:
    """Hook point -> magnitude at the top of the colour scale: what nine in ten steps have as their p99 at most.

    One number per hook point for the whole session, so that a dot means the same in every step.
    """
    stats = reader.column("stats")  # (num_steps, n_points, 7)
    scales = {}
    for row, point in enumerate(reader.session.layout.points):
        p99 = stats[:, row, STATS.index("p99")]
        most = np.abs(stats[:, row, [STATS.index("min"), STATS.index("max")]])
        for candidates, quantile in ((p99, 0.9), (most, 1.0)):
            candidates = candidates[np.isfinite(candidates)]
            scale = float(np.quantile(candidates, quantile)) if candidates.size else 0.0
            if scale > 0:
                break
        scales[point.key] = scale or 1.0
    return scales


def largest_statistic(reader: SessionReader) -> float:
    """Largest finite magnitude of min and max over all hook points and steps; 1 where there is none."""
    ends = reader.column("stats")[:, :, [STATS.index("min"), STATS.index("max")]]
    return float(np.abs(ends[np.isfinite(ends)]).max(initial=0)) or 1.0


def _scalars(reader: SessionReader, name: str) -> Floats:
    """(num_steps,) of an array that is one number a step; NaN throughout where no step has it."""
    try:
        return reader.column(name).astype(np.float32)
    except UnknownHookPoint:
        return np.full(reader.num_steps, np.nan, np.float32)
