"""Reads a sealed session: one immutable HDF5 file. The interface is reader.SessionReader.

Knows the shelf (shelf.py) and the Layout; nothing of journals. Any step costs the same, however long the session is.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import numpy.typing as npt

from mri.errors import BadSession, UnknownHookPoint
from mri.events import PHASES, Array, StepFrame, TraceSession
from mri.store.files import FORMAT, session_from_json
from mri.store.reader import STEP_COLUMNS, SessionReader, named_steps
from mri.store.rows import kept_rows
from mri.store.shelf import array_name, crc32, dataset_name, opened, read_steps, readable, steps_at_once
from mri.store.vocabulary import Vocabulary
from mri.wire import KIND_FRAME, bytes_from_frame, record_bytes


class Column(NamedTuple):
    """One array over all steps.

    full      shape of a step that has all of it         shapes   (num_steps, axes) int32, each step's own, −1 where
    pieces    steps that one HDF5 call may read                   absent; None where every step has all
    scalars   the whole column where the array is one number a step, else None
    """

    dataset: h5py.Dataset
    full: tuple[int, ...]
    shapes: npt.NDArray[np.int32] | None
    scalars: Array | None
    pieces: int

    def shape(self, step: int) -> tuple[int, ...] | None:
        """Of the array in this step, None where absent."""
        if self.shapes is None:
            return self.full
        sizes = self.shapes[step].tolist()
        if self.scalars is not None:
            return None if sizes < 0 else ()
        return None if sizes[0] < 0 else tuple(sizes)


def sealed_session(path: Path) -> TraceSession:
    """Only the metadata. Raises BadSession."""
    with readable(path), opened(path) as file:
        return _session(file, path)


def _session(file: h5py.File, path: Path) -> TraceSession:
    if file.attrs.get("format") != FORMAT:
        raise BadSession(f"{path} is an HDF5 file, but no session of this program: choose another.")
    return session_from_json(file.attrs["session"], path)


class SealedReader(SessionReader):
    """An .h5 session. See SessionReader."""

    def __init__(self, path: Path) -> None:
        """Raises BadSession on a file that is truncated, foreign or of another format version."""
        self.path = path
        with readable(path):
            self._file = opened(path)
            try:
                self.session = _session(self._file, path)
                self._steps = {name: self._file[f"steps/{name}"][...] for name in STEP_COLUMNS}
                self._columns = self._open_columns()
                dropped = self._file.get("steps/layer_dropped")
                self._layer_dropped = None if dropped is None else dropped[...]
            except BaseException:
                self._file.close()
                raise

    @property
    def num_steps(self) -> int:
        return len(self._steps["step"])

    @cached_property
    def token_bytes(self) -> Vocabulary:
        with readable(self.path):
            return Vocabulary({name: dataset[...] for name, dataset in self._file["vocab"].items()})

    @property
    def special_ids(self) -> frozenset[int]:
        return self.token_bytes.special_ids

    def frame(self, step: int) -> StepFrame:
        if not 0 <= step < self.num_steps:
            raise IndexError(f"step {step} of a session with {self.num_steps} steps")
        return self.frames(step, step + 1)[0]

    def frames(self, start: int, stop: int) -> list[StepFrame]:
        """Every dataset is read once."""
        if not 0 <= start <= stop <= self.num_steps:
            raise IndexError(f"steps {start} to {stop - 1} of a session with {self.num_steps} steps")
        arrays: list[dict[str, Array]] = [{} for _ in range(start, stop)]
        with readable(self.path):
            for name, column in self._columns.items():
                for k, array in self._arrays(column, start, stop):
                    dropped = self._dropped_layers(k)
                    rows = kept_rows(self.session.layout, name, dropped) if dropped else None
                    arrays[k - start][name] = array if rows is None else array[rows]
        return [StepFrame.from_header(self._header(k), of_step) for k, of_step in enumerate(arrays, start)]

    def frame_bytes(self, step: int) -> bytes:
        return bytes_from_frame(self.frame(step))

    def records(self, start: int, stop: int) -> bytes:
        start, stop = max(start, 0), min(stop, self.num_steps)
        out = []
        while start < stop:
            num_bytes = np.cumsum(self._steps["num_bytes"][start:stop])
            count = max(1, int(np.searchsorted(num_bytes, 8_000_000)))  # so much in memory at once
            frames = self.frames(start, min(start + count, stop))
            out += [record_bytes(KIND_FRAME, frame.step, bytes_from_frame(frame)) for frame in frames]
            start += len(frames)
        return b"".join(out)

    def column(self, name: str, *index: Any, steps: Sequence[int] | None = None) -> Array:
        column = self._columns.get(name)
        if column is None:
            raise UnknownHookPoint(f"No step of this session has an array {name!r}.")
        wanted = range(self.num_steps) if steps is None else steps
        if column.scalars is not None:
            return column.scalars[np.asarray(wanted, np.int64)][(slice(None), *index)]
        parts = [np.empty((0, *column.full), column.dataset.dtype)[(slice(None), *index)]]
        for start, stop in _runs(wanted, 16 * column.pieces):  # what is in memory before the index picks from it
            with readable(self.path):
                block = read_steps(column.dataset, start, stop, column.full, column.pieces)
            parts.append(block[(slice(None), *index)].copy())
        return np.concatenate(parts)

    def steps(self) -> dict[str, Array]:
        return named_steps({name: values.copy() for name, values in self._steps.items()})

    def token_ids(self) -> npt.NDArray[np.int64]:
        with readable(self.path):
            ids: npt.NDArray[np.int64] = self._file["tokens/ids"][...].astype(np.int64)
        return ids

    def refresh(self) -> int:
        return self.num_steps

    def verify(self) -> None:
        with readable(self.path):
            if zlib.crc32(self._file.attrs["session"].encode()) != self._file.attrs["session_crc32"]:
                raise BadSession(f"The description in {self.path} is damaged: restore a copy.")
            names: list[str] = []
            self._file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
            for name in names:
                dataset = self._file[name]
                if self._crc32(name, dataset) != dataset.attrs["crc32"]:
                    raise BadSession(f"/{name} in {self.path} is damaged: restore a copy.")

    def as_of_now(self) -> SealedReader:
        return self

    def close(self) -> None:
        self._file.close()

    def present(self, prefix: str) -> dict[str, npt.NDArray[np.bool_]]:
        found = {}
        for name, column in sorted(self._columns.items()):
            if name.startswith(prefix):
                sizes = np.zeros(self.num_steps) if column.shapes is None else column.shapes
                found[name] = (sizes if sizes.ndim == 1 else sizes[:, 0]) >= 0
        return found

    def _open_columns(self) -> dict[str, Column]:
        found: dict[str, h5py.Dataset] = {}

        def visit(path: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and (name := array_name(path)) is not None:
                found[name] = item

        self._file.visititems(visit)
        columns = {}
        for name, dataset in found.items():
            if len(dataset) != self.num_steps:
                raise ValueError(f"/{name} has {len(dataset)} steps, not {self.num_steps}")
            shapes = self._file.get(f"shapes/{dataset_name(name)}")
            scalars = dataset[...] if dataset.ndim == 1 else None
            columns[name] = Column(
                dataset, dataset.shape[1:], None if shapes is None else shapes[...], scalars, steps_at_once(dataset)
            )
        return columns

    def _arrays(self, column: Column, start: int, stop: int) -> list[tuple[int, Array]]:
        shapes = {k: shape for k in range(start, stop) if (shape := column.shape(k)) is not None}
        if column.scalars is not None:
            return [(k, column.scalars[k : k + 1].reshape(())) for k in shapes]
        if not shapes:
            return []
        first, last = min(shapes), max(shapes)
        largest = tuple(max(sizes) for sizes in zip(*shapes.values(), strict=True))
        block = read_steps(column.dataset, first, last + 1, largest, column.pieces)
        return [(k, block[k - first][tuple(slice(size) for size in shape)]) for k, shape in shapes.items()]

    def _header(self, step: int) -> dict[str, Any]:
        fields = {name: int(self._steps[name][step]) for name in STEP_COLUMNS if name != "num_bytes"}
        phase, forced = PHASES[fields["phase"]], bool(fields["forced"])
        return {**fields, "phase": phase, "forced": forced, "dropped_layers": self._dropped_layers(step)}

    def _dropped_layers(self, step: int) -> tuple[int, ...]:
        if self._layer_dropped is None:
            return ()
        return tuple(np.flatnonzero(self._layer_dropped[step]).tolist())

    def _crc32(self, name: str, dataset: h5py.Dataset) -> int:
        """Over the values, step after step, each in its own shape (see docs/trace-format.md)."""
        column, crc, pieces = self._columns.get(array_name(name) or ""), 0, steps_at_once(dataset)
        for start in range(0, len(dataset), pieces):
            stop = min(start + pieces, len(dataset))
            if column is None or column.shapes is None:
                crc = crc32(dataset[start:stop], crc)
            else:
                for _, values in self._arrays(column, start, stop):
                    crc = crc32(values, crc)
        return crc


def _runs(steps: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """(first, last + 1) of every run of following steps, at most `most` of them in one."""
    start = 0
    for i in range(1, len(steps) + 1):
        if i == len(steps) or steps[i] != steps[i - 1] + 1 or i - start == most:
            yield steps[start], steps[i - 1] + 1
            start = i
