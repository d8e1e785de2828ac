"""Reads a session, recorded or still being recorded: one interface, two implementations (the other is sealed.py).

Knows nothing of models, torch and pages.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import stat
import threading
import weakref
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from safetensors import SafetensorError

from mri.arrays import Bools, Ints
from mri.errors import BadSession, SessionNotFound, UnknownHookPoint
from mri.events import PHASES, Array, StepFrame, TraceSession
from mri.paths import as_path
from mri.store.description import MAX_BYTES, session_from_journal_json
from mri.store.files import JOURNAL, SESSION, VOCABULARY, disk_error, is_session_id, open_regular, read_file, shown
from mri.store.frame_check import FrameCheck, header_fault
from mri.store.journal import lost_record, record_at, whole_records
from mri.store.locks import recorder_of
from mri.store.rows import largest_shape, padded, scattered
from mri.store.steps import STEP_COLUMNS, named_steps, sequence
from mri.store.vocabulary import Vocabulary
from mri.wire import KIND_END, frame_from_bytes, names_from_bytes, views_from_bytes

MAX_VOCABULARY_BYTES = 1 << 28


class SessionReader(Protocol):
    """A session, whatever its state. Usable from many threads; a context manager.

    session      metadata; `session.num_steps` as far as it is written, `session.id` as the file is named
    num_steps    steps that can be read
    """

    path: Path
    session: TraceSession

    @property
    def num_steps(self) -> int: ...

    @property
    def token_bytes(self) -> Mapping[int, bytes]:
        """Bytes of the token ids that occur in the session (of the whole vocabulary while recording)."""

    @property
    def special_ids(self) -> frozenset[int]: ...

    def frame(self, step: int) -> StepFrame:
        """Raises IndexError on a step that is not there, BadSession where it cannot be read."""

    def frames(self, start: int, stop: int) -> list[StepFrame]:
        """Steps start … stop - 1, all of which must be there; faster than one by one. Raises as `frame` does."""

    def frame_bytes(self, step: int) -> bytes:
        """`bytes_from_frame` of the frame: the same bytes in both states."""

    def records(self, start: int, stop: int) -> bytes:
        """Steps start … stop - 1 (cut to what is there) as a run of wire records."""

    def column(self, name: str, *index: Any, steps: Sequence[int] | None = None) -> Array:
        """One array over all steps, first axis = step: `column("stats", row, 4)` -> (num_steps,); or over `steps`.

        `index` is numpy's, of the axes behind the step. Rows are those of the Layout, dropped or not. Where a step
        lacks the array, its row or its ragged end: NaN (0 in whole numbers). Raises UnknownHookPoint on another name.
        """

    def present(self, prefix: str) -> dict[str, Bools]:
        """The arrays below `prefix` ("extra/"), by name in alphabetical order: (num_steps,) which steps have each."""

    def steps(self) -> dict[str, Array]:
        """STEP_COLUMNS by name, (num_steps,) each; `phase` as str, `forced` as bool, `time_us` in microseconds."""

    def dropped_layers(self, step: int) -> tuple[int, ...]:
        """`StepFrame.dropped_layers` of a step that is there."""

    def token_ids(self) -> Ints:
        """(N,) id at each absolute position that was read, then the last chosen id if there is one."""

    def verify(self) -> None:
        """Reads everything. Raises BadSession on the first checksum that does not fit, and where a step is not what the
        session's layout says."""
        for _ in self.verifying():
            pass

    def verifying(self) -> Iterator[None]:
        """`verify` in pieces of a few milliseconds, for who must be able to stop."""

    def refresh(self) -> int:
        """Takes notice of what was recorded since. -> num_steps"""

    def as_of_now(self) -> SessionReader:
        """The same session as far as it has come: what it is asked, it answers of the same steps, while others are
        being recorded. Holds the file open as long as it lives; is not to be closed."""

    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_session(path: Path | str) -> SessionReader:
    """Opens a session folder or an .h5. Raises SessionNotFound or BadSession."""
    from mri.store.sealed import SealedReader  # h5py takes 0.2 s to import: not before the first .h5

    path = as_path(path)
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        raise SessionNotFound(
            f"There is no session at {shown(path)}: see which there are with `python -m mri ls`."
        ) from None
    except OSError as error:
        raise BadSession(str(disk_error("read", path, error))) from error
    return JournalReader(path) if is_folder else SealedReader(path)


def named_after(session: TraceSession, path: Path) -> TraceSession:
    """The session under the id that its file has: of a copy that is another one."""
    return replace(session, id=path.stem) if is_session_id(path.stem) else session


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

    def frame_bytes(self, step: int) -> bytes:
        return bytes(self.payload(step))

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
