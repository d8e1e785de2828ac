"""What the neurons of hook points did over the steps of sessions, and what stands in for values that were not captured.

Reads columns of sessions, gives arrays (neurons × steps). Knows no groups, no figures, no models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mri.arrays import Floats, Ints
from mri.errors import ConfigError, UnknownHookPoint
from mri.format.captured_steps import CapturedSteps, by_width
from mri.format.config import sampled_indices
from mri.format.layout import Layout
from mri.measure.truncated import between
from mri.store.reader import SessionReader
from mri.study.contexts import contexts

READ_BYTES = 64 << 20
"""Most bytes of one column that are in memory at once: hook points are read in batches of so much."""

EM_ROUNDS = 8
EM_SAMPLE = 200_000
"""Missing values that the rounds look at; the last estimate is used for all."""


@dataclass(frozen=True, eq=False)
class Activity:
    """Neurons of one or more hook points over the steps of one or more sessions.

    keys         hook points; `point` (n,) numbers them for each neuron, `neuron` (n,) is its number there
    sessions     ids of those that have values; `session` (n_steps,) numbers them for each column, `step` (n_steps,) is
                 the step there
    values       (n, n_steps) activation, NaN where not captured or where no finite number was
    low, high    (n_points, n_steps) where a value that was not captured lies; ±inf where nothing bounds it
    captured     (n,) steps with a finite value
    Columns in which nothing of these hook points was captured (a prompt read in one pass) are left out, and so are
    those behind a text that a later session of the list has too.
    """

    keys: tuple[str, ...]
    point: Ints
    neuron: Ints
    sessions: tuple[str, ...]
    session: Ints
    step: Ints
    values: Floats
    low: Floats
    high: Floats

    @property
    def captured(self) -> Ints:
        counts: Ints = np.isfinite(self.values).sum(axis=1)
        return counts

    def row(self, key: str, neuron: int) -> int:
        """Row of a neuron. Raises UnknownHookPoint where it is not among these (sampled mode leaves some out)."""
        point = self.keys.index(key) if key in self.keys else -1
        rows = np.flatnonzero((self.point == point) & (self.neuron == neuron))
        if not len(rows):
            raise UnknownHookPoint(f"Nothing was captured of neuron {neuron} of {key}: choose another one.")
        return int(rows[0])

    def taken(self, rows: Ints) -> Activity:
        """Only some of the neurons."""
        fields = {**vars(self), "point": self.point[rows], "neuron": self.neuron[rows], "values": self.values[rows]}
        return Activity(**fields)


def activity_of(readers: Sequence[SessionReader], keys: Sequence[str]) -> Activity:
    """The neurons of `keys` over all steps of `readers`, sessions of one model, one after the other. Each text counts
    once: of steps behind the same tokens the one of the last reader is taken.

    Raises UnknownHookPoint, and ConfigError where no session kept values of them.
    """
    widths = [readers[0].session.layout.width(key) for key in keys]
    parts, with_values, steps, seen = [], list[SessionReader](), [], set[int]()
    for reader in reversed(readers):
        found = dict(values_of(reader, keys))
        if not found:
            continue
        sized = zip(keys, widths, strict=True)
        values = np.concatenate([found[key][0] if key in found else _nothing(reader, w) for key, w in sized])
        bounds = np.stack([found[key][1] if key in found else _nothing(reader, 1)[0] for key in keys])
        here = np.isfinite(values).any(axis=0) | np.isfinite(bounds).any(axis=0)  # (num_steps,)
        texts = contexts(reader).tolist()
        here &= np.array([text not in seen for text in texts], bool)
        seen |= {text for text, is_here in zip(texts, here, strict=True) if is_here}
        if here.any():
            parts.append((values[:, here], bounds[:, here]))
            steps.append(np.flatnonzero(here))
            with_values.append(reader)
    if not parts:
        raise ConfigError(
            f"No values of {keys[0]} were captured here, only statistics: choose another hook point, or record with "
            "`--capture everything`."
        )
    parts, with_values, steps = parts[::-1], with_values[::-1], steps[::-1]
    values = np.concatenate([values for values, _ in parts], axis=1)
    bounds = np.concatenate([bounds for _, bounds in parts], axis=1)
    high = np.where(np.isnan(bounds), np.float32(np.inf), bounds)
    low = np.stack([_least(key, row) for key, row in zip(keys, high, strict=True)])
    point, neuron = np.repeat(np.arange(len(keys)), widths), np.concatenate([np.arange(width) for width in widths])
    sessions = tuple(reader.session.id for reader in with_values)
    session = np.repeat(np.arange(len(steps)), [*map(len, steps)])
    step = np.concatenate(steps)
    activity = Activity(tuple(keys), point, neuron, sessions, session, step, values, low, high)
    known = _known_neurons(readers[0].session.layout, keys, widths)
    return activity if known.all() else activity.taken(np.flatnonzero(known))


def _nothing(reader: SessionReader, width: int) -> Floats:
    return np.full((width, reader.num_steps), np.nan, np.float32)


def _least(key: str, high: Floats) -> Floats:
    """What a missing value is at least: relu² is never negative."""
    return np.zeros_like(high) if key.endswith(".mlp_act") else -high


def _known_neurons(layout: Layout, keys: Sequence[str], widths: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Which neurons can have been captured at all: in sampled mode those that were drawn."""
    out = np.ones(sum(widths), bool)
    if layout.config.capture_mode == "sampled":
        parts = (np.isin(np.arange(width), sampled_indices(layout.config, width)) for width in widths)
        out = np.concatenate(list(parts))
    return out


