"""A folder of sessions: list, open, rename, delete, seal what was left unsealed.

Many processes may share the folder; each looks at what is there. Ids are the only way to name a session: what is not
an id is not found, and never becomes a path. Knows nothing of pages and models.
"""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from mri.errors import MriError, SessionNotFound, StoreError
from mri.events import TraceSession
from mri.store.files import SESSION, disk_error, is_locked, is_session_id, replace_file, session_from_json
from mri.store.reader import JournalReader, SessionReader, open_session
from mri.store.writer import seal_in_child

MAX_OPEN = 32
"""Readers kept open; who still holds an older one keeps it."""

LOOKED_INTO = 100
"""New files that every list looks into, however long it takes."""

State = Literal["recording", "unsealed", "finished", "broken"]
Signature = tuple[Path, int, int, int]
_File = tuple[int, int, int]


@dataclass(frozen=True)
class SessionInfo:
    """A line in the list of sessions.

    state    recording: somebody appends; unsealed: ended or cut off, still a journal; finished: an .h5;
             broken: `error` says in a sentence why it cannot be read
    provenance    which model was recorded, as in TraceSession
    """

    id: str
    state: State
    bytes_on_disk: int
    name: str = ""
    prompt: str = ""
    model_id: str = ""
    num_steps: int = 0
    start_time: str = ""
    error: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)


