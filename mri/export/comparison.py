"""What a panel of the Compare page shows, as CSV: the tables of panels.py, of two sessions.

One header row, names with their units; an empty cell was not captured, and `at_most` columns say how large it can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mri.errors import ConfigError
from mri.export.cells import header
from mri.export.panels import Header, csv_pieces
from mri.measure.difference import difference_map, length_map, neuron_differences
from mri.measure.divergence import AttentionDivergence, attention_divergence, prediction_divergence
from mri.store.reader import SessionReader
from mri.study.comparison import Comparison
from mri.study.similarity import cka_keys, cka_of_points, likeness


@dataclass(frozen=True)
class Choice:
    """What is selected: a moment of the comparison's clock, a hook point, a head."""

    moment: int = 0
    point: str = ""
    layer: int = 0
    head: int = 0


Table = tuple[Header, Iterable[list[Any]]]


def comparison_csv(comparison: Comparison, kind: str, choice: Choice) -> Iterator[bytes]:
    """The table of one panel, in pieces. kind: one of `KINDS`. Raises ConfigError, UnknownHookPoint."""
    if kind not in KINDS:
        raise ConfigError(f"There is no table of {kind!r}: the panels with one are {', '.join(KINDS)}.")
    if not 0 <= choice.moment < len(comparison.moments.steps):
        raise ConfigError(f"There is no moment {choice.moment}: there are {len(comparison.moments.steps)}.")
    return csv_pieces(*KINDS[kind](comparison, choice))


