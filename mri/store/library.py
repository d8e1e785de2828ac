"""A folder of sessions: list, open, rename, delete, seal what was left unsealed.

Many processes may share the folder; each looks at what is there. Ids are the only way to name a session: what is not
an id is not found, and never becomes a path. Knows nothing of pages and models.
"""

from __future__ import annotations

import logging
import math
import secrets
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import filterfalse
from pathlib import Path

from mri.errors import BadSession, MriError, SessionNotFound, StoreError
from mri.paths import LESSONS, SESSIONS, as_path, demos
from mri.store.files import (
    JOURNAL,
    Signature,
    disk_error,
    is_session_id,
    replace_file,
    shown,
    signature_of,
)
from mri.store.integrity import RIGHT, Integrity
from mri.store.leftovers import bring_back, set_aside, sweep
from mri.store.locks import is_held
from mri.store.opening import OpenReaders
from mri.store.reader import SessionReader
from mri.store.session_info import SessionInfo as SessionInfo  # who lists sessions finds it here, renamed
from mri.store.session_info import State, broken, info_of, is_session_folder, renamed, says_recording
from mri.store.unsealed import JournalReader
from mri.store.writer import seal_in_child

TEND_S = 60.0
"""Seconds between two looks at what others left unsealed."""
AGAIN_S = 600.0
"""… and before what could not be sealed is tried again."""

LOOKED_INTO = 100
"""New files that every list looks into, however long it takes."""

log = logging.getLogger("mri")