def values_of(reader: SessionReader, keys: Sequence[str]) -> Iterator[tuple[str, tuple[Floats, Floats]]]:
    """Hook point -> values (width, num_steps), NaN where not captured or no finite number, and bounds (num_steps,),
    the most that the magnitude of a missing value can be, NaN where nothing bounds it. Those of `keys` that the session
    kept values of, in batches that fit the memory. Raises UnknownHookPoint.
    """
    layout = reader.session.layout
    for key in keys:
        layout.row(key)
    for members in by_width(layout, keys):
        width, kept = layout.width(members[0]), layout.neurons(members[0])
        per_key = 4 * max(1, reader.num_steps) * (layout.topk if kept is None else len(kept))
        at_once = max(1, READ_BYTES // per_key)
        for first in range(0, len(members), at_once):
            batch = members[first : first + at_once]
            yield from zip(batch, _read(reader, batch, width), strict=True)


def _read(reader: SessionReader, keys: Sequence[str], width: int) -> Iterator[tuple[Floats, Floats]]:
    payload = CapturedSteps(reader).payload(keys)
    if payload is None:
        return iter([(_nothing(reader, width), _nothing(reader, 1)[0]) for _ in keys])
    values, neurons = payload.values, payload.neurons
    values[~np.isfinite(values)] = np.nan
    if neurons.ndim == 1:
        return _dense(values, neurons, width)
    return _scattered(values, neurons, payload.bounds, width)


def _dense(values: Floats, places: Ints, width: int) -> Iterator[tuple[Floats, Floats]]:
    for i in range(values.shape[1]):
        out = np.full((width, len(values)), np.nan, np.float32)
        out[places] = values[:, i].T
        yield out, np.full(len(values), np.nan, np.float32)


def _scattered(values: Floats, indices: Ints, bounds: Floats, width: int) -> Iterator[tuple[Floats, Floats]]:
    for i in range(values.shape[1]):
        out = np.full((width, len(values)), np.nan, np.float32)
        steps = np.flatnonzero(np.isfinite(bounds[:, i]))  # where the step lacks the row, its indices are all 0
        out[indices[steps, i], steps[:, None]] = values[steps, i]
        yield out, bounds[:, i]


def family(layout: Layout, key: str) -> tuple[str, ...]:
    """The same place in every block, bottom to top; only `key` where it is in no block."""
    block, _, name = key.partition(".")[2].partition(".")
    if not (key.startswith("block.") and block.isdigit()):
        return (key,)
    same = (point.key for point in layout.points if point.key.startswith("block.") and point.key.endswith(f".{name}"))
    return tuple(each for each in same if each.split(".", 2)[2] == name)


def filled(activity: Activity) -> Floats:
    """(n, n_steps) the values, and for each missing one what is to be expected of it between its bounds.

    Each neuron is taken as a normal variable of which some values are only known to lie in an interval; its mean and
    deviation are those of most likelihood, found by expectation and maximisation (Dempster, Laird & Rubin 1977), and a
    missing value becomes the mean of that normal between its bounds. It never leaves them. relu² piles up at exactly 0,
    which no normal does: there a missing value is 0, the least that it can be. See docs/neurons.md, also for how far
    this is from the truth.
    """
    values = activity.values.copy()
    resting = np.array([key.endswith(".mlp_act") for key in activity.keys])[activity.point]  # (n,)
    values[resting] = np.nan_to_num(values[resting])
    rows, columns = np.nonzero(~np.isfinite(values))
    if not len(rows):
        return values
    low, high = activity.low[activity.point[rows], columns], activity.high[activity.point[rows], columns]
    known, weight = np.isfinite(values), -(-len(rows) // EM_SAMPLE)
    some = slice(None, None, weight)  # of every neuron about the same share of its missing values
    num_known = known.sum(axis=1)
    num_seen = np.bincount(rows[some], minlength=len(values))
    share = np.divide(values.shape[1] - num_known, num_seen, out=np.zeros(len(values)), where=num_seen > 0)
    of_known = np.where(known, values, 0).astype(np.float64)
    sums, squares = of_known.sum(axis=1), np.square(of_known).sum(axis=1)
    count = num_known + share * num_seen
    expected: Floats = np.clip(np.zeros_like(low[some]), low[some], high[some])
    spread: Floats = np.zeros_like(expected)
    mean = std = np.zeros(len(values))
    for _ in range(EM_ROUNDS):
        mean = (sums + share * np.bincount(rows[some], expected, len(values))) / count
        second = squares + share * np.bincount(rows[some], np.square(expected) + spread, len(values))
        std = np.sqrt(np.maximum(second / count - mean**2, (1e-4 * np.abs(mean) + 1e-12) ** 2))
        expected, spread = between(mean[rows[some]], std[rows[some]], low[some], high[some])
    values[rows, columns] = between(mean[rows], std[rows], low, high)[0]
    return values


def standardised(values: Floats) -> Floats:
    """Each row with mean 0 and deviation 1 over its steps, so that neurons compare by when, not by how much; a row that
    never changes is all zeros."""
    centred = values - values.mean(axis=1, keepdims=True, dtype=np.float64)
    std = centred.std(axis=1, keepdims=True)
    out: Floats = np.divide(centred, std, out=np.zeros_like(centred), where=std > 1e-6).astype(np.float32)
    return out
