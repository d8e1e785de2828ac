"""Reads a session that is not sealed: recorded right now, or ended and still a journal. The other implementation of
SessionReader is sealed.py."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import threading
import weakref
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError

from mri.arrays import Bools, Ints
from mri.errors import BadSession, UnknownHookPoint
from mri.format.events import PHASES, Array, StepFrame, TraceSession
from mri.format.frame_check import FrameCheck, header_fault
from mri.format.rows import STEP_COLUMNS, largest_shape, named_steps, padded, scattered, sequence
from mri.format.vocabulary import Vocabulary
from mri.format.wire import KIND_END, frame_from_bytes, names_from_bytes, views_from_bytes
from mri.store.description import MAX_BYTES, session_from_journal_json
from mri.store.files import JOURNAL, SESSION, VOCABULARY, disk_error, open_regular, read_file, shown
from mri.store.journal import lost_record, record_at, whole_records
from mri.store.locks import recorder_of
from mri.store.reader import SessionReader, named_after

MAX_VOCABULARY_BYTES = 1 << 28


class JournalReader(SessionReader):
    """A session folder. Follows a recording that goes on (`refresh`); never writes. See SessionReader."""

    session: TraceSession

    def __init__(self, path: Path) -> None:
        """Raises BadSession."""
        self.path = path
        try:
            self._read_description()
            vocabulary = read_file(path / VOCABULARY, MAX_VOCABULARY_BYTES)
            self._fd = open_regular(path / JOURNAL)
        except FileNotFoundError as error:
            raise BadSession(f"{shown(path)} is no session: {Path(error.filename).name} is missing.") from error
        except OSError as error:
            raise BadSession(str(disk_error("read", path, error))) from error
        self._close = weakref.finalize(self, os.close, self._fd)
        self._lock = threading.Lock()
        self._offsets = [0]  # of every record, and of the end of the last
        self._check = FrameCheck(self.session.layout)
        self._columns: list[tuple[Any, ...]] = []  # STEP_COLUMNS of every step, as far as asked for
        self._tokens: list[list[int]] = []  # ids that every step read, as far
        self._whole: JournalReader | None = None  # whose file this is, for one as of some moment
        self.end_reason: str | None = None
        """Of the journal's last record; None while recording and after a crash."""
        try:
            if self._vocabulary_crc32 not in (None, zlib.crc32(vocabulary)):
                raise ValueError("its checksum is another")
            self._vocabulary = Vocabulary.from_bytes(vocabulary)
            self.refresh()
        except (SafetensorError, ValueError, KeyError, IndexError) as error:
            self.close()
            raise BadSession(f"{shown(path / VOCABULARY)} is damaged ({error}): restore a copy.") from error
        except BaseException:
            self.close()
            raise

    @property
    def num_steps(self) -> int:
        return len(self._offsets) - 1

    @property
    def token_bytes(self) -> Vocabulary:
        return self._vocabulary

    @property
    def special_ids(self) -> frozenset[int]:
        return self._vocabulary.special_ids

    @property
    def num_bytes(self) -> int:
        """Bytes of the whole records of the journal's steps."""
        return self._offsets[-1]

    def refresh(self) -> int:
        with self._lock:
            if self.end_reason is None:
                for record in whole_records(self._fd, self._offsets[-1], self.num_steps):
                    if record.kind == KIND_END:
                        self._end(record.payload)
                        break
                    self._offsets.append(record.end)
                self.session = replace(self.session, num_steps=self.num_steps)
            return self.num_steps

    def payload(self, step: int) -> memoryview:
        """The frame bytes of a step, checksum looked at again. Raises IndexError, BadSession."""
        if not 0 <= step < self.num_steps:
            raise IndexError(f"step {step} of a session with {self.num_steps} steps")
        record = record_at(self._fd, self._offsets[step], self._offsets[step + 1])
        if record is None:
            raise BadSession(f"Step {step} of {self.path} can no longer be read: restore a copy of {JOURNAL}.")
        return record.payload

    def frame(self, step: int) -> StepFrame:
        payload = self.payload(step)
        self.views(step, payload)
        return frame_from_bytes(payload)

    def frames(self, start: int, stop: int) -> list[StepFrame]:
        return [self.frame(step) for step in range(start, stop)]

    def records(self, start: int, stop: int) -> bytes:
        start, stop = max(start, 0), min(stop, self.num_steps)
        if start >= stop:
            return b""
        return os.pread(self._fd, self._offsets[stop] - self._offsets[start], self._offsets[start])

    def column(self, name: str, *index: Any, steps: Sequence[int] | None = None) -> Array:
        found: list[Array | None] = []
        for step in range(self.num_steps) if steps is None else steps:
            header, arrays = self.views(step)
            array = arrays.get(name)
            if array is not None:
                array = scattered(self.session.layout, name, array, header["dropped_layers"])
            found.append(array)
        present = [array for array in found if array is not None]
        if not present:
            raise UnknownHookPoint(f"No step of this session has an array {name!r}.")
        shape, dtype = largest_shape([array.shape for array in present]), present[0].dtype
        return np.stack([padded(array, shape, dtype)[index] for array in found])

    def present(self, prefix: str) -> dict[str, Bools]:
        found: dict[str, Bools] = {}
        for step in range(self.num_steps):
            for name in names_from_bytes(self.payload(step)):
                if name.startswith(prefix):
                    found.setdefault(name, np.zeros(self.num_steps, bool))[step] = True
        return dict(sorted(found.items()))

    def steps(self) -> dict[str, Array]:
        return named_steps(self.step_columns())

    def step_columns(self) -> dict[str, Array]:
        """STEP_COLUMNS by name, in the dtypes of the shelf."""
        with self._lock:
            for step in range(len(self._columns), self.num_steps):
                blob = self.payload(step)
                header, arrays = self.views(step, blob)
                header["num_bytes"] = len(blob) - 8 - int.from_bytes(blob[:8], "little")
                header["phase"] = PHASES.index(header["phase"])
                self._columns.append(tuple(header[name] for name in STEP_COLUMNS))
                self._tokens.append(arrays["tokens"].tolist() if "tokens" in arrays else [])
            columns = [*zip(*self._columns, strict=True)] or [()] * len(STEP_COLUMNS)
        return {
            name: np.array(values, dtype) for (name, dtype), values in zip(STEP_COLUMNS.items(), columns, strict=True)
        }

    def dropped_layers(self, step: int) -> tuple[int, ...]:
        return tuple(self.views(step)[0]["dropped_layers"])

    def token_ids(self) -> Ints:
        steps = self.step_columns()
        return sequence(steps, self._tokens[: len(steps["step"])])

    def verifying(self) -> Iterator[None]:
        for step in range(self.refresh()):
            self.frame(step)
            yield
        self.check_middle()
        if self.session.state == "finished" and self.num_steps < self._num_steps_said:
            raise BadSession(
                f"{shown(self.path / JOURNAL)} has {self.num_steps} of {self._num_steps_said} steps, the rest is "
                "damaged or was never written: restore a copy; the steps before can be read."
            )

    def check_middle(self) -> None:
        """Raises BadSession where whole records follow after a broken one, and that was not the work of a crash.

        A crash cuts the end off; a power cut may also leave a hole in what the disk did not have for certain yet.
        """
        if self.end_reason is not None or (lost := lost_record(self._fd, self.num_bytes)) is None:
            return
        recorder = recorder_of(self.path)
        if recorder is not None and recorder.synced_bytes <= self.num_bytes:
            return
        raise BadSession(
            f"{shown(self.path / JOURNAL)} is damaged after {self.num_steps} steps (step {lost.step} is whole again): "
            "restore a copy; the steps before can be read."
        )

    def as_of_now(self) -> JournalReader:
        self.step_columns()  # kept here, so that the next one does not read them again
        now = copy.copy(self)
        now._whole = self
        with self._lock:
            now._lock = threading.Lock()
            now._offsets, now._columns, now._tokens = self._offsets[:], self._columns[:], self._tokens[:]
        now.session = replace(self.session, num_steps=now.num_steps)
        return now

    def close(self) -> None:
        self._close()

    def _read_description(self) -> None:
        """Raises OSError, BadSession."""
        path = self.path / SESSION
        session, self._vocabulary_crc32 = session_from_journal_json(read_file(path, MAX_BYTES), path)
        self._num_steps_said = session.num_steps
        self.session = named_after(session, self.path)

    def views(self, step: int, payload: memoryview | None = None) -> tuple[dict[str, Any], dict[str, Array]]:
        """`views_from_bytes` of a step, which is what the layout says. Raises IndexError, BadSession."""
        payload = self.payload(step) if payload is None else payload
        try:
            header, arrays = views_from_bytes(payload)
            fault = header_fault(header)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise BadSession(f"Step {step} of {shown(self.path)} is no frame ({error}): restore a copy.") from error
        shapes = {name: (array.dtype, array.shape) for name, array in arrays.items()}
        if fault := fault or self._check.fault(header, shapes):
            raise BadSession(f"Step {step} of {shown(self.path)} {fault}: record it again, or restore a copy.")
        return header, arrays

    def _end(self, payload: memoryview) -> None:
        try:
            end_reason = json.loads(bytes(payload))["end_reason"]
        except (ValueError, LookupError, TypeError, RecursionError):
            end_reason = None
        if not isinstance(end_reason, str):
            raise BadSession(f"{shown(self.path / JOURNAL)} ends in words that are none: restore a copy.")
        self.end_reason = end_reason
        with contextlib.suppress(OSError):  # sealed and gone in the meantime
            self._read_description()
        self.session = replace(self.session, state="finished", end_reason=self.end_reason)
