"""Reads a sealed session: one immutable HDF5 file. The interface is reader.SessionReader.

Knows the shelf (shelf.py) and the Layout; nothing of journals. Any step costs the same, however long the session is.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from mri.arrays import Bools, Ids, Ints
from mri.errors import BadSession, UnknownHookPoint
from mri.format.events import PHASES, Array, StepFrame, TraceSession
from mri.format.frame_check import FrameCheck, header_fault
from mri.format.hook_points import STATS
from mri.format.rows import STEP_COLUMNS, fill_value, named_steps
from mri.format.vocabulary import Vocabulary
from mri.format.wire import KIND_FRAME, MAX_PAYLOAD_BYTES, bytes_from_frame, record_bytes
from mri.store.description import session_from_json
from mri.store.files import shown
from mri.store.intake.structure import NotOurs, check_shapes, check_sizes, datasets_of, description_of
from mri.store.reader import SessionReader, named_after
from mri.store.shelf import array_name, crc32, opened, read_all, read_steps, readable, steps_at_once


class Column(NamedTuple):
    """One array over all steps.

    full      shape of a step that has all of it         shapes   (num_steps, axes) int32, each step's own, −1 where
    pieces    steps that one HDF5 call may read                   absent; None where every step has all
    scalars   the whole column where the array is one number a step, else None
    """

    dataset: h5py.Dataset
    dtype: np.dtype[Any]
    full: tuple[int, ...]
    shapes: Ids | None
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
    with _open(path) as file:
        return _session(file, path)


def _open(path: Path) -> h5py.File:
    with readable(path):
        return opened(path)


def _session(file: h5py.File, path: Path) -> TraceSession:
    with _built_as_ours(path), readable(path):
        text = description_of(file)
    return named_after(session_from_json(text, path), path)


@contextlib.contextmanager
def _built_as_ours(path: Path) -> Iterator[None]:
    try:
        yield
    except NotOurs as error:
        raise BadSession(
            f"{shown(path)} is no session file as this program writes them ({error.what}): restore a copy; a file from "
            "someone else is taken in with `python -m mri import`."
        ) from error


class SealedReader(SessionReader):
    """An .h5 session. See SessionReader."""

    def __init__(self, path: Path) -> None:
        """Raises BadSession on a file that is truncated, foreign, of another format version, or not built as this
        program builds them (what HDF5 would follow into other files, or inflate, is found before it is read)."""
        self.path = path
        self._file = _open(path)
        try:
            self.session = _session(self._file, path)
            with _built_as_ours(path):
                with readable(path):
                    found = datasets_of(self._file)
                    check_sizes(found, path.stat().st_size)
                check_shapes(found, self.session, MAX_PAYLOAD_BYTES)
            self._datasets = {name: h5py.Dataset(stored.id, readonly=True) for name, stored in found.items()}
            self._steps = {name: read_all(self._datasets[f"steps/{name}"]) for name in STEP_COLUMNS}
            if (self._steps["phase"] >= len(PHASES)).any():
                raise BadSession(f"/steps/phase in {shown(path)} is damaged: restore a copy.")
            self._columns = self._open_columns()
            dropped = self._datasets.get("steps/layer_dropped")
            self._layer_dropped = None if dropped is None else read_all(dropped)
        except BaseException:
            self._file.close()
            raise

    @property
    def num_steps(self) -> int:
        return len(self._steps["step"])

    @cached_property
    def token_bytes(self) -> Vocabulary:
        arrays = {name: read_all(self._datasets[f"vocab/{name}"]) for name in ("ids", "offsets", "bytes", "special")}
        try:
            return Vocabulary(arrays)
        except ValueError as error:
            raise BadSession(f"/vocab in {shown(self.path)} is damaged ({error}): restore a copy.") from error

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
        for name, column in self._columns.items():
            for k, array in self._arrays(column, start, stop):
                dropped = self.dropped_layers(k)
                rows = self.session.layout.kept_rows(name, dropped)
                arrays[k - start][name] = array if rows is None else array[rows]
        return [StepFrame.from_header(self._header(k), of_step) for k, of_step in enumerate(arrays, start)]

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
        parts = [np.empty((0, *column.full), column.dtype)[(slice(None), *index)]]
        for start, stop in _runs(wanted, 16 * column.pieces):  # what is in memory before the index picks from it
            block = read_steps(column.dataset, start, stop, column.full, column.pieces)
            if column.shapes is not None:
                _fill(block, column.shapes[start:stop])
            parts.append(block[(slice(None), *index)].copy())
        return np.concatenate(parts)

    def steps(self) -> dict[str, Array]:
        return named_steps({name: values.copy() for name, values in self._steps.items()})

    def dropped_layers(self, step: int) -> tuple[int, ...]:
        if self._layer_dropped is None:
            return ()
        return tuple(np.flatnonzero(self._layer_dropped[step]).tolist())

    def token_ids(self) -> Ints:
        return read_all(self._datasets["tokens/ids"]).astype(np.int64)

    def refresh(self) -> int:
        return self.num_steps

    def verifying(self) -> Iterator[None]:
        for name, dataset in self._datasets.items():
            with readable(self.path):
                stored, fill = dataset.attrs["crc32"], dataset.fillvalue
            is_empty = np.isnan(fill) if dataset.dtype.kind == "f" else not fill  # see rows.fill_value
            if (yield from self._crc32(name, dataset)) != stored or not is_empty:
                raise BadSession(f"/{name} in {shown(self.path)} is damaged: restore a copy.")
        self._check_labels()
        yield from self._check_steps()

    def _check_steps(self) -> Iterator[None]:
        """Every step has what its layout says: also where a whole dataset is gone."""
        check = FrameCheck(self.session.layout)
        for step in range(self.num_steps):
            header = self._header(step)
            shapes = {}
            for name, column in self._columns.items():
                if (shape := column.shape(step)) is not None:
                    rows = self.session.layout.kept_rows(name, header["dropped_layers"])
                    shapes[name] = column.dtype, shape if rows is None else (len(rows), *shape[1:])
            if fault := header_fault(header) or check.fault(header, shapes):
                raise BadSession(f"Step {step} of {shown(self.path)} {fault}: restore a copy, or record it again.")
            yield

    def _check_labels(self) -> None:
        """What only other programs read: the names of rows, columns and phases, as attributes and as a table."""
        layout = self.session.layout
        columns: dict[str, list[Any]] = {
            "key": [point.key.encode() for point in layout.points],
            "layer_index": [point.layer_index for point in layout.points],
            "width": [point.width for point in layout.points],
        }
        tables = {f"hook_points/{name}": values for name, values in columns.items()}
        wrong = [f"/{name}" for name, values in tables.items() if read_all(self._datasets[name]).tolist() != values]
        with readable(self.path):
            groups = {f"/{name}": keys for name, keys in layout.groups.items() if name in self._file}
            texts = {name: (self._file[name].attrs["hook_points"], keys) for name, keys in groups.items()}
            texts["/steps/phase"] = self._file["steps/phase"].attrs["names"], PHASES
            if "stats" in self._file:
                texts["/stats"] = self._file["stats"].attrs["columns"], STATS
        wrong += [name for name, (text, values) in texts.items() if text != json.dumps(values)]
        if wrong:
            raise BadSession(f"The names at {wrong[0]} in {shown(self.path)} are damaged: restore a copy.")

    def as_of_now(self) -> SealedReader:
        return self

    def close(self) -> None:
        self._file.close()

    def present(self, prefix: str) -> dict[str, Bools]:
        found = {}
        for name, column in sorted(self._columns.items()):
            if name.startswith(prefix):
                sizes = np.zeros(self.num_steps) if column.shapes is None else column.shapes
                found[name] = (sizes if sizes.ndim == 1 else sizes[:, 0]) >= 0
        return found

    def _open_columns(self) -> dict[str, Column]:
        columns = {}
        for path, dataset in self._datasets.items():
            if (name := array_name(path)) is None:
                continue
            shapes = self._datasets.get(f"shapes/{path}")
            scalars = read_all(dataset) if dataset.ndim == 1 else None
            of_steps = None if shapes is None else read_all(shapes)
            if of_steps is not None and (of_steps > np.array(dataset.shape[1:] or 0)).any():
                raise BadSession(f"/shapes/{path} in {shown(self.path)} is damaged: restore a copy.")
            columns[name] = Column(dataset, dataset.dtype, dataset.shape[1:], of_steps, scalars, steps_at_once(dataset))
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
        return {**fields, "phase": phase, "forced": forced, "dropped_layers": self.dropped_layers(step)}

    def _crc32(self, name: str, dataset: h5py.Dataset) -> Generator[None, None, int]:
        """Over the values, step after step, each in its own shape (see docs/trace-format.md)."""
        column, crc, pieces = self._columns.get(array_name(name) or ""), 0, steps_at_once(dataset)
        for start in range(0, len(dataset), pieces):
            stop = min(start + pieces, len(dataset))
            if column is None or column.shapes is None:
                crc = crc32(read_steps(dataset, start, stop, dataset.shape[1:], pieces), crc)
            else:
                for _, values in self._arrays(column, start, stop):
                    crc = crc32(values, crc)
            yield
        return crc


def _fill(block: Array, shapes: Ids) -> None:
    """Fills what lies behind each step's own shape: there is no checksum over it in the file."""
    for axis in range(shapes.shape[1]):
        behind = np.arange(block.shape[axis + 1]) >= shapes[:, axis, None]  # (steps, size of the axis)
        if behind.any():
            step, place = np.nonzero(behind)
            np.moveaxis(block, axis + 1, 1)[step, place] = fill_value(block.dtype)


def _runs(steps: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """(first, last + 1) of every run of following steps, at most `most` of them in one."""
    start = 0
    for i in range(1, len(steps) + 1):
        if i == len(steps) or steps[i] != steps[i - 1] + 1 or i - start == most:
            yield steps[start], steps[i - 1] + 1
            start = i
