"""What a panel of the Scanner shows, as CSV: for a spreadsheet, or for `pandas.read_csv(file)`.

One header row, names with their units: `value [activation]`. A captured NaN is `NaN`, a value that was not captured
is an empty cell; where that can happen a column `state` says so in words, and `at_most` has the bound on the magnitude
where there is one: of a missing value, and of a 0 that float16 rounded.
Reads sessions through `mri/store`; knows no pages.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np

from mri.errors import ConfigError
from mri.export.cells import column_name, formula_safe, header
from mri.export.rows import Rows, values_of
from mri.format.captured import Captured
from mri.format.events import F16_ZERO
from mri.format.hook_points import STATS
from mri.measure.attention import attention_map, mean_distance
from mri.measure.predictions import predictions
from mri.measure.series import extras_over_steps
from mri.store.reader import SessionReader


@dataclass(frozen=True)
class Selection:
    """What is selected on the screen. points: the hook points on the stage; watched: (hook point, neuron) pairs.

    Unknown hook points and neurons raise UnknownHookPoint where they are read.
    """

    step: int
    point: str
    neuron: int = 0
    layer: int = 0
    head: int = 0
    stat: str = "l2"
    temperature: float = 1.0
    points: tuple[str, ...] = ()
    watched: tuple[tuple[str, int], ...] = ()


MOST_WATCHED = 6
"""Neurons in one table: as many as the screen watches (assets/js/core/watched.mjs)."""
ROWS_AT_ONCE = 1000

Header = list[tuple[str, str]]
"""(name, unit) of each column; no unit is an empty string."""


def panel_csv(reader: SessionReader, kind: str, selected: Selection) -> Iterator[bytes]:
    """The table of one panel, in pieces. kind: one of `KINDS`. Raises ConfigError, UnknownHookPoint."""
    if kind not in KINDS:
        raise ConfigError(f"There is no table of {kind!r}: the panels with one are {', '.join(KINDS)}.")
    if not selected.temperature > 0:
        raise ConfigError(f"A temperature of {selected.temperature:g} divides by nothing: choose one above 0.")
    if not 0 <= selected.step < reader.num_steps:
        raise ConfigError(f"There is no step {selected.step}: this session has {reader.num_steps}.")
    return csv_pieces(*KINDS[kind](reader, selected))


def csv_pieces(header: Header, rows: Iterable[list[Any]]) -> Iterator[bytes]:
    """The table as CSV with its header row, in pieces of ROWS_AT_ONCE rows."""
    head: list[list[Any]] = [[column_name(name, unit) for name, unit in header]]
    cells = chain(head, ([_cell(value) for value in row] for row in rows))
    while some := list(islice(cells, ROWS_AT_ONCE)):
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(some)
        yield out.getvalue().encode()


def _cell(value: Any) -> str:
    """None is an empty cell; floats have all their digits; a text is no formula."""
    if value is None:
        return ""
    if isinstance(value, str):
        return formula_safe(value)
    return "NaN" if isinstance(value, float | np.floating) and np.isnan(value) else str(value)


def _known(value: Any, captured: bool, bound: Any, quantization: str = "f32") -> tuple[Any, str, Any]:
    """The three cells that tell a value, a captured NaN and a missing value apart; and of a 0 how much it may be."""
    if captured:
        return value, "captured", F16_ZERO if quantization == "f16" and value == 0 else None
    return None, "not captured", None if np.isnan(bound) else bound


def _valued(unit: str) -> Header:
    return [("value", unit), ("state", ""), ("at_most", f"|{unit}|")]


def _neurons(reader: SessionReader, selected: Selection) -> tuple[Header, Iterator[list[Any]]]:
    return _stage(reader, Selection(selected.step, selected.point, points=(selected.point,)))


def _stage(reader: SessionReader, selected: Selection) -> tuple[Header, Iterator[list[Any]]]:
    layout = reader.session.layout
    captured = Captured(reader.frame(selected.step), layout)
    points = dict.fromkeys(selected.points)  # each once: no more rows than the step has neurons
    units = {layout.points[layout.row(key)].unit for key in points}
    unit = " or ".join(sorted(units))

    def rows() -> Iterator[list[Any]]:
        for key in points:
            bound = np.float32(captured.bound(key))
            found, values = captured.mask(key).tolist(), captured.values(key)
            for neuron in range(layout.width(key)):
                yield [key, neuron, *_known(values[neuron], found[neuron], bound, layout.config.quantization)]

    return [*header("hook_point; neuron [index]"), *_valued(unit)], rows()


def _history(reader: SessionReader, selected: Selection) -> tuple[Header, Iterator[list[Any]]]:
    pair = (selected.point, selected.neuron)
    return _watched(reader, Selection(selected.step, selected.point, watched=(pair,)))


def _watched(reader: SessionReader, selected: Selection) -> tuple[Header, Iterator[list[Any]]]:
    layout, watched = reader.session.layout, dict.fromkeys(selected.watched)
    if len(watched) > MOST_WATCHED:
        raise ConfigError(f"{len(watched)} neurons are too many for one table: watch at most {MOST_WATCHED}.")
    unit = " or ".join(sorted({layout.points[layout.row(key)].unit for key, _ in watched}))
    tables = Rows(reader)
    histories = [(key, neuron, tables.neuron(key, neuron)) for key, neuron in watched]
    read = tokens_read(reader)

    def rows() -> Iterator[list[Any]]:
        for key, neuron, history in histories:
            columns = (values_of(history[name]) for name in ("step", "captured"))
            values, bounds = history["value"], history["bound"]
            for at, (step, captured) in enumerate(zip(*columns, strict=True)):
                known = _known(values[at], captured, bounds[at], layout.config.quantization)
                yield [step, read[step], key, neuron, *known]

    return [*header("step [index]; read; hook_point; neuron [index]"), *_valued(unit)], rows()


def _attention(reader: SessionReader, selected: Selection) -> tuple[Header, Iterator[list[Any]]]:
    layer, _ = _checked_head(reader, selected)
    return _rows_of(reader, selected.step, [(layer, head) for head in range(reader.session.layout.n_head)])


def _head(reader: SessionReader, selected: Selection) -> tuple[Header, Iterator[list[Any]]]:
    return _rows_of(reader, selected.step, [_checked_head(reader, selected)])


def _checked_head(reader: SessionReader, selected: Selection) -> tuple[int, int]:
    layout = reader.session.layout
    if not (0 <= selected.layer < layout.n_layer and 0 <= selected.head < layout.n_head):
        sizes = f"{layout.n_layer} layers of {layout.n_head} heads"
        raise ConfigError(f"There is no head {selected.head} in layer {selected.layer}: this session has {sizes}.")
    return selected.layer, selected.head


def _rows_of(reader: SessionReader, step: int, heads: list[tuple[int, int]]) -> tuple[Header, Iterator[list[Any]]]:
    captured = Captured(reader.frame(step), reader.session.layout)
    weights, bounds = captured.attention()  # (L, H, n_keys), (L, H)
    odd, tokens = captured.odd_heads(), _tokens(reader)

    def rows() -> Iterator[list[Any]]:
        for layer, head in heads:
            for key, weight in enumerate(weights[layer, head]):
                known = _known(weight, bool(odd[layer, head]) or not np.isnan(weight), bounds[layer, head])
                yield [layer, head, key, tokens[key], *known]

    columns = "layer [index]; head [index]; key [position]; token; weight [probability]; state; at_most [probability]"
    return header(columns), rows()


def _heads(reader: SessionReader, selected: Selection) -> tuple[Header, Iterator[list[Any]]]:
    captured = Captured(reader.frame(selected.step), reader.session.layout)
    weights, bounds = captured.attention()
    low, high = mean_distance(weights, bounds, captured.weight_rounding(weights))
    entropy, odd = captured.entropy(), captured.odd_heads()

    def rows() -> Iterator[list[Any]]:
        for layer, head in np.ndindex(entropy.shape):
            known = odd[layer, head] or not np.isnan(entropy[layer, head])
            numbers = [array[layer, head] if known else None for array in (entropy, low, high)]
            yield [layer, head, *numbers, "captured" if known else "not captured"]

    columns = (
        "layer [index]; head [index]; entropy [bits]; distance_at_least [tokens]; distance_at_most [tokens]; state"
    )
    return header(columns), rows()


def _looks(reader: SessionReader, selected: Selection) -> tuple[Header, Iterator[list[Any]]]:
    layer, head = _checked_head(reader, selected)
    weights, bounds = attention_map(reader, layer, head)  # (n, n) query × key
    tokens = _tokens(reader)

    def rows() -> Iterator[list[Any]]:
        for query in range(len(weights)):
            for key in range(query + 1):
                weight = weights[query, key]
                known = _known(weight, not np.isnan(weight), bounds[query, key])
                yield [layer, head, query, tokens[query], key, tokens[key], *known]

    columns = "layer [index]; head [index]; query [position]; query_token; key [position]; key_token"
    known = "weight [probability]; state; at_most [probability]"
    return header(f"{columns}; {known}"), rows()


def _predictions(reader: SessionReader, selected: Selection) -> tuple[Header, Iterable[list[Any]]]:
    temperature = selected.temperature
    share = "at temperature 1" if temperature == 1 else f"share of these tokens at temperature {temperature:g}"
    named = header(f"rank [0 = strongest]; token_id [id]; token; logit [logits]; probability [{share}]; follows")
    found = predictions(reader.frame(selected.step), temperature)
    if found is None:
        return named, []
    columns = zip(found.ranks.tolist(), found.token_ids.tolist(), found.logits, found.probs, strict=True)
    rows = (
        [rank, token_id, _text(reader, token_id), logit, p, row == found.chosen]
        for row, (rank, token_id, logit, p) in enumerate(columns)
    )
    return named, rows


def _timeline(reader: SessionReader, selected: Selection) -> tuple[Header, Iterator[list[Any]]]:
    l2 = reader.column("stats", reader.session.layout.row(selected.point), STATS.index("l2"))  # (num_steps,)
    read, extras = tokens_read(reader), list(extras_over_steps(reader))

    def rows() -> Iterator[list[Any]]:
        for step in range(reader.num_steps):
            arrays = reader.frame(step).arrays
            logprob, entropy = (arrays.get(f"logits/{name}") for name in ("chosen_logprob", "entropy"))
            surprise = None if logprob is None or np.isnan(logprob) else -float(logprob) / np.log(2)
            added = (array.item() if (array := arrays.get(f"extra/{name}")) is not None else None for name in extras)
            yield [step, read[step], surprise, None if entropy is None else float(entropy), l2[step], *added]

    columns = f"step [index]; read; surprise [bits]; entropy [bits]; l2 of {selected.point} [activation]"
    return [*header(columns), *((name, "") for name in extras)], rows()


def _tokens_table(reader: SessionReader, selected: Selection) -> tuple[Header, Iterator[list[Any]]]:
    names = ("pos", "token_id", "token", "in_prompt", "forced", "read_by", "logprob")
    table = Rows(reader).tokens()
    columns = [values_of(table[name]) for name in names]
    rows = ([*cells, None if np.isnan(logprob) else logprob] for *cells, logprob in zip(*columns, strict=True))
    units = ("index", "id", "", "", "", "index", "nats")
    return list(zip(names, units, strict=True)), rows


def _map(reader: SessionReader, selected: Selection) -> tuple[Header, Iterator[list[Any]]]:
    if selected.stat not in STATS:
        raise ConfigError(f"There is no statistic {selected.stat!r}: choose one of {', '.join(STATS)}.")
    keys = list(reader.session.layout.rows)
    values = reader.column("stats", slice(None), STATS.index(selected.stat))  # (num_steps, n_points)
    rows = ([step, key, row[i]] for step, row in enumerate(values) for i, key in enumerate(keys))
    return [("step", "index"), ("hook_point", ""), (selected.stat, _unit_of(selected.stat))], rows


def _bars(reader: SessionReader, selected: Selection) -> tuple[Header, Iterator[list[Any]]]:
    captured = Captured(reader.frame(selected.step), reader.session.layout)
    rows = ([key, *captured.stats(key).values()] for key in captured.layout.rows)
    return [("hook_point", ""), *((stat, _unit_of(stat)) for stat in STATS)], rows


def _unit_of(stat: str) -> str:
    return {"sparsity": "share of zeros", "p99": "|activation|"}.get(stat, "activation")


def _text(reader: SessionReader, token_id: int) -> str:
    return reader.token_bytes.get(token_id, b"").decode("utf-8", "replace")


def _tokens(reader: SessionReader) -> list[str]:
    """The token at every position."""
    return [_text(reader, int(token_id)) for token_id in reader.token_ids()]


def tokens_read(reader: SessionReader) -> list[str]:
    """What each step read, as text; of a training step nothing is known."""
    steps, ids = reader.steps(), reader.token_ids()
    return [
        "".join(_text(reader, int(token_id)) for token_id in ids[pos0 : pos0 + t_add]) if phase != "train" else ""
        for pos0, t_add, phase in zip(steps["pos0"], steps["t_add"], steps["phase"], strict=True)
    ]


KINDS: dict[str, Callable[[SessionReader, Selection], tuple[Header, Iterable[list[Any]]]]] = {
    "stage": _stage,
    "neurons": _neurons,
    "history": _history,
    "watched": _watched,
    "heads": _heads,
    "attention": _attention,
    "head": _head,
    "looks": _looks,
    "predictions": _predictions,
    "map": _map,
    "bars": _bars,
    "layers": _bars,
    "timeline": _timeline,
    "tokens": _tokens_table,
}
"""Panel -> its table: the names of the Scanner's graphs, and of its other parts."""
