"""Session → rows of tables, some steps at a time, as columns of numpy arrays: what DataFrames and files are made of.

A row is there if something was captured: what the byte budget left out has no rows. Knows no pandas and no file format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from mri.errors import ConfigError, UnknownHookPoint
from mri.export.cells import header
from mri.format.captured import Captured
from mri.format.events import PHASES, Array, StepFrame
from mri.format.hook_points import STATS
from mri.format.layout import LAYERS_DROPPED_BIT, PAYLOADS
from mri.measure.series import neuron_history
from mri.store.reader import SessionReader

ROWS_AT_ONCE = 50_000
"""Rows that a block has, about: what bounds the memory of an export."""

MOST_STEPS_AT_ONCE = 256

COLUMNS = {
    "stats": header(
        "step [index]; phase; pos0 [position]; hook_point; layer_index [index]; layer_type; mean "
        "[activation]; std [activation]; min [activation]; max [activation]; l2 [activation]; sparsity [share "
        "of zeros]; p99 [|activation|]"
    ),
    "topk": header(
        "step [index]; hook_point; rank [0 = strongest]; neuron [index]; value [activation]; bound [|activation|]"
    ),
    "attention": header(
        "step [index]; layer [index]; head [index]; rank [0 = strongest]; key [position]; weight "
        "[probability]; entropy [bits]"
    ),
    "logits": header(
        "step [index]; rank [0 = strongest]; token_id [id]; token [text]; raw [bytes]; logit [logits, "
        "softcapped]; logprob [nats, at temperature 1]; chosen [true or false]"
    ),
    "tokens": header(
        "pos [position]; token_id [id]; token [text]; raw [bytes]; special [true or false]; in_prompt [true "
        "or false]; forced [true or false]; read_by [step, −1 = none]; logprob [nats, at temperature 1]"
    ),
    "steps": header(
        "step [index]; phase; pos0 [position]; t_add [tokens]; chosen_id [id, −1 = none]; forced [true or "
        "false]; time_us [microseconds since the recording began]; num_bytes [bytes]; dropped"
    ),
    "extra": header("step [index]; name; element [index]; value"),
}
UNITS = {table: dict(columns) for table, columns in COLUMNS.items()}
"""Table -> its columns in order, with the unit of each. `final.logits` is in logits where others are in activation."""

MISSING_AS_NAN = {("topk", "bound"), ("tokens", "logprob")}
"""(table, column) where NaN says that there is nothing; in all other columns a NaN was captured."""


class Coded(NamedTuple):
    """A column of few different values: (n,) whole numbers `codes`, which count in `categories`."""

    codes: Array
    categories: list[Any]


Columns = dict[str, Array | Coded]


class Rows:
    """The rows of one session's tables. Steps start … stop − 1 give a block; `blocks` gives them all in turn."""

    def __init__(self, reader: SessionReader) -> None:
        self.reader = reader
        self.layout = reader.session.layout
        self._keys = [point.key for point in self.layout.points]

    def blocks(self, table: str, hook_point: str | None = None) -> Iterator[Columns]:
        """The whole of a table in pieces of about ROWS_AT_ONCE rows; at least one, which may be empty. Raises
        ConfigError on a table that there is not, UnknownHookPoint."""
        if table not in UNITS:
            raise ConfigError(f"There is no table {table!r}: choose one of {', '.join(UNITS)}.")
        if hook_point is not None:
            self.layout.row(hook_point)  # raises
        if table in ("tokens", "steps"):
            yield getattr(self, table)()
            return
        start, stop, num_steps = 0, min(1, self.reader.num_steps), self.reader.num_steps
        while True:
            frames = self.reader.frames(start, stop)
            columns = self.topk(frames, hook_point) if table == "topk" else getattr(self, table)(frames)
            yield columns
            if stop >= num_steps:
                return
            rows_per_step = max(1, num_rows(columns) // max(1, stop - start))
            start, stop = stop, min(stop + max(1, min(ROWS_AT_ONCE // rows_per_step, MOST_STEPS_AT_ONCE)), num_steps)

    def stats(self, frames: list[StepFrame]) -> Columns:
        frames = [frame for frame in frames if "stats" in frame.arrays]
        every = np.arange(len(self._keys))
        kept = [self.layout.kept_rows("stats", frame.dropped_layers) for frame in frames]
        codes = [every if rows is None else rows for rows in kept]
        counts = [len(rows) for rows in codes]
        rows = _joined(codes, np.int64)
        values = np.concatenate([np.empty((0, len(STATS)), np.float32), *(frame.arrays["stats"] for frame in frames)])
        types = list(dict.fromkeys(point.layer_type for point in self.layout.points))
        type_codes = np.array([types.index(point.layer_type) for point in self.layout.points], np.int64)
        layers = np.array([point.layer_index for point in self.layout.points], np.int32)
        columns: Columns = {
            "step": np.repeat(_each(frames, "step"), counts),
            "phase": Coded(np.repeat(_phases(frames), counts), list(PHASES)),
            "pos0": np.repeat(_each(frames, "pos0"), counts),
            "hook_point": Coded(rows, self._keys),
            "layer_index": layers[rows],
            "layer_type": Coded(type_codes[rows], types),
        }
        return columns | {name: np.ascontiguousarray(values[:, i]) for i, name in enumerate(STATS)}

    def topk(self, frames: list[StepFrame], hook_point: str | None = None) -> Columns:
        parts = [part for frame in frames if (part := self._topk_of(frame, hook_point)) is not None]
        dtypes: dict[str, Any] = {"step": np.int32, "code": np.int64, "rank": np.int32, "neuron": np.int32}
        dtypes |= {"value": np.float32, "bound": np.float32}
        joined = {name: _joined([part[name] for part in parts], dtype) for name, dtype in dtypes.items()}
        columns: Columns = {"step": joined["step"], "hook_point": Coded(joined.pop("code"), self._keys)}
        return columns | joined

    def attention(self, frames: list[StepFrame]) -> Columns:
        parts: dict[str, list[Array]] = {name: [] for name in UNITS["attention"]}
        for frame in frames:
            captured = Captured(frame, self.layout)
            if not captured.has_attention:
                continue
            layers, keys, weights, entropies = captured.strongest()  # (L,), (L, H, n), (L, H, n), (L, H)
            layer, head, rank = np.meshgrid(layers, *(np.arange(n) for n in keys.shape[1:]), indexing="ij")
            entropy = np.broadcast_to(entropies[..., None], keys.shape)
            step = np.full(keys.size, frame.step)
            columns: tuple[Array, ...] = (step, layer, head, rank, keys, weights, entropy)
            for name, array in zip(parts, columns, strict=True):
                parts[name].append(array.reshape(-1))
        floats = ("weight", "entropy")
        return {name: _joined(part, np.float32 if name in floats else np.int32) for name, part in parts.items()}

    def logits(self, frames: list[StepFrame]) -> Columns:
        frames = [frame for frame in frames if "logits/token_ids" in frame.arrays]
        counts = [len(frame.arrays["logits/token_ids"]) for frame in frames]
        ids = _joined([frame.arrays["logits/token_ids"] for frame in frames], np.int64)
        logit = _joined([frame.arrays["logits/values"] for frame in frames], np.float32)
        logsumexp = np.array([frame.arrays["logits/logsumexp"] for frame in frames], np.float32)
        return {
            "step": np.repeat(_each(frames, "step"), counts),
            "rank": _joined([np.arange(count) for count in counts], np.int32),
            "token_id": ids,
            "token": self.vocabulary.texts(ids),
            "raw": self.vocabulary.raw(ids),
            "logit": logit,
            "logprob": logit - np.repeat(logsumexp, counts),
            "chosen": ids == np.repeat(_each(frames, "chosen_id"), counts),
        }

    def tokens(self) -> Columns:
        """Of the whole sequence at once: a row per position is little."""
        reader = self.reader
        ids, steps = reader.token_ids(), reader.steps()
        N = len(ids)
        read_by = np.full(N, -1, np.int32)
        logprob = np.full(N, np.nan, np.float32)
        forced = np.zeros(N, bool)
        has_logits = "logits/values" in self.layout.specs("decode", 1, 1)
        chosen_logprob = np.full(reader.num_steps, np.nan, np.float32)
        if has_logits and N:
            chosen_logprob = reader.column("logits/chosen_logprob")
        for step, (pos0, t_add) in enumerate(zip(steps["pos0"], steps["t_add"], strict=True)):
            read_by[pos0 : pos0 + t_add] = step
            if N and pos0 + t_add < N:
                logprob[pos0 + t_add] = chosen_logprob[step]
                forced[pos0 + t_add] = steps["forced"][step]
        return {
            "pos": np.arange(N, dtype=np.int32),
            "token_id": ids,
            "token": self.vocabulary.texts(ids),
            "raw": self.vocabulary.raw(ids),
            "special": np.isin(ids, list(reader.special_ids)),
            "in_prompt": np.arange(N) < reader.session.num_prompt_tokens,
            "forced": forced,
            "read_by": read_by,
            "logprob": logprob,
        }

    def steps(self) -> Columns:
        """Of the whole session at once: a row per step is little."""
        steps = self.reader.steps()
        bits, codes = np.unique(steps["dropped"], return_inverse=True)
        named = [*((1 << bit, name) for bit, name in enumerate(PAYLOADS)), (1 << LAYERS_DROPPED_BIT, "layers")]
        dropped = [", ".join(name for bit, name in named if value & bit) for value in bits.tolist()]
        return {
            "step": steps["step"].astype(np.int32),
            "phase": Coded(np.array([PHASES.index(phase) for phase in steps["phase"]], np.int64), list(PHASES)),
            **{name: steps[name] for name in ("pos0", "t_add", "chosen_id", "forced", "time_us", "num_bytes")},
            "dropped": Coded(codes.astype(np.int64), dropped),
        }

    def extra(self, frames: list[StepFrame]) -> Columns:
        names = self._extras
        found = []
        for frame in frames:
            added = [(code, frame.arrays.get(f"extra/{name}")) for code, name in enumerate(names)]
            found += [(frame.step, code, np.atleast_1d(x).reshape(-1)) for code, x in added if x is not None]
        counts = [len(values) for _, _, values in found]
        return {
            "step": np.repeat(np.array([step for step, _, _ in found], np.int32), counts),
            "name": Coded(np.repeat(np.array([code for _, code, _ in found], np.int64), counts), names),
            "element": _joined([np.arange(count) for count in counts], np.int32),
            "value": _joined([values for _, _, values in found], np.float32),
        }

    @cached_property
    def _extras(self) -> list[str]:
        return [name.removeprefix("extra/") for name in self.reader.present("extra/")]

    def neuron(self, hook_point: str, index: int) -> Columns:
        """One neuron over all steps. Raises UnknownHookPoint, of a neuron that is not there too."""
        width = self.layout.width(hook_point)
        if not 0 <= index < width:
            raise UnknownHookPoint(f"{hook_point} has no neuron {index}: it has {width}, from 0 to {width - 1}.")
        steps, history = self.reader.steps(), neuron_history(self.reader, hook_point, index)
        return {
            "step": steps["step"].astype(np.int32),
            "phase": Coded(np.array([PHASES.index(phase) for phase in steps["phase"]], np.int64), list(PHASES)),
            "pos0": steps["pos0"],
            "value": history.values,
            "captured": history.captured,
            "bound": history.bounds,
        }

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.reader.token_bytes)

    def _topk_of(self, frame: StepFrame, hook_point: str | None) -> dict[str, Array] | None:
        """The rows of one step, hook points in the layout's order; None where nothing was captured."""
        parts: list[tuple[Array, ...]] = []
        for codes, payload in Captured(frame, self.layout).payloads(hook_point):
            values, k = payload.values, payload.values.shape[1]  # (Q, k)
            neurons = np.broadcast_to(payload.neurons, values.shape)
            order = np.argsort(-np.abs(values), axis=1, kind="stable")
            ranks, bounds = np.tile(np.arange(k), len(codes)), np.repeat(payload.bounds, k)
            sorted_ = (np.take_along_axis(array, order, 1).reshape(-1) for array in (neurons, values))
            parts.append((np.repeat(codes, k), ranks, *sorted_, bounds))
        if not parts:
            return None
        code, *rest = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        if len(parts) > 1:
            by_point = np.argsort(code, kind="stable")
            code, rest = code[by_point], [array[by_point] for array in rest]
        named = dict(zip(("rank", "neuron", "value", "bound"), rest, strict=True))
        return {"step": np.full(len(code), frame.step), "code": code, **named}


class Vocabulary:
    """Texts and bytes of token ids. A text where the bytes are no UTF-8 has U+FFFD; the bytes are exact."""

    def __init__(self, token_bytes: Mapping[int, bytes]) -> None:
        ids = sorted(token_bytes)
        self._ids = np.array([-1, *ids], np.int64)  # −1 stands for all that are not known
        self._raw = [b"", *(token_bytes[i] for i in ids)]
        texts = [raw.decode("utf-8", "replace") for raw in self._raw]
        place = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        self._texts, self._text_codes = list(place), np.array([place[text] for text in texts], np.int64)

    def texts(self, ids: Array) -> Coded:
        return Coded(self._text_codes[self._rows(ids)], self._texts)

    def raw(self, ids: Array) -> Coded:
        return Coded(self._rows(ids), self._raw)

    def _rows(self, ids: Array) -> Array:
        rows = np.searchsorted(self._ids, ids).clip(max=len(self._ids) - 1)
        return np.where(self._ids[rows] == ids, rows, 0)


def values_of(column: Array | Coded) -> list[Any]:
    """One Python value a row."""
    if isinstance(column, Coded):
        return [column.categories[code] for code in column.codes]
    values: list[Any] = column.tolist()
    return values


def num_rows(columns: Columns) -> int:
    first = next(iter(columns.values()))
    return len(first.codes) if isinstance(first, Coded) else len(first)


def _joined(arrays: list[Array], dtype: Any) -> Array:
    return np.concatenate([np.empty(0, dtype), *arrays]).astype(dtype, copy=False)


def _each(frames: list[StepFrame], field: str) -> Array:
    return np.array([getattr(frame, field) for frame in frames], np.int32)


def _phases(frames: list[StepFrame]) -> Array:
    return np.array([PHASES.index(frame.phase) for frame in frames], np.int64)