def _cell(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def _map(comparison: Comparison, _: Choice) -> Table:
    steps, keys = comparison.matched_steps, comparison.lengths
    found = difference_map(comparison.one, comparison.other, steps, comparison.keys)
    lengths = length_map(comparison.one, comparison.other, steps, keys)
    moments = np.flatnonzero(comparison.moments.whole)

    def rows() -> Iterable[list[Any]]:
        for column, (moment, (a, b)) in enumerate(zip(moments.tolist(), steps.tolist(), strict=True)):
            for row, key in enumerate(keys):
                at = comparison.keys.index(key) if key in comparison.keys else -1
                values = [_cell(array[at, column]) if at >= 0 else None for array in found]
                yield [moment, a, b, key, *values, _cell(lengths[row, column])]

    ratios = ("difference", "cosine", "difference_at_least", "difference_at_most", "cosine_at_least", "cosine_at_most")
    named = "; ".join(f"{name} [ratio]" for name in ratios)
    start, end = "moment [index]; step_a [index]; step_b [index]; hook_point", "length_b_over_a [difference / mean]"
    return header(f"{start}; {named}; {end}"), rows()


def _sides(comparison: Comparison, choice: Choice) -> list[tuple[SessionReader, int]]:
    """Reader and step of each side. Raises ConfigError where one has none at this moment."""
    a, b = comparison.moments.steps[choice.moment].tolist()
    if a < 0 or b < 0:
        raise ConfigError("At this moment only one of the sessions has a step: choose another moment.")
    return [(comparison.one, a), (comparison.other, b)]


def _attention_of(comparison: Comparison, choice: Choice) -> AttentionDivergence | None:
    """Raises as `_sides`."""
    (one, a), (other, b) = _sides(comparison, choice)
    return attention_divergence(
        one.frame(a), one.session.layout, other.frame(b), other.session.layout, comparison.alignment.positions
    )


def _neurons(comparison: Comparison, choice: Choice) -> Table:
    columns = header(
        "neuron [index]; a [activation]; b [activation]; a_at_most [|activation|]; b_at_most [|activation|]; "
        "difference [b − a]; rounding [± activation]; state"
    )
    (one, a), (other, b) = _sides(comparison, choice)
    found = neuron_differences(one.frame(a), one.session.layout, other.frame(b), other.session.layout, choice.point)

    def rows() -> Iterable[list[Any]]:
        for i, neuron in enumerate(found.neurons.tolist()):
            in_a, in_b = found.both[i] or not np.isnan(found.a[i]), found.both[i] or not np.isnan(found.b[i])
            state = "both captured" if found.both[i] else "at least this much: captured in " + ("A" if in_a else "B")
            values = found.a[i] if in_a else None, found.b[i] if in_b else None
            bounds = None if in_a else _cell(found.bound_a), None if in_b else _cell(found.bound_b)
            yield [neuron, *values, *bounds, _cell(found.difference[i]), _cell(found.rounding[i]), state]

    return columns, rows()


def _heads(comparison: Comparison, choice: Choice) -> Table:
    columns = header("layer [index]; head [index]; divergence_at_least [bits]; divergence_at_most [bits]")
    if (found := _attention_of(comparison, choice)) is None:
        return columns, []
    return columns, (
        [layer, head, _cell(found.low[layer, head]), _cell(found.high[layer, head])]
        for layer, head in np.ndindex(found.low.shape)
    )


def _attention(comparison: Comparison, choice: Choice) -> Table:
    columns = header(
        "place [index]; position_a [index]; position_b [index]; weight_a [probability]; weight_b [probability]; "
        "a_at_most [probability]; b_at_most [probability]"
    )
    if (found := _attention_of(comparison, choice)) is None:
        return columns, []
    if not (0 <= choice.layer < found.low.shape[0] and 0 <= choice.head < found.low.shape[1]):
        raise ConfigError(f"There is no head {choice.head} in block {choice.layer}: choose one of the map.")
    at = choice.layer, choice.head
    of_a, of_b = ({place: i for i, place in enumerate(places.tolist())} for places in (found.place_a, found.place_b))

    def rows() -> Iterable[list[Any]]:
        for place in range(found.a.shape[-1]):
            weights = found.a[at][place], found.b[at][place]
            bounds = [
                _cell(bound[at]) if np.isnan(weight) else None
                for weight, bound in zip(weights, (found.bound_a, found.bound_b), strict=True)
            ]
            yield [place, of_a.get(place), of_b.get(place), *(_cell(weight) for weight in weights), *bounds]

    return columns, rows()


def _predictions(comparison: Comparison, choice: Choice) -> Table:
    columns = header(
        "token_id [id]; token; a [probability]; b [probability]; a_at_most [probability]; b_at_most [probability]; "
        "change [b − a]"
    )
    (one, a), (other, b) = _sides(comparison, choice)
    found = prediction_divergence(one.frame(a), other.frame(b), one.session.layout.n_vocab, None)
    if found is None or not comparison.same_tokens:
        return columns, []

    def rows() -> Iterable[list[Any]]:
        for token_id, p, q in zip(found.token_ids.tolist(), found.a.tolist(), found.b.tolist(), strict=True):
            raw = one.token_bytes.get(token_id) or other.token_bytes.get(token_id) or b""
            bounds = [found.bound_a if np.isnan(p) else None, found.bound_b if np.isnan(q) else None]
            yield [token_id, raw.decode("utf-8", "replace"), _cell(p), _cell(q), *bounds, _cell(q - p)]

    return columns, rows()


def _similarity(comparison: Comparison, _: Choice) -> Table:
    one, other, keys = comparison.one, comparison.other, comparison.keys
    found = likeness(comparison)
    if found.reason:
        raise ConfigError(found.reason)
    with_cka = cka_keys(one.session.layout, other.session.layout, keys)
    cka = dict(zip(with_cka, cka_of_points(one, other, comparison.matched_steps, with_cka).tolist(), strict=True))
    columns = zip(
        keys, found.cosine.tolist(), found.low.tolist(), found.high.tolist(), found.num_steps.tolist(), strict=True
    )
    rows = (
        [key, *map(_cell, values), count, bool(nan), _cell(cka.get(key, float("nan")))]
        for (key, *values, count), nan in zip(columns, found.has_nan.tolist(), strict=True)
    )
    names = "hook_point; cosine [ratio]; at_least [ratio]; at_most [ratio]; steps [count]; holds_nan; cka [ratio]"
    return header(names), rows


def _tokens(comparison: Comparison, _: Choice) -> Table:
    def rows() -> Iterable[list[Any]]:
        steps, clock = [reader.steps() for reader in (comparison.one, comparison.other)], comparison.moments
        for moment, pair in enumerate(clock.steps.tolist()):
            cells: list[Any] = []
            for reader, of, step in zip((comparison.one, comparison.other), steps, pair, strict=True):
                position = int(of["pos0"][step] + of["t_add"][step] - 1) if step >= 0 else -1
                ids = reader.token_ids()
                raw = reader.token_bytes.get(int(ids[position]), b"") if 0 <= position < len(ids) else b""
                cells += [step if step >= 0 else None, position if step >= 0 else None, raw.decode("utf-8", "replace")]
            yield [moment, *cells, bool(clock.matched[moment])]

    sides = "; ".join(f"step_{side} [index]; position_{side} [index]; token_{side}" for side in "ab")
    return header(f"moment [index]; {sides}; matched"), rows()


KINDS: dict[str, Callable[[Comparison, Choice], Table]] = {
    "map": _map,
    "neurons": _neurons,
    "heads": _heads,
    "attention": _attention,
    "predictions": _predictions,
    "similarity": _similarity,
    "tokens": _tokens,
}
"""Panel -> its table."""
