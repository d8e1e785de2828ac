"""Records a session: takes StepFrames, leaves a folder that survives a crash, and has it sealed at the end.

Knows nothing of models, torch and HDF5: sealing is another process's work (seal.py), so that neither a full disk
nor HDF5 can harm the one that generates.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import filelock

from mri.errors import BadFrame, StoreError
from mri.format.events import StepFrame, TraceSession
from mri.format.frame_check import FrameCheck
from mri.format.rows import RESERVED
from mri.format.vocabulary import Vocabulary
from mri.format.wire import DTYPES, KIND_END, KIND_FRAME, bytes_from_frame, record_bytes
from mri.store.description import journal_json
from mri.store.files import (
    JOURNAL,
    MIN_FREE_BYTES,
    SESSION,
    VOCABULARY,
    disk_error,
    environment_of_child,
    free_bytes,
    is_session_id,
    remove_tree,
    replace_file,
    shown,
    storable,
    sync_folder,
)
from mri.store.journal import Journal
from mri.store.locks import RecorderFile, SessionLock

LOCK_WAIT_S = 2.0
"""How long a new recording waits for a lock that a list of sessions may hold for a moment."""


class SessionWriter:
    """One recording, in `library_folder/<session.id>`. A context manager: left without `finish`, it finishes the
    session as interrupted, or with the error that passed through.

    session      the metadata as last written        folder       where the journal is
    num_steps    frames appended                     seal_error   why `finish` could not seal, else ""
    """

    def __init__(
        self,
        library_folder: Path,
        session: TraceSession,
        *,
        vocabulary: Sequence[bytes] | Mapping[int, bytes] | None = None,
        special_ids: Iterable[int] = (),
        sync_ms: int = 250,
    ) -> None:
        """`vocabulary`: bytes of each token id, or of those there are. `sync_ms`: milliseconds between two fdatasync, 0
        for one each step. Raises StoreError where it cannot write, or where the session exists or is being recorded;
        nothing is left on disk then."""
        library_folder = Path(library_folder).absolute()
        self.folder = library_folder / session.id
        self.session = session
        self.seal_error = ""
        self._finished = False
        self._check = FrameCheck(session.layout)
        self._kinds: dict[str, tuple[str, int]] = {}
        self._lock = SessionLock(self.folder)
        is_new = False
        try:
            refuse_place(library_folder, session.id)
            is_new = _make_folder(self.folder)
            self._lock.acquire(LOCK_WAIT_S)
        except filelock.Timeout:
            raise StoreError(f"Session {session.id} is being recorded by another process: choose another id.") from None
        except OSError as error:
            if is_new:
                remove_tree(self.folder)
            raise disk_error("write to", self.folder, error) from error
        try:
            refuse_place(library_folder, session.id)  # the lock's last holder may have made it
            self._create(vocabulary, special_ids, sync_ms)
        except BaseException:
            self._lock.release()
            raise

    def append(self, frame: StepFrame) -> None:
        """Writes one step. Raises StoreError when the disk does not take it: the journal then ends with the step
        before, and the same frame may be appended again. Raises BadFrame on a frame that is not its layout's."""
        self._refuse_bad(frame)
        try:
            self._check_free_space(self.num_steps)
            self._journal.append(record_bytes(KIND_FRAME, frame.step, bytes_from_frame(frame)))
        except OSError as error:
            raise disk_error("append to", self.folder / JOURNAL, error) from error

    def update(self, **fields: Any) -> None:
        """Changes fields of `session`, in session.json too. Raises StoreError."""
        self.session = replace(self.session, **fields)
        try:
            replace_file(self.folder / SESSION, journal_json(self.session, self._vocabulary_crc32))
        except UnicodeEncodeError as error:
            part = storable(error.object[max(0, error.start - 20) : error.end])
            raise StoreError(f"A text holds half a character (“…{part}”), which no file can: take it out.") from error
        except OSError as error:
            raise disk_error("write", self.folder / SESSION, error) from error

    def finish(self, end_reason: str, *, seal: bool = True, **fields: Any) -> Path:
        """Ends the recording and seals it in a child process. -> the .h5, or the folder where sealing was not asked
        for or did not succeed (`seal_error` says why; nothing is lost, and it can be sealed later)."""
        if self._finished:
            raise ValueError("this recording is finished already")
        self._finished = True
        end_reason = storable(end_reason)  # last words are written whatever is in them
        fields = {name: storable(value) if isinstance(value, str) else value for name, value in fields.items()}
        num_steps = self.num_steps  # the last record counts as one more
        try:  # session.json first: who sees the last record finds the last words written
            self.update(**{"state": "finished", "end_reason": end_reason, "num_steps": num_steps, **fields})
            end = json.dumps({"end_reason": end_reason}).encode()
            self._journal.append(record_bytes(KIND_END, num_steps, end))
        except StoreError as error:  # a full disk: the steps are there, and sealing later does without the rest
            self.seal_error = str(error)
        except OSError as error:
            self.seal_error = str(disk_error("append to", self.folder / JOURNAL, error))
        try:
            self._journal.close()
        except OSError as error:
            self.seal_error = str(disk_error("write", self.folder / JOURNAL, error))
        finally:
            self._recorder_file.let_go(self._journal.num_bytes_synced)
            self._lock.release()
        if not seal or self.seal_error:
            return self.folder
        self.seal_error = seal_in_child(self.folder)
        return self.folder if self.seal_error else self.folder.with_name(self.folder.name + ".h5")

    def discard(self) -> None:
        """Ends a recording that got no steps, and leaves nothing of it."""
        self._finished = True
        with contextlib.suppress(OSError):
            self._journal.close()
        self._recorder_file.let_go(0)  # should the folder not go
        remove_tree(self.folder)
        self._lock.release()

    @property
    def num_steps(self) -> int:
        return self._journal.num_records

    def __enter__(self) -> SessionWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._finished:
            return
        failed = error is not None and not isinstance(error, KeyboardInterrupt)
        self.finish(f"error: {error}" if failed else "interrupted")

    def _create(
        self, vocabulary: Sequence[bytes] | Mapping[int, bytes] | None, special_ids: Iterable[int], sync_ms: int
    ) -> None:
        try:
            self._check_free_space(0)
            known = vocabulary if isinstance(vocabulary, Mapping) else dict(enumerate(vocabulary or ()))
            tokens = Vocabulary.from_tokens(known, special_ids).to_bytes()
            self._vocabulary_crc32 = zlib.crc32(tokens)
            self._recorder_file = RecorderFile(self.folder)
            replace_file(self.folder / VOCABULARY, tokens)
            self._journal = Journal(self.folder / JOURNAL, sync_ms, self._recorder_file.beat)
            try:
                self.update()
                sync_folder(self.folder.parent)  # or a power cut takes the folder, with steps that were synced
            except BaseException:
                with contextlib.suppress(OSError):
                    self._journal.close()
                raise
        except BaseException as error:
            if hasattr(self, "_recorder_file"):
                self._recorder_file.let_go(0)  # should the folder not go
            remove_tree(self.folder)
            if isinstance(error, OSError):
                raise disk_error("write to", self.folder, error) from error
            raise

    def _check_free_space(self, num_steps: int) -> None:
        free = free_bytes(self.folder)
        if free < MIN_FREE_BYTES:
            raise StoreError(
                f"Recording of {self.session.id} stops after {num_steps} steps because only "
                f"{free / 1e6:.0f} MB of disk are free (it needs {MIN_FREE_BYTES / 1e6:.0f}): free some space."
            )

    def _refuse_bad(self, frame: StepFrame) -> None:
        """What would make the session unreadable later, or say something else than was meant, is refused now."""
        fault = self._fault(frame)
        if fault:
            raise BadFrame(f"Step {frame.step} of {self.session.id} {fault}: it was not written.")

    def _fault(self, frame: StepFrame) -> str:
        if frame.step != self.num_steps:
            return f"does not follow: the next is {self.num_steps}"
        shapes = {name: (array.dtype, array.shape) for name, array in frame.arrays.items()}
        if fault := self._check.fault(frame.header(), shapes):
            return fault
        for name, array in frame.arrays.items():
            if not name.startswith("extra/"):
                continue
            kind = (array.dtype.str, array.ndim)
            known = self._kinds.get(name)
            if known is None:
                if array.dtype not in DTYPES.values():
                    return f"has {name!r} as {array.dtype}, which cannot be stored: use plain numbers"
                if fault := self._fault_of_name(name):
                    return fault
                self._kinds[name] = kind
            elif known != kind:
                return f"has {name!r} as {kind} (dtype, axes), which was {known} before"
        return ""

    def _fault_of_name(self, name: str) -> str:
        parts = name.split("/")
        if not name.isprintable() or not all(part.strip(".") for part in parts) or parts[0] in RESERVED:
            return f"has an array {name!r}, which cannot be stored: use words with '/' between them"
        if any(other.startswith(name + "/") or name.startswith(other + "/") for other in self._kinds):
            return f"has an array {name!r}, which is a folder of another array's name"
        return ""


def refuse_place(library_folder: Path, session_id: str) -> None:
    """Raises StoreError for what cannot be a session's id, and for that of a session which is there already."""
    if not is_session_id(session_id):
        raise StoreError(f"{session_id!r} cannot name a session: use 1 to 64 letters, digits, '-' and '_'.")
    folder = library_folder / session_id
    if any(path.exists() for path in (library_folder / f"{session_id}.h5", folder / SESSION, folder / JOURNAL)):
        raise StoreError(f"Session {session_id} exists already: choose another id or delete it first.")


def _make_folder(folder: Path) -> bool:
    """Whether it was not there before. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def seal_in_child(folder: Path) -> str:
    """Seals a session folder in a process of its own. -> "" or the sentence that says why not."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mri.store.seal", str(folder)],
        env=environment_of_child(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
    )
    if done.returncode == 0:
        return ""
    return done.stdout.strip() or (
        f"Sealing {shown(folder.name)} broke off (status {done.returncode}): its steps are safe, free some disk and "
        "try again."
    )