class Library:
    """The sessions in `folder`, which need not exist yet. Usable from many threads.

    bundled    folders of finished sessions that can be opened by id, but are not listed, renamed or deleted
    """

    def __init__(self, folder: Path | str, *, bundled: Iterable[Path] = ()) -> None:
        self.folder = Path(folder).absolute()
        self._bundled = [*bundled]
        self._lock = threading.Lock()
        self._open: OrderedDict[str, tuple[Signature, SessionReader]] = OrderedDict()
        self._sealed_infos: dict[Signature, SessionInfo] = {}
        self._lines: dict[str, tuple[_File | None, SessionInfo | None]] = {}  # file name -> which file, its line

    def list(self) -> list[SessionInfo]:
        """Every session, newest first, broken ones among them. Raises StoreError where the folder cannot be read."""
        return [*self.listed(math.inf)[0]]

    def listed(self, within_s: float) -> tuple[Sequence[SessionInfo], int]:
        """As `list`, but once `within_s` have passed no more than LOOKED_INTO files are looked into for the first time:
        how many were not. Asked again, it goes on there. The newest by name come first."""
        try:
            with os.scandir(self.folder) as found:
                entries = {entry.name: entry for entry in found}
        except FileNotFoundError:
            entries = {}
        except OSError as error:
            raise disk_error("read", self.folder, error) from error
        until, new, unread = time.monotonic() + within_s, 0, 0
        infos: list[SessionInfo | None] = []
        for name in sorted(entries, reverse=True):
            info = self._known_line(name, entries)
            if info is None:
                if name.endswith(".h5") and name not in self._lines:
                    if new >= LOOKED_INTO and time.monotonic() > until:
                        unread += not name.startswith(".")
                        continue
                    new += 1
                info = self._info_of(self.folder / name)
                self._keep_line(name, entries, info)
            infos.append(info)
        for name in [*self._lines]:
            if name not in entries:
                self._lines.pop(name, None)
        known = filter(None, infos)
        return sorted(known, key=lambda info: (info.start_time, info.id), reverse=True), unread

    def _known_line(self, name: str, entries: Mapping[str, os.DirEntry[str]]) -> SessionInfo | None:
        """The line of an .h5 that was looked into and is the same file still; thousands of these take no time. None of
        any other, and of one that was given a name beside it."""
        line = self._lines.get(name)
        if line is None or f"{name.removesuffix('.h5')}.name" in entries:
            return None
        return line[1] if line[0] == _file_of(entries[name]) else None

    def _keep_line(self, name: str, entries: Mapping[str, os.DirEntry[str]], info: SessionInfo | None) -> None:
        if name.endswith(".h5"):
            is_plain = f"{name.removesuffix('.h5')}.name" not in entries
            self._lines[name] = _file_of(entries[name]) if is_plain else None, info

    def _info_of(self, path: Path) -> SessionInfo | None:
        """None for what is no session."""
        if path.suffix == ".h5" and not path.name.startswith("."):
            return self._info_of_sealed(path)
        if is_session_id(path.name) and path.is_dir() and not path.with_name(path.name + ".h5").exists():
            return self._info_of_folder(path)
        return None

    def path(self, session_id: str) -> Path:
        """The .h5, or the folder of a session that is not sealed. Raises SessionNotFound."""
        if is_session_id(session_id):
            sealed, folder = self.folder / f"{session_id}.h5", self.folder / session_id
            if sealed.exists():
                return sealed
            if (folder / SESSION).exists():
                return folder
            for path in (bundle / f"{session_id}.h5" for bundle in self._bundled):
                if path.exists():
                    return path
        raise SessionNotFound(f"There is no session {session_id!r}: choose one from the list of sessions.")

    def open(self, session_id: str) -> SessionReader:
        """A reader, kept open and shared by all who ask; up to date. Raises SessionNotFound, BadSession."""
        path = self.path(session_id)
        with self._lock:
            signature = _signature(path)
            known = self._open.get(session_id)
            if known is None or known[0] != signature:
                known = (signature, open_session(path))
            self._open[session_id] = known
            self._open.move_to_end(session_id)
            while len(self._open) > MAX_OPEN:
                self._open.popitem(last=False)
        known[1].refresh()
        return known[1]

    def info(self, session_id: str) -> SessionInfo:
        """Its line in the list. Raises SessionNotFound."""
        path = self.path(session_id)
        info = self._info_of_folder(path) if path.is_dir() else self._info_of_sealed(path)
        return info or self.info(session_id)  # sealed while we looked: look again, there or not

    def rename(self, session_id: str, name: str) -> None:
        """Gives a name, in a file beside the session ("" takes it back). Raises SessionNotFound, StoreError."""
        self._own_path(session_id)
        sidecar = self.folder / f"{session_id}.name"
        try:
            if name.strip():
                replace_file(sidecar, " ".join(name.split()).encode())
            else:
                sidecar.unlink(missing_ok=True)
        except OSError as error:
            raise disk_error("write", sidecar, error) from error

    def delete(self, session_id: str) -> None:
        """Raises SessionNotFound, and StoreError while it is being recorded or where the disk refuses."""
        path = self._own_path(session_id)
        if path.is_dir() and is_locked(path):
            raise StoreError(f"Session {session_id} is being recorded: stop the recording before deleting it.")
        with self._lock:
            self._open.pop(session_id, None)
        try:
            folder = self.folder / session_id
            if folder.is_dir():
                shutil.rmtree(folder)
            (self.folder / f"{session_id}.h5").unlink(missing_ok=True)
            (self.folder / f"{session_id}.name").unlink(missing_ok=True)
        except OSError as error:
            raise disk_error("delete", path, error) from error

    def _own_path(self, session_id: str) -> Path:
        """As `path`. Raises StoreError for a session that came with the app."""
        path = self.path(session_id)
        if path.parent != self.folder:
            raise StoreError(f"Session {session_id} belongs to a lesson: it can be neither renamed nor deleted.")
        return path

    def new_id(self) -> str:
        """An id that sorts by time and that no session here has."""
        while True:
            session_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
            if not any((self.folder / name).exists() for name in (session_id, f"{session_id}.h5")):
                return session_id

    def is_recording(self, session_id: str) -> bool:
        """Whether somebody is appending to it. Raises SessionNotFound."""
        path = self.path(session_id)
        if not path.is_dir() or not is_locked(path):
            return False
        return session_from_json((path / SESSION).read_bytes(), path / SESSION).state == "recording"

    def seal_unsealed(self) -> dict[str, str]:
        """Seals, one by one in child processes, what a crash or a full disk left. -> id: sentence of what failed."""
        failed = {}
        for info in self.list():
            if info.state == "unsealed" and (error := seal_in_child(self.folder / info.id)):
                failed[info.id] = error
        return failed

    def _info_of_sealed(self, path: Path) -> SessionInfo:
        if not is_session_id(path.stem):
            error = f"{path.name!r} cannot be an id: rename the file to letters, digits, '-' and '_' (at most 64)."
            return SessionInfo(path.stem, "broken", path.stat().st_size, error=error)
        try:
            signature = _signature(path)
        except OSError as error:
            return SessionInfo(path.stem, "broken", 0, error=str(disk_error("read", path, error)))
        if signature not in self._sealed_infos:  # an .h5 never changes: it is looked into once
            from mri.store.sealed import sealed_session  # h5py: see reader.open_session

            num_bytes = signature[-1]
            try:
                self._sealed_infos[signature] = _info(path.stem, "finished", num_bytes, sealed_session(path))
            except MriError as error:
                self._sealed_infos[signature] = SessionInfo(path.stem, "broken", num_bytes, error=str(error))
        return self._renamed(self._sealed_infos[signature])

    def _info_of_folder(self, folder: Path) -> SessionInfo | None:
        """None for a folder that is none of ours, or that went while we looked."""
        try:
            if not (folder / SESSION).exists():
                return None
            state: State = "recording" if self.is_recording(folder.name) else "unsealed"
            num_bytes = sum(file.stat().st_size for file in folder.iterdir())
            reader = self.open(folder.name)
            if isinstance(reader, JournalReader) and state != "recording":
                reader.check_middle()
            return self._renamed(_info(folder.name, state, num_bytes, reader.session))
        except (FileNotFoundError, SessionNotFound):
            return None
        except MriError as error:
            return self._renamed(SessionInfo(folder.name, "broken", 0, error=str(error)))

    def _renamed(self, info: SessionInfo) -> SessionInfo:
        with contextlib.suppress(OSError):
            name = (self.folder / f"{info.id}.name").read_text(encoding="utf-8", errors="replace")
            return replace(info, name=name)
        return info


def _info(session_id: str, state: State, num_bytes: int, session: TraceSession) -> SessionInfo:
    return SessionInfo(
        session_id, state, num_bytes, session.name, session.prompt, session.model_id,
        session.num_steps, session.start_time, provenance=session.provenance,
    )  # fmt: skip


def _file_of(entry: os.DirEntry[str]) -> _File | None:
    """Which file it is; None where it cannot be told."""
    try:
        status = entry.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _signature(path: Path) -> Signature:
    """Changes when the file at `path` is another one (a folder keeps its own as long as it is the same folder)."""
    status = path.stat()
    if path.is_dir():
        return path, status.st_ino, 0, 0
    return path, status.st_ino, status.st_mtime_ns, status.st_size