class Library:
    """The sessions in `folder`, which need not exist yet. Usable from many threads. Raises StoreError for a file.

    bundled    folders of finished sessions that can be opened by id, but are not listed, renamed or deleted
    demos      files of finished sessions that are listed with those of the folder, but not renamed or deleted: whether
               they lie in it or elsewhere

    Where an id is in several of them, the folder's own session counts, then the demo.
    """

    def __init__(self, folder: Path | str, *, bundled: Iterable[Path] = (), demos: Iterable[Path] = ()) -> None:
        self.folder = as_path(folder).absolute()
        if self.folder.is_file():
            raise StoreError(f"{shown(self.folder)} is a file: give the folder of the sessions, in which it lies.")
        self._bundled = [*bundled]
        self._demos = {path.stem: path for path in demos}
        self._readers = OpenReaders()
        self._sealed_infos: dict[Signature, SessionInfo] = {}
        self._looked_into: set[Path] = set()
        self._integrity = Integrity()
        self._tended_at = -TEND_S
        self._tending = threading.Lock()
        self._failed_at: dict[str, float] = {}

    def list(self) -> list[SessionInfo]:
        """Every session, newest first, broken ones among them. Raises StoreError where the folder cannot be read."""
        return [*self.listed(math.inf)[0]]

    def listed(self, within_s: float) -> tuple[Sequence[SessionInfo], int]:
        """As `list`, but once `within_s` have passed no more than LOOKED_INTO files are looked into for the first time:
        how many were not. Asked again, it goes on there. The newest by name come first."""
        try:
            entries = list(self.folder.iterdir()) if self.folder.exists() else []
        except OSError as error:
            raise disk_error("read", self.folder, error) from error
        self._forget_gone(entries)
        entries = [*filterfalse(self._is_demo, entries), *self.demos_among(entries)]
        until, new, unread = time.monotonic() + within_s, 0, 0
        infos: list[SessionInfo | None] = []
        for path in sorted(entries, key=lambda path: path.name, reverse=True):
            if path.suffix == ".h5" and path not in self._looked_into:
                if new >= LOOKED_INTO and time.monotonic() > until:
                    unread += not path.name.startswith(".")
                    continue
                new += 1
            infos.append(self._info_of(path))
            self._looked_into.add(path)
        self._looked_into.intersection_update(entries)
        known = filter(None, infos)
        return sorted(known, key=lambda info: (info.start_time, info.id), reverse=True), unread

    def demos_among(self, entries: Iterable[Path]) -> Sequence[Path]:
        """The demos that no session of one's own among these entries of the folder stands for."""
        own = {path.stem for path in entries if not self._is_demo(path)}
        return [path for name, path in self._demos.items() if name not in own and path.exists()]

    def path(self, session_id: str) -> Path:
        """The .h5, or the folder of a session that is not sealed. Raises SessionNotFound."""
        if is_session_id(session_id):
            sealed, folder = self.folder / f"{session_id}.h5", self.folder / session_id
            for path in (sealed, folder, sealed):  # again: it may have been sealed while we looked
                if path.exists() and (path == sealed or is_session_folder(path)):
                    return path
            demos = [path for name, path in self._demos.items() if name == session_id]
            for path in (*demos, *(bundle / f"{session_id}.h5" for bundle in self._bundled)):
                if path.exists():
                    return path
        raise SessionNotFound(f"There is no session {session_id!r}: choose one from the list of sessions.")

    def place(self, info: SessionInfo) -> Path:
        """Where a session of the list lies, also a broken one."""
        if info.is_bundled:
            return self.path(info.id)
        sealed = self.folder / f"{info.id}.h5"
        return sealed if sealed.exists() else self.folder / info.id

    def open(self, session_id: str) -> SessionReader:
        """A reader, kept open and shared by all who ask; up to date. Its file's checksums are looked at in the
        background (`integrity`). Raises SessionNotFound; BadSession, also where they were found not to fit."""
        while True:
            path = self.path(session_id)
            try:
                return self._reader(session_id, path)
            except (FileNotFoundError, MriError):
                if path.exists():  # else it was sealed or deleted while we looked: look again, there or not
                    raise

    def integrity(self, session_id: str) -> str:
        """Of its file: "checking" while its checksums are compared in the background, then "right", or "damaged: " and
        a sentence.

        Computed once for each file as it is. What is being recorded is right: every record is checked when it is read.
        Raises SessionNotFound.
        """
        path = self.path(session_id)
        if path.is_dir() and self.is_recording(session_id):
            return RIGHT
        try:
            return self._integrity.state(signature_of(path / JOURNAL if (path / JOURNAL).exists() else path), path)
        except FileNotFoundError:  # sealed while we looked: look again, there or not
            return self.integrity(session_id)

    def info(self, session_id: str) -> SessionInfo:
        """Its line in the list. Raises SessionNotFound."""
        while True:
            info = self._info_of(self.path(session_id))
            if info is not None:  # else it was sealed while we looked: look again, there or not
                return info

    def rename(self, session_id: str, name: str) -> None:
        """Gives a name, in a file beside the session ("" takes it back). Raises SessionNotFound, StoreError."""
        self.own_path(session_id)
        sidecar = self.folder / f"{session_id}.name"
        try:
            if name.strip():
                replace_file(sidecar, " ".join(name.split()).encode())
            else:
                sidecar.unlink(missing_ok=True)
        except OSError as error:
            raise disk_error("write", sidecar, error) from error

    def delete(self, session_id: str) -> None:
        """For some time `restore` brings it back; then a sweep frees its space. Raises SessionNotFound, and StoreError
        while it is being recorded or where the disk refuses."""
        path = self.own_path(session_id)
        if path.is_dir() and is_held(path):
            raise StoreError(f"Session {session_id} is being recorded: stop the recording before deleting it.")
        self._readers.forget(session_id)
        set_aside(self.folder, session_id)

    def restore(self, session_id: str) -> None:
        """Brings back what was deleted. Raises SessionNotFound where its space is free already; StoreError."""
        bring_back(self.folder, session_id)

    def own_path(self, session_id: str) -> Path:
        """As `path`. Raises StoreError for a session that came with the app."""
        path = self.path(session_id)
        if self._is_bundled(path):
            what = "came with nanochat MRI" if self._is_demo(path) else "belongs to a lesson"
            cure = "it is neither renamed nor deleted, but a copy of it can be"
            raise StoreError(f"Session {session_id} {what}: {cure}.")
        return path

    def _is_demo(self, path: Path) -> bool:
        demo = self._demos.get(path.stem)
        return demo is not None and (path == demo or path.resolve() == demo.resolve())

    def _is_bundled(self, path: Path) -> bool:
        return path.parent != self.folder or self._is_demo(path)

    def new_id(self) -> str:
        """An id that sorts by time and that no session here has."""
        while True:
            session_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
            if not any((self.folder / name).exists() for name in (session_id, f"{session_id}.h5")):
                return session_id

    def is_recording(self, session_id: str) -> bool:
        """Whether somebody is appending to it. Raises SessionNotFound."""
        path = self.path(session_id)
        return path.is_dir() and says_recording(path)

    def seal_unsealed(self, but: Iterable[str] = ()) -> dict[str, str]:
        """Seals, one by one in child processes, what a crash or a full disk left, `but` these, and takes away what is
        no session. -> id: sentence of what failed."""
        failed = {}
        for info in self.list():
            if info.state == "unsealed" and info.id not in but and (error := seal_in_child(self.folder / info.id)):
                failed[info.id] = error
        sweep(self.folder)
        return failed

    def tend(self) -> None:
        """`seal_unsealed` in a thread, at most every TEND_S: to be called whenever anybody asks for anything."""
        now = time.monotonic()
        if now - self._tended_at >= TEND_S and self._tending.acquire(blocking=False):
            self._tended_at = now
            threading.Thread(target=self._tend, args=(now,), name="seal", daemon=True).start()

    def _tend(self, now: float) -> None:
        try:
            but = [session_id for session_id, at in self._failed_at.items() if now - at < AGAIN_S]
            self._failed_at |= dict.fromkeys(self.seal_unsealed(but), now)
        except StoreError as error:
            log.warning("%s", error)
        finally:
            self._tending.release()

    def _reader(self, session_id: str, path: Path) -> SessionReader:
        """Raises FileNotFoundError, BadSession."""
        signature = signature_of(path)
        if path.is_file():
            self._integrity.state(signature, path, wait_s=0)
            if damage := self._integrity.damage(signature):
                raise BadSession(damage)
        reader = self._readers.reader(session_id, path, signature)
        reader.refresh()
        return reader

    def _forget_gone(self, entries: Sequence[Path]) -> None:
        """What is known of files that are gone."""
        there = {path.name for path in entries}

        def is_gone(path: Path) -> bool:
            return path.parent == self.folder and path.name not in there

        self._readers.forget_gone(is_gone)
        for signature in [*self._sealed_infos]:
            if is_gone(signature[0]):
                self._sealed_infos.pop(signature, None)

    def _info_of(self, path: Path) -> SessionInfo | None:
        """None for what is no session. Never raises: one odd entry must not stop a list."""
        try:
            if path.suffix == ".h5" and not path.name.startswith("."):
                return self._info_of_sealed(path)
            if is_session_id(path.name) and path.is_dir() and not path.with_name(path.name + ".h5").exists():
                return self._info_of_folder(path)
            return None
        except FileNotFoundError:  # went while we looked
            return None
        except OSError as error:
            return broken(path, str(disk_error("read", path, error)))
        except Exception as error:
            log.warning("%s cannot be listed", shown(path), exc_info=error)
            return broken(path, f"{shown(path)} cannot be read ({type(error).__name__}): the terminal has the details.")

    def _info_of_sealed(self, path: Path) -> SessionInfo:
        if not is_session_id(path.stem):
            name = shown(path.name)
            cure = "rename the file to letters, digits, '-' and '_' (at most 64)"
            return broken(path, f"{name!r} cannot be an id: {cure}.")
        try:
            signature = signature_of(path)
        except OSError as error:
            return broken(path, str(disk_error("read", path, error)))
        if signature not in self._sealed_infos:  # an .h5 never changes: it is looked into once
            from mri.store.sealed import sealed_session  # h5py: see opening.open_session

            try:
                info = info_of(path.stem, "finished", signature[-1], sealed_session(path))
            except MriError as error:
                info = broken(path, str(error))
            self._sealed_infos[signature] = replace(info, is_bundled=self._is_bundled(path))
        info = self._sealed_infos[signature]
        if damage := self._integrity.damage(signature):
            info = replace(info, state="broken", error=damage)
        return info if info.is_bundled else renamed(self.folder, info)

    def _info_of_folder(self, folder: Path) -> SessionInfo | None:
        """None for a folder that is none of ours."""
        if not is_session_folder(folder):
            return None
        try:
            state: State = "recording" if says_recording(folder) else "unsealed"
            num_bytes = sum(file.lstat().st_size for file in folder.iterdir())
            reader = self._reader(folder.name, folder)
            if isinstance(reader, JournalReader) and state != "recording":
                reader.check_middle()
            return renamed(self.folder, info_of(folder.name, state, num_bytes, reader.session))
        except MriError as error:
            if not folder.exists():
                return None
            return renamed(self.folder, broken(folder, str(error)))


def whole_library(folder: Path | str = SESSIONS) -> Library:
    """One's own folder with all that came with the project."""
    return Library(folder, bundled=LESSONS.glob("*/"), demos=demos())
