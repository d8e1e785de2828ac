"""What was captured in all steps of a recording, read by columns: the other half of captured.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from mri.arrays import Bools, Floats
from mri.errors import UnknownHookPoint
from mri.format.captured import Payload, bound_of_others, payload_of
from mri.format.events import PHASES, Array, TraceSession, dequantized
from mri.format.layout import LAYERS_DROPPED_BIT, PAYLOADS, Layout


class Recording(Protocol):
    """What `CapturedSteps` reads by: a store.reader.SessionReader."""

    session: TraceSession

    @property
    def num_steps(self) -> int: ...
    def column(self, name: str, *index: Any, steps: Sequence[int] | None = None) -> Array: ...
    def steps(self) -> dict[str, Array]: ...
    def dropped_layers(self, step: int) -> tuple[int, ...]: ...


def by_width(layout: Layout, keys: Sequence[str]) -> list[list[str]]:
    """Those of `keys` that keep values, the ones of one width together: what can be read at once."""
    widths: dict[int, list[str]] = {}
    for key in keys:
        if key in layout.places:
            widths.setdefault(layout.width(key), []).append(key)
    return list(widths.values())


class CapturedSteps:
    """What a recording has of hook points and heads in all of its steps, read by columns."""

    def __init__(self, reader: Recording) -> None:
        self.layout, self._reader = reader.session.layout, reader

    def has(self, key: str) -> Bools:
        """(num_steps,) which steps captured values of a hook point: its layer and its payload were kept."""
        if key not in self.layout.places:
            return np.zeros(self._reader.num_steps, bool)
        layer_index, has = self.layout.points[self.layout.row(key)].layer_index, self._carry_values.copy()
        for step, gone in self._dropped_layers.items():
            has[step] &= layer_index not in gone
        return has

    def payload(
        self, keys: str | Sequence[str], *, steps: Sequence[int] | None = None, neuron: int | None = None
    ) -> Payload | None:
        """Values of a hook point, or of several of one width, in all steps or in `steps`; of `neuron` alone where it
        always has the same place. None where no step has any."""
        first = keys if isinstance(keys, str) else keys[0]
        if first not in self.layout.places:
            return None
        group, row = self.layout.places[first]
        rows = row if isinstance(keys, str) else [self.layout.places[key][1] for key in keys]
        neurons, part = self.layout.neurons(first), slice(None)
        if neurons is not None and neuron is not None:
            place = int(np.searchsorted(neurons, neuron))
            part = slice(place, place + 1)
            if neurons[part].tolist() != [neuron]:
                return None
            neurons = neurons[part]

        def column(leaf: str) -> Array:
            index = (rows, part) if leaf == "values" else (rows,)
            return self._reader.column(f"{group}/{leaf}", *index, steps=steps)

        try:
            return payload_of(self.layout, neurons, column)
        except UnknownHookPoint:  # the byte budget left it out of all of them
            return None

    def values(self, key: str) -> Floats:
        """(num_steps, width), NaN where not captured (a captured NaN is NaN too)."""
        out = np.full((self._reader.num_steps, self.layout.width(key)), np.nan, np.float32)
        if (payload := self.payload(key)) is not None:
            steps = np.flatnonzero(self.has(key))
            out[steps[:, None], np.broadcast_to(payload.neurons, payload.values.shape)[steps]] = payload.values[steps]
        return out

    def heads(self, what: str, *index: Any) -> Array | None:
        """(num_steps, n_layer, n_head) `entropy` (bits) or `max_weight` of the last query's row; None where no step has
        attention."""
        try:
            return self._reader.column(f"attention/{what}", *index)
        except UnknownHookPoint:
            return None

    def rows(self, layer: int, head: int, *, whole: bool) -> Iterator[tuple[Floats, float]]:
        """Of each step what `Captured.row` gives. Of whole rows where `whole`, else of the strongest keys.

        Raises UnknownHookPoint where no step has attention.
        """
        steps = self._steps
        keys = self._reader.column("attention/keys", layer, head)  # (num_steps, 8)
        strongest = self._reader.column("attention/weights", layer, head)  # (num_steps, 8), NaN behind the last
        rows = self.heads("rows", layer, head) if whole else None  # (num_steps, n)
        has_row = steps["dropped"] >> PAYLOADS.index("attention/rows") & 1 == 0
        counts = np.isfinite(strongest).sum(axis=1).tolist()  # the finite ones come first, or none is
        for step, (n_keys, count) in enumerate(zip((steps["pos0"] + steps["t_add"]).tolist(), counts, strict=True)):
            if rows is not None and has_row[step] and count:
                yield dequantized(rows[step, :n_keys], None), 0.0
                continue
            row, bound, weights = np.full(n_keys, np.nan, np.float32), np.nan, strongest[step, :count]
            row[keys[step, :count]] = weights
            if count:
                bound = float(bound_of_others(weights)) if count < n_keys else 0.0
            yield row, bound

    @cached_property
    def _steps(self) -> dict[str, Array]:
        return self._reader.steps()

    @cached_property
    def _carry_values(self) -> Bools:
        phases = [phase for phase in PHASES if self.layout.carries_payload(phase)]
        bit = PAYLOADS.index(self.layout.config.capture_mode)
        carry: Bools = np.isin(self._steps["phase"], phases) & (self._steps["dropped"] >> bit & 1 == 0)
        return carry

    @cached_property
    def _dropped_layers(self) -> dict[int, tuple[int, ...]]:
        steps = np.flatnonzero(self._steps["dropped"] >> LAYERS_DROPPED_BIT & 1).tolist()
        return {step: self._reader.dropped_layers(step) for step in steps}
